"""What goes wrong before a request: names, connections, TLS on either side, and plain HTTP where TLS is due.

A filter sees such a connection as a CONNECT to its host: ``~d registry.test`` names it.
"""

from mitmproxy import http
from mitmproxy.connection import Server

from inspector.faults.fault import Asked, Dial, Fault, Handshake, Reply
from inspector.faults.replies import answer

PLAIN = 80


def _says(message: str) -> Dial:
    def change(server: Server) -> bool:
        server.error = message
        return True

    return Dial(change)


def _other_name(server: Server) -> bool:
    """The server's own certificate is then for another name than was asked for."""
    if server.address is None or server.address[1] == PLAIN:
        return False
    server.sni = "another.name.invalid"
    return True


def _plain(asked: Asked) -> http.Response | None:
    if asked.request.scheme != "http":
        return None
    said = b"Client sent an HTTP request to an HTTPS server.\n"
    return answer(400, said, {"Content-Type": "text/plain"})


FAULTS = (
    Fault(
        name="name-not-resolved",
        what="the server's name is not known",
        act=_says("[Errno -2] Name or service not known"),
    ),
    Fault(
        name="connect-failed",
        what="the server refuses the connection",
        act=_says("[Errno 111] Connect call failed"),
    ),
    Fault(
        name="tls-upstream-invalid",
        what="the server's certificate is not for the name that the proxy asks for",
        act=Dial(_other_name),
    ),
    Fault(
        name="tls-ca-not-trusted",
        what="the client gets a certificate that nobody has signed",
        act=Handshake(),
    ),
    Fault(
        name="plain-http-on-tls-port",
        what="plain HTTP is answered 400, as by a port that speaks TLS",
        act=Reply(_plain),
        needs="a client that asks by http://",
    ),
)
