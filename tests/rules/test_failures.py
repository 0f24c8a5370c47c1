import pytest
from msgspec.structs import replace

from inspector.core.events import ConnectionFailed, Trouble
from inspector.core.finding import Severity
from inspector.rules.example import Broken, build
from inspector.rules.failures import Reached, names, trouble_of, unclaimed
from inspector.rules.sample import CONFIG, HEALTHY, LAYER, documents, ping, redirect, serve


@pytest.mark.parametrize(
    ("message", "trouble"),
    [
        ("[Errno -2] Name or service not known", Trouble.NAME),
        ("[Errno 8] nodename nor servname provided, or not known", Trouble.NAME),
        ("Temporary failure in name resolution", Trouble.NAME),
        ("The remote server does not speak TLS.", Trouble.PLAIN_HTTP),
        ("Certificate verify failed: self-signed certificate", Trouble.SERVER_TLS),
        ("[Errno 111] Connect call failed ('127.0.0.1', 443)", Trouble.CONNECT),
        ("server closed connection", Trouble.CONNECT),
        ("", Trouble.CONNECT),
    ],
)
def test_what_the_proxys_words_mean(message, trouble):
    assert trouble_of(message) is trouble


def test_hosts_in_words():
    assert names([None, ""]) == "an unnamed host"
    assert names(["a", "b", "a"]) == "a, b"
    assert names(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


def test_what_was_reached_later_is_no_failure():
    pulls, _ = build(HEALTHY)
    asked = [step.exchange.request for step in pulls[0].steps]
    host, peer = asked[0].host, asked[0].client
    last = max(request.time for request in asked if request.host == host)

    def failed(host, time):
        return ConnectionFailed(
            id="x", time=time, trouble=Trouble.CONNECT, client=peer, host=host, port=443, message="refused"
        )

    before, after, other = failed(host, last - 1), failed(host, last + 1), failed("other.test", last - 1)
    assert unclaimed([before, after, other], Reached(pulls), Trouble.CONNECT) == [after, other]
    assert unclaimed([after], Reached(pulls), Trouble.NAME) == []


def broken(trouble, host, port, message="refused"):
    return Broken(trouble=trouble, host=host, port=port, message=message)


def test_a_version_or_cipher_says_nothing_of_certificates(outside):
    tls = "[('SSL routines', '', 'tlsv1 alert protocol version')]"
    assert list(outside(broken(Trouble.SERVER_TLS, "r.example.com", 443, tls))) == ["connect-failed"]
    refused = "Certificate verify failed: hostname mismatch"
    assert list(outside(broken(Trouble.SERVER_TLS, "r.example.com", 443, refused))) == [
        "tls-upstream-invalid"
    ]


def test_a_role_is_that_of_host_and_port(found):
    realm = "https://auth.example.com:8443/token"
    dead = found(ping(realm=realm), broken(Trouble.CONNECT, "auth.example.com", 8443))
    assert [code for code, one in dead.items() if one.severity is Severity.ERROR] == ["realm-unreachable"]
    away = replace(redirect(CONFIG), give=("location: https://s3.example.com:9000/x?sig=1",))
    dead = found(*HEALTHY[:5], away, broken(Trouble.CONNECT, "s3.example.com", 9000))
    assert [code for code, one in dead.items() if one.severity is Severity.ERROR] == ["cdn-unreachable"]


def test_a_client_that_then_asks_the_same_port_plainly_is_set_up_that_way(found):
    host = "http://10.1.2.3:5000"
    plain = (*documents(host), serve(CONFIG, host), serve(LAYER, host))
    tried = broken(Trouble.PLAIN_HTTP, "10.1.2.3", 5000, "the remote server does not speak TLS")
    assert "plain-http-on-tls-port" not in found(tried, *plain)
