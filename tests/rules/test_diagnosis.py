import msgspec
import pytest
from msgspec.structs import replace

from inspector.core.events import Side
from inspector.core.finding import CheckState, Evidence, Severity
from inspector.core.pull import Outcome
from inspector.rules import catalogue, diagnose, diagnosis
from inspector.rules.digest_mismatch import RULE
from inspector.rules.example import CONTAINERD, PODMAN, build
from inspector.rules.rule import CannotTell
from inspector.rules.sample import (
    CONFIG,
    HEALTHY,
    HTML,
    LAYER,
    MANIFEST,
    cdn,
    error_body,
    fetch,
    ping,
    resolve,
    serve,
    until_layer,
)
from inspector.wire.mediatypes import DOCKER_MANIFEST


def pull_of(*turns):
    (pull,) = build(turns)[0]
    return pull


@pytest.fixture
def only(monkeypatch):
    """The catalogue with only these rules in it."""

    def _only(*rules):
        monkeypatch.setattr(catalogue, "rules", lambda: rules)

    return _only


def raising(_case):
    raise ZeroDivisionError


def test_a_healthy_pull_has_no_finding_and_every_check(pulled):
    pull = pulled(*HEALTHY)
    assert pull.findings == []
    assert {check.state for check in pull.checks} == {CheckState.PASSED, CheckState.NOT_APPLICABLE}


def test_diagnosing_twice_changes_nothing(pulled):
    pull = pulled(*until_layer(), replace(serve(LAYER), status=503))
    before = msgspec.json.encode([pull.findings, pull.checks])
    diagnose(pull)
    assert msgspec.json.encode([pull.findings, pull.checks]) == before


def test_a_rule_that_raises_costs_one_check(only, monkeypatch):
    monkeypatch.setattr(diagnosis, "RERAISE", False)
    only(replace(RULE, check=raising))
    pull = pull_of(*HEALTHY)
    diagnose(pull)
    assert [(check.state, check.reason) for check in pull.checks] == [
        (CheckState.CANNOT_TELL, "the rule failed on this traffic (ZeroDivisionError)")
    ]


def test_tests_see_what_a_rule_raises(only):
    only(replace(RULE, check=raising))
    with pytest.raises(ZeroDivisionError):
        diagnose(pull_of(*HEALTHY))


def test_a_connection_check_that_raises_costs_no_report(only, monkeypatch):
    monkeypatch.setattr(diagnosis, "RERAISE", False)
    only(replace(RULE, connections=lambda failed, pulls: raising(failed)))
    assert diagnosis.capture_findings([], []) == []


def test_an_error_becomes_a_warning_where_the_pull_arrived(found):
    assert (
        found(*until_layer(), replace(serve(LAYER), status=503), serve(LAYER))["server-error"].severity
        is Severity.WARNING
    )


def test_a_note_does_not_fail_a_check(pulled):
    token = replace(HEALTHY[1], give=(*HEALTHY[1].give, "content-encoding: gzip"))
    pull = pulled(HEALTHY[0], token, *HEALTHY[2:])
    assert [finding.code for finding in pull.findings] == ["content-encoding"]
    assert next(check for check in pull.checks if check.code == "content-encoding").state is CheckState.PASSED


def test_a_reason_goes_with_what_could_not_be_told(only):
    only(replace(RULE, check=lambda _case: CannotTell("the body was not kept")))
    pull = pull_of(*HEALTHY)
    diagnose(pull)
    assert pull.checks[0].reason == "the body was not kept"


def test_the_nearer_code_wins_on_the_same_host_only(only):
    def finding(code, n, yields=()):
        one = replace(RULE, code=code, yields_to=yields)
        return replace(one, check=lambda case: [one.finding("x", [Evidence(exchange=n, what="w")])])

    near, far = finding("near", 2), finding("far", 3, ("near",))
    only(near, far)
    pull = pull_of(*HEALTHY)
    diagnose(pull)
    assert {f.code for f in pull.findings} == {"near", "far"}  # another host
    only(near, finding("far", 2, ("near",)))
    diagnose(pull)
    assert {f.code for f in pull.findings} == {"near"}


