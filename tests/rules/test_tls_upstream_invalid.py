from msgspec.structs import replace

from inspector.core.events import Side, Trouble
from inspector.core.finding import Severity
from inspector.rules.example import Broken
from inspector.rules.sample import CDN, HEALTHY, MIRROR, SELF_SERVED, ping, resolve

CODE = "tls-upstream-invalid"


def broken(host="mirror.example.com"):
    return Broken(
        trouble=Trouble.SERVER_TLS, host=host, message="Certificate verify failed: certificate has expired"
    )


def test_one_host_is_one_finding_with_the_proxys_words(outside):
    finding = outside(broken(), broken())[CODE]
    assert finding.severity is Severity.ERROR
    assert "mirror.example.com" in finding.summary
    assert [piece.what for piece in finding.evidence] == [
        "mirror.example.com:443: Certificate verify failed: certificate has expired"
    ] * 2


def test_a_client_that_got_through_later_has_no_fault(outside, found):
    assert outside(broken("registry-1.docker.io"), *HEALTHY) == {}
    assert CODE not in found(broken("registry-1.docker.io"), *HEALTHY)


def test_a_request_that_got_no_answer_for_this_reason(found):
    turn = replace(
        resolve(MIRROR),
        status=None,
        error="Certificate verify failed: certificate has expired",
        side=Side.SERVER,
    )
    findings = found(turn)
    assert CODE in findings
    assert findings[CODE].evidence[0].exchange == 1


def test_a_realm_and_a_storage_have_codes_of_their_own(found):
    assert CODE not in found(ping(), broken("auth.docker.io"))
    assert CODE not in found(*HEALTHY[:6], broken(CDN.removeprefix("https://")))


def test_it_explains_the_detour_around_a_dead_mirror(pulled):
    findings = {finding.code: finding for finding in pulled(broken(), *SELF_SERVED).findings}
    assert findings[CODE].severity is Severity.WARNING  # the pull arrived all the same
    assert findings["mirror-bypassed"].caused_by == CODE


def test_its_remedy_names_a_name_and_no_address(outside):
    [finding] = outside(broken("r.test")).values()
    assert "`proxy_ssl_name r.test;`" in finding.remedy
    [finding] = outside(broken("10.0.0.7")).values()
    assert "proxy_ssl_name" not in finding.remedy
