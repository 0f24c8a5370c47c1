import pytest

from inspector.core.events import ConnectionFailed, Trouble
from inspector.rules.example import build
from inspector.rules.failures import Reached, names, trouble_of, unclaimed
from inspector.rules.sample import HEALTHY


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
