from msgspec.structs import replace

from inspector.core.events import Side, Trouble
from inspector.core.finding import CheckState, Confidence, Severity
from inspector.rules.example import Broken
from inspector.rules.sample import HEALTHY, MIRROR, TOKEN, bearer, ping, resolve, token

DEAD = Broken(trouble=Trouble.CONNECT, host="auth.docker.io", message="timed out")


def test_a_connection_that_failed_after_the_challenge(found):
    finding = found(ping(), DEAD)["realm-unreachable"]
    assert finding.severity is Severity.ERROR
    assert finding.evidence[0].what.startswith("www-authenticate: Bearer realm")


def test_a_token_request_without_an_answer(found):
    unanswered = replace(token(), status=None, error="connection refused", side=Side.SERVER)
    findings = found(ping(), unanswered)
    assert findings["realm-unreachable"].final
    assert "connect-failed" not in findings


def test_the_name_is_said_to_be_the_mechanism(found):
    name = Broken(trouble=Trouble.NAME, host="auth.docker.io", message="Name or service not known")
    assert "did not resolve" in found(ping(), name)["realm-unreachable"].summary


def test_the_mirror_that_passes_the_realm_on_is_the_root(pulled):
    first, second = pulled(ping(MIRROR), DEAD).findings[:2]
    assert (first.code, first.severity) == ("realm-bypasses-mirror", Severity.ERROR)
    assert (second.code, second.caused_by) == ("realm-unreachable", "realm-bypasses-mirror")


def test_a_later_token_makes_it_good(found):
    assert "realm-unreachable" not in found(ping(), DEAD, *HEALTHY[1:])


def test_an_answer_is_an_answer(found):
    for status, code in ((503, "server-error"), (429, "rate-limited")):
        findings = found(ping(), replace(token(), status=status, give=(), body=b""))
        assert "realm-unreachable" not in findings
        assert code in findings


def test_a_cached_token_needs_no_service(found):
    head = replace(resolve(), ask=(bearer(TOKEN),))
    assert "realm-unreachable" not in found(ping(), head)


def test_a_challenge_that_nobody_takes_up_implies_it(found):
    head = replace(resolve(), status=401, give=ping().give, ask=())
    finding = found(head)["realm-unreachable"]
    assert (finding.severity, finding.confidence) == (Severity.WARNING, Confidence.IMPLIED)


def test_a_cache_that_looks_whether_its_upstream_is_there_asks_for_nothing(found):
    looks = replace(ping(), agent="Go-http-client/1.1")
    assert "realm-unreachable" not in found(looks, looks)
    asks = replace(resolve(), status=401, ask=(), give=looks.give, agent="Go-http-client/1.1")
    assert "realm-unreachable" in found(looks, asks)


def test_a_client_that_left_at_once_had_another_reason(found):
    left = replace(token(), status=None, error="client disconnected", side=Side.CLIENT, took=0.3)
    assert "realm-unreachable" not in found(ping(), left)


def test_a_service_that_was_silent_is_stalled(found):
    silent = replace(token(), status=None, error="client disconnected", side=Side.CLIENT, took=15.0)
    findings = found(ping(), silent)
    assert "realm-unreachable" not in findings
    assert "15 s" in findings["stalled"].summary


def test_a_registry_without_challenge_is_not_concerned(checked):
    assert checked("realm-unreachable", replace(resolve(), ask=())).state is CheckState.NOT_APPLICABLE


def test_a_client_that_waited_some_seconds_implies_it(found):
    left = replace(token(), status=None, error="client disconnected", side=Side.CLIENT, took=5.0)
    finding = found(ping(), left)["realm-unreachable"]
    assert finding.confidence is Confidence.IMPLIED
    assert finding.evidence[-1].what.startswith("no answer within 5.0 s")
