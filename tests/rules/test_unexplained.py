import pytest
from msgspec.structs import replace

from inspector.core.finding import Confidence, Severity
from inspector.core.pull import Outcome
from inspector.rules import diagnose
from inspector.rules.sample import CONFIG, HEALTHY, LAYER, SELF_SERVED, error_body, serve

DENIED = replace(
    serve(LAYER),
    status=403,
    give=("content-type: application/json",),
    body=error_body("DENIED", "this layer is under embargo"),
)
CODE = "unexplained"


@pytest.mark.parametrize("status", [400, 402, 403, 405, 409, 410, 451])
def test_a_refusal_that_no_rule_knows_is_told_as_it_came(pulled, status):
    pull = pulled(*SELF_SERVED[:-1], replace(DENIED, status=status))
    (finding,) = pull.findings
    assert (finding.code, finding.severity, finding.confidence) == (CODE, Severity.ERROR, Confidence.PROVED)
    assert f"the layer with {status}" in finding.summary
    assert any("this layer is under embargo" in piece.what for piece in finding.evidence)
    assert "record" in finding.remedy


def test_a_warning_about_what_a_retry_overcame_does_not_explain_it(found):
    busy = replace(serve(CONFIG), status=503, give=(), body=b"busy")
    told = found(*SELF_SERVED[:-2], busy, serve(CONFIG), DENIED)
    assert told["server-error"].severity is Severity.WARNING
    assert told[CODE].severity is Severity.ERROR


def test_a_redirect_that_leads_nowhere(pulled):
    pull = pulled(*SELF_SERVED[:-1], replace(DENIED, status=307, body=b""))
    assert pull.outcome is Outcome.FAILED
    assert [(one.code, one.severity) for one in pull.findings] == [(CODE, Severity.ERROR)]


def test_where_nothing_was_refused_it_says_so(pulled):
    pull = pulled(*HEALTHY[:5])
    pull.outcome = Outcome.FAILED
    diagnose(pull)
    (finding,) = (one for one in pull.findings if one.code == CODE)
    assert (finding.severity, finding.confidence) == (Severity.NOTE, Confidence.IMPLIED)
    assert "does not show why" in finding.summary


def test_what_an_error_explains_needs_no_last_word(found):
    assert CODE not in found(*SELF_SERVED[:-1], replace(DENIED, status=404))


def test_a_refused_push_is_told_by_its_own_codes_alone(found):
    url = "https://registry-1.docker.io/v2/library/app/manifests/1"
    refused = replace(DENIED, method="PUT", url=url)
    assert found(*HEALTHY[:2], refused)[CODE].severity is Severity.NOTE