def test_a_failure_that_nothing_explains_is_said_to_be_one(pulled):
    pull = pulled(*(replace(turn, agent=CONTAINERD) for turn in HEALTHY[:5]))
    pull.outcome = Outcome.FAILED
    diagnose(pull)
    assert [(f.code, f.severity) for f in pull.findings] == [("unexplained", Severity.NOTE)]
    assert pull.findings[0].evidence[0].exchange == 5
    assert "record again" in pull.findings[0].remedy


def test_a_failure_that_is_explained_is_not(pulled):
    pull = pulled(*HEALTHY[:-1], replace(cdn(LAYER), body=b"other"))
    assert pull.outcome is Outcome.FAILED
    assert "unexplained" not in {finding.code for finding in pull.findings}


def test_a_warning_that_leaves_it_open_explains_nothing(pulled):
    mirror = "https://mirror.example.com"
    pull = pulled(
        ping(mirror),
        *(replace(t, url=t.url.replace("https://registry-1.docker.io", mirror)) for t in HEALTHY[1:5]),
    )
    pull.outcome = Outcome.FAILED
    diagnose(pull)
    assert [finding.code for finding in pull.findings] == ["realm-bypasses-mirror", "unexplained"]


def test_a_push_is_told_only_what_holds_for_pushes(pulled):
    url = "https://registry-1.docker.io/v2/library/app/manifests/1"
    missing = replace(serve(LAYER), method="HEAD", url=url, status=404, give=(), body=b"")
    refused = replace(
        serve(LAYER), method="PUT", url=url, status=400, give=("content-type: text/html",), body=HTML
    )
    pull = pulled(*HEALTHY[:2], missing, refused)
    assert {finding.code for finding in pull.findings} - {"unexplained"} == {"html-answer"}


FAILS = replace(cdn(LAYER), arrived=9, error="peer closed connection", side=Side.SERVER)


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        ("server-error", replace(cdn(CONFIG), status=503, give=(), body=b"busy")),
        ("rate-limited", replace(cdn(CONFIG), status=429, give=(), body=b"slow down")),
    ],
)
def test_what_a_retry_overcame_is_a_warning_also_where_the_pull_failed_on_something_else(
    found, code, trouble
):
    findings = found(*HEALTHY[:6], trouble, *HEALTHY[5:8], FAILS)
    assert (findings[code].severity, findings[code].final) == (Severity.WARNING, False)
    assert findings["body-truncated"].severity is Severity.ERROR
    assert findings["body-truncated"].final


def test_what_was_resumed_is_a_warning_also_where_the_pull_failed_on_something_else(found):
    cut = replace(cdn(CONFIG), arrived=9, error="peer closed connection", side=Side.SERVER)
    busy = replace(cdn(LAYER), status=503, give=(), body=b"busy")
    findings = found(*HEALTHY[:6], cut, *HEALTHY[5:8], busy)
    assert findings["body-truncated"].severity is Severity.WARNING
    assert findings["server-error"].severity is Severity.ERROR


def test_a_nearer_code_that_is_but_a_warning_leaves_the_error_alone(found):
    """A limit that a retry overcame is not why the repository is refused in the end."""
    limited = replace(resolve(), method="GET", status=429, give=(), body=b"slow down")
    unknown = replace(
        fetch(MANIFEST, DOCKER_MANIFEST), status=404, give=(), body=error_body("NAME_UNKNOWN", "not known")
    )
    turns = (*HEALTHY[:2], limited, replace(resolve(), method="GET"), unknown)
    told = found(*(replace(turn, agent=PODMAN) for turn in turns))
    assert told["rate-limited"].severity is Severity.WARNING
    assert told["repository-denied"].severity is Severity.ERROR
