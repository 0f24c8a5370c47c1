import pytest
from msgspec.structs import replace

from inspector.core.finding import Confidence, Severity
from inspector.rules.sample import (
    HEALTHY,
    HTML,
    HUB,
    bearer_line,
    error_body,
    ping,
    resolve,
    token,
)

NAME = "someone/app"
UNTIL = (ping(), token(NAME))


def refused(status, *give, body=b"", method="GET"):
    return replace(resolve(HUB, NAME), method=method, status=status, give=give, body=body)


@pytest.mark.parametrize(
    "turn",
    [
        refused(404, body=error_body("NAME_UNKNOWN", "repository name not known to registry")),
        refused(403, body=error_body("DENIED", "requested access to the resource is denied")),
        refused(401, bearer_line(repository=NAME, error="insufficient_scope")),
    ],
    ids=["unknown", "denied", "scope"],
)
def test_the_ways_in_which_registries_say_it(found, turn):
    finding = found(*UNTIL, turn)["repository-denied"]
    assert "or is private" in finding.summary
    assert finding.final


def test_a_head_has_no_words_and_implies_it(found):
    finding = found(*UNTIL, refused(403, method="HEAD"))["repository-denied"]
    assert finding.confidence is Confidence.IMPLIED


def test_a_missing_tag_is_not_meant(found):
    assert "repository-denied" not in found(
        *UNTIL, refused(404, body=error_body("MANIFEST_UNKNOWN", "unknown"))
    )


def test_a_page_is_somebody_elses(found):
    findings = found(*UNTIL, refused(403, "content-type: text/html", body=HTML))
    assert "repository-denied" not in findings
    assert "html-answer" in findings


def test_an_ignored_token_says_it_better(found):
    findings = found(*UNTIL, refused(401, bearer_line(repository=NAME)))
    assert "repository-denied" not in findings
    assert "token-ignored" in findings


def test_another_repository_in_the_scope_says_it_better(found):
    findings = found(*UNTIL, refused(401, bearer_line(repository="other/app", error="insufficient_scope")))
    assert "repository-denied" not in findings
    assert "scope-wrong-repository" in findings


def test_the_normal_challenge_is_no_refusal(found):
    challenge = replace(
        resolve(HUB, NAME), ask=(), status=401, give=(bearer_line(repository=NAME),), body=b""
    )
    assert "repository-denied" not in found(challenge, token(NAME), resolve(HUB, NAME))


def test_a_scope_of_the_right_repository_among_others(found):
    line = bearer_line(repository=f"other:pull repository:{NAME}", error="insufficient_scope")
    findings = found(*UNTIL, refused(401, line))
    assert "repository-denied" in findings


def test_a_token_called_invalid_is_another_matter(found):
    findings = found(*UNTIL, refused(401, bearer_line(repository=NAME, error="invalid_token")))
    assert "repository-denied" not in findings


def test_a_head_that_is_refused_without_a_token_may_be_blocked_as_well(found):
    finding = found(replace(refused(403, method="HEAD"), ask=()))["repository-denied"]
    assert (finding.severity, finding.confidence) == (Severity.WARNING, Confidence.IMPLIED)
    assert "or blocked" in finding.summary


def test_a_get_that_is_refused_without_a_token_or_a_word_is_another_matter(found):
    assert "repository-denied" not in found(replace(refused(403), ask=()))


def test_what_the_get_says_proves_the_head(found):
    said = error_body("DENIED", "this repository is not on the list")
    finding = found(*UNTIL, refused(403, method="HEAD"), refused(403, body=said))["repository-denied"]
    assert finding.confidence is Confidence.PROVED


def test_what_looks_for_referrers_in_a_repository_without_any(found):
    """The fallback's tag is asked for like any other; some registries keep such tags under a name of its own."""
    missing = replace(
        resolve(reference=f"sha256-{'ab' * 32}"),
        method="GET",
        status=404,
        give=(),
        body=error_body("NAME_UNKNOWN", "repository name not known to registry"),
    )
    assert "repository-denied" not in found(*HEALTHY, missing)
