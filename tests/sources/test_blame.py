"""Who broke it, by mitmproxy's sentence."""

import pytest

from inspector.core.events import Side, Trouble
from inspector.sources.blame import Ends, side_of, trouble_of

H1 = Ends(client_http2=False, server_http2=False, client_over=False, server_over=False)
H2 = Ends(client_http2=True, server_http2=True, client_over=False, server_over=False)


@pytest.mark.parametrize(
    ("message", "ends", "side"),
    [
        ("Client disconnected.", H1, Side.CLIENT),
        (
            "HTTP/1 protocol error: peer closed connection without sending complete message body (received 1 bytes, expected 2)",
            H1,
            Side.SERVER,
        ),
        ("server closed connection", H1, Side.SERVER),
        ("[Errno 111] Connect call failed ('192.0.2.1', 443)", H1, Side.SERVER),
        ("Connection killed.", H1, Side.PROXY),
        ("Response body exceeds mitmproxy's body_size_limit.", H1, Side.PROXY),
        (
            "Received header from server, refusing to prevent request smuggling attacks. Disable …",
            H1,
            Side.PROXY,
        ),
        ("peer closed connection", H2, Side.SERVER),
        ("peer closed connection", H2._replace(client_over=True), Side.CLIENT),
        ("peer closed connection", H2._replace(client_over=True, server_over=True), Side.SERVER),
        ("peer closed connection", H1._replace(client_over=True), Side.SERVER),
        ("HTTP/2 connection closed: <ConnectionTerminated error_code:0>", H2, Side.SERVER),
        ("stream reset by client (CANCEL)", H2, Side.CLIENT),
        ("stream reset by client (INTERNAL_ERROR)", H2, Side.SERVER),
        ("stream reset by client (CANCEL)", H2._replace(client_http2=False), Side.SERVER),
        ("stream reset by client (INTERNAL_ERROR)", H2._replace(server_http2=False), Side.CLIENT),
    ],
)
def test_the_side(message, ends, side):
    assert side_of(message, ends) is side


@pytest.mark.parametrize(
    ("message", "trouble"),
    [
        ("[Errno -2] Name or service not known", Trouble.NAME),
        ("[Errno 8] nodename nor servname provided, or not known", Trouble.NAME),
        (
            "The client does not trust the proxy's certificate for a.test (OpenSSL Error(…))",
            Trouble.CLIENT_TLS,
        ),
        ("The client may not trust the proxy's certificate for a.test (x)", Trouble.CLIENT_TLS),
        (
            "The client disconnected during the handshake. If this happens consistently for a.test, …",
            Trouble.CLIENT_CLOSED,
        ),
        ("Certificate verify failed: unable to get local issuer certificate", Trouble.SERVER_TLS),
        ("The remote server does not speak TLS. … wrong version number", Trouble.PLAIN_HTTP),
        ("[Errno 111] Connect call failed", None),
    ],
)
def test_the_trouble(message, trouble):
    assert trouble_of(message) is trouble
