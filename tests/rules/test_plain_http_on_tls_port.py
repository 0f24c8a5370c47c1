from msgspec.structs import replace

from inspector.core.events import Side, Trouble
from inspector.core.finding import Severity
from inspector.rules.example import Broken, Turn
from inspector.rules.sample import CDN, HEALTHY, MIRROR, SELF_SERVED, ping, resolve

CODE = "plain-http-on-tls-port"


def broken(host="mirror.example.com"):
    return Broken(trouble=Trouble.PLAIN_HTTP, host=host, message="The remote server does not speak TLS")


def test_one_host_is_one_finding_with_the_proxys_words(outside):
    finding = outside(broken(), broken())[CODE]
    assert finding.severity is Severity.ERROR
    assert "mirror.example.com" in finding.summary
    assert [piece.what for piece in finding.evidence] == [
        "mirror.example.com:443: The remote server does not speak TLS"
    ] * 2


def test_a_client_that_got_through_later_has_no_fault(outside, found):
    assert outside(broken("registry-1.docker.io"), *HEALTHY) == {}
    assert CODE not in found(broken("registry-1.docker.io"), *HEALTHY)


def test_a_request_that_got_no_answer_for_this_reason(found):
    turn = replace(
        resolve(MIRROR), status=None, error="The remote server does not speak TLS", side=Side.SERVER
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


def test_the_server_says_it_to_a_request_in_plain_http(found):
    turn = Turn(
        method="GET",
        url="http://mirror.example.com:443/v2/",
        status=400,
        body=b"Client sent an HTTP request to an HTTPS server.\n",
    )
    findings = found(turn)
    assert CODE in findings
    assert "not-a-registry" not in findings


def test_its_remedy_names_the_host_with_its_port(outside):
    asked = Broken(trouble=Trouble.PLAIN_HTTP, host="r.test", port=5000, message="no TLS")
    [finding] = outside(asked).values()
    assert '`"insecure-registries": ["r.test:5000"]`' in finding.remedy
    assert '[[registry]]`, `location = "r.test:5000"`, `insecure = true`' in finding.remedy
