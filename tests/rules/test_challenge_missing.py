from msgspec.structs import replace

from inspector.core.finding import CheckState, Severity
from inspector.rules.sample import HEALTHY, MIRROR, SELF_SERVED, ping, resolve, token

BARE = replace(resolve(), status=401, give=(), body=b"", ask=())


def test_a_bare_401(found):
    assert found(BARE)["challenge-missing"].evidence[-1].what == "no www-authenticate"


def test_a_scheme_that_nobody_reads(found):
    assert "challenge-missing" in found(replace(BARE, give=("www-authenticate: Negotiate",)))


def test_a_registry_that_challenged_before_means_something_else(found):
    findings = found(ping(), token(), replace(BARE, ask=resolve().ask))
    assert "challenge-missing" not in findings
    assert "token-ignored" in findings


def test_no_401_no_check(checked):
    assert checked("challenge-missing", *HEALTHY[2:]).state is CheckState.NOT_APPLICABLE


def test_a_mirrors_bare_401_is_told_although_the_registry_then_serves(found):
    bare = replace(resolve(MIRROR), method="GET", ask=(), status=401, give=(), body=b"")
    findings = found(bare, *SELF_SERVED)
    assert findings["challenge-missing"].severity is Severity.WARNING
    assert findings["mirror-bypassed"].caused_by == "challenge-missing"
