import pytest

from inspector.core.events import Trouble
from inspector.rules.failures import names, trouble_of


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
