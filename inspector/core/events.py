"""The events: the only way anything gets into the core.

A source (live hooks, a flow file, a HAR file) turns what it sees into these values; the engine knows nothing else.
The law of this file:

* Text is already clean (no control, bidi or zero-width characters) and secrets are already pseudonyms such as
  ``‹token 3fa9c1d2›`` when an event is made. Nothing here or behind it may have to redact again.
* Times and ids come in the event. Nothing in the core reads a clock.
* ``None`` means "not known". It never stands for zero, empty or no.
* Events are values: frozen, keyword-only, no behaviour beyond looking a header up.

The counterpart is ``updates.py``: what the engine says in return.
"""

from enum import StrEnum

import msgspec

type Headers = tuple[tuple[str, str], ...]
"""Header fields in order of appearance; names in lower case, values cleaned and redacted."""


class Side(StrEnum):
    """Whose end of the recorded connection did something."""

    CLIENT = "client"
    SERVER = "server"
    PROXY = "proxy"


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """The client's end: its IP address, its TCP port, and an id of the connection, unique in the source."""

    address: str | None = None
    port: int | None = None
    connection: str | None = None


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """The server's end of one exchange and when its connection came to be.

    ``address`` is what was dialled, ``IP:port``. The four times are epoch seconds; they belong to the exchange only
    when the connection was opened for it (the source leaves them ``None`` on a reused connection).
    """

    address: str | None = None
    connection: str | None = None
    tls_version: str | None = None
    alpn: str | None = None
    connect_start: float | None = None
    connected: float | None = None
    tls_done: float | None = None


class RequestHead(msgspec.Struct, frozen=True, kw_only=True):
    """A request line and its fields, as the client sent them.

    ``url`` is absolute and redacted; ``host`` is what the request names (Host, :authority), in lower case, with the
    port unless it is the scheme's own. ``time`` is the epoch second of the request's first byte.
    """

    id: str
    time: float
    method: str
    url: str
    host: str
    http_version: str
    headers: Headers
    client: Peer
    upstream: Upstream = Upstream()


class ResponseHead(msgspec.Struct, frozen=True, kw_only=True):
    """A status line and its fields. ``time`` is the epoch second of the response's first byte."""

    id: str
    time: float | None
    status: int
    http_version: str
    headers: Headers


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one message's body.

    ``size`` counts the bytes that went over the wire, ``sha256`` (64 hex digits) is their hash; ``decoded_sha256`` and
    ``decoded_size`` are those of the content after Content-Encoding is undone (equal to the former without a coding;
    ``None`` when it could not be undone). ``complete`` is False when the body broke off. ``document`` is the decoded
    body itself where it is small and of interest (manifest, redacted token answer, redacted error): 4 MiB at most.
    """

    id: str
    side: Side
    size: int | None = None
    sha256: str | None = None
    decoded_size: int | None = None
    decoded_sha256: str | None = None
    complete: bool | None = None
    document: bytes | None = None


class UpstreamCall(msgspec.Struct, frozen=True, kw_only=True):
    """What a mirror asked an upstream for the sake of one client's request, as our mirror noted it, or as it was recorded.

    ``url`` and ``host`` as in ``RequestHead``; ``address`` is what was dialled, ``IP:port``. ``start``, ``first_byte`` and
    ``end`` are epoch seconds. ``body``: its body was passed on to the client as it came. ``error`` when it broke.
    ``n`` is its number in the pull where the exchange itself was recorded; None where it was only noted.
    """

    method: str
    url: str
    host: str
    status: int | None = None
    error: str | None = None
    start: float | None = None
    first_byte: float | None = None
    end: float | None = None
    size: int | None = None
    address: str | None = None
    body: bool = False
    n: int | None = None


class Resume(msgspec.Struct, frozen=True, kw_only=True):
    """The proxy asked again for the rest of a body that had broken off, so that the client saw one whole answer.

    ``at``: bytes that the client had by then; ``why`` it was needed; ``status``: what the new request was answered with.
    """

    at: int
    why: str
    time: float | None = None
    host: str | None = None
    status: int | None = None


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """An exchange is over: nothing more comes for this id.

    ``error`` is a sentence when it broke, ``side`` who broke it; ``cut_by_end`` when only the recording stopped.
    ``upstream``: what our mirror did for it, in order; empty when it asked nobody, None when no mirror of ours was there.
    """

    id: str
    time: float | None
    error: str | None = None
    side: Side | None = None
    cut_by_end: bool = False
    upstream: tuple[UpstreamCall, ...] | None = None
    resumes: tuple[Resume, ...] = ()


class Trouble(StrEnum):
    """How a connection failed before any request could be made on it."""

    CLIENT_TLS = "client-tls"  # the client ended the handshake with the proxy: it refused the certificate
    CLIENT_CLOSED = "client-closed"  # the client closed before or in the handshake, without an alert
    CONNECT = "connect"  # refused, reset, timed out, or the forward proxy said no
    NAME = "name"  # the name did not resolve
    SERVER_TLS = "server-tls"  # the proxy's handshake with the server failed
    PLAIN_HTTP = "plain-http"  # one side spoke HTTP where TLS was due, or the reverse


class ConnectionFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A connection that never came to a request. ``host`` is the name that was wanted, ``message`` the proxy's words.

    ``alert`` is the number of the TLS alert (RFC 8446 §6.2) where one was seen.
    """

    id: str
    time: float
    trouble: Trouble
    client: Peer
    host: str | None
    port: int | None
    message: str
    alert: int | None = None


type Event = RequestHead | ResponseHead | Body | Ended | ConnectionFailed


def header(headers: Headers, name: str) -> str | None:
    """The first value of the field ``name`` (lower case), or None."""
    for key, value in headers:
        if key == name:
            return value
    return None


def header_all(headers: Headers, name: str) -> list[str]:
    """Every value of the field ``name`` (lower case), in order."""
    return [value for key, value in headers if key == name]
