"""One look at a flow, wherever it is: alive in mitmproxy, or a record of a file.

Knows: mitmproxy's HTTPFlow and the state that it is saved as (flow format 21). Must not know: events, redaction.
The record is not made into an HTTPFlow first: that parses certificates and checks types that nobody looks at here.
Both ways give the same value, so what is told of a flow while it lives is told of it again when it is read.
"""

from typing import Any

import msgspec
from mitmproxy import http

SKIPPED = frozenset(
    {
        "backup",
        "websocket",
        "certificate_list",
        "mitmcert",
        "cipher_list",
        "alpn_offers",
        "sockname",
        "comment",
    }
)
"""Keys of a record that nothing here looks at."""

_LATEST = 1e11  # epoch seconds: far beyond any clock, so that sums stay finite


class Bulk(msgspec.Struct, frozen=True):
    """A body too large to keep, as a file's reader leaves it: its size and hash."""

    size: int
    sha256: str


class Plain(msgspec.Struct, frozen=True):
    """A body whose Content-Encoding is undone already, whatever its header says: HAR keeps bodies so."""

    data: bytes


class ErrorView(msgspec.Struct):
    msg: str
    timestamp: float | None = None


class ClientView(msgspec.Struct):
    id: str
    peername: Any = None
    timestamp_end: float | None = None


class ServerView(msgspec.Struct):
    id: str
    address: Any = None
    peername: Any = None
    tls_version: str | None = None
    alpn: bytes | None = None
    timestamp_start: float | None = None
    timestamp_end: float | None = None
    timestamp_tcp_setup: float | None = None
    timestamp_tls_setup: float | None = None


class RequestView(msgspec.Struct):
    method: bytes
    scheme: bytes
    authority: bytes
    path: bytes
    host: str
    port: int
    http_version: bytes
    headers: list[tuple[bytes, bytes]]
    content: Any = None
    timestamp_start: float | None = None
    timestamp_end: float | None = None


class ResponseView(msgspec.Struct):
    status_code: int
    http_version: bytes
    headers: list[tuple[bytes, bytes]]
    content: Any = None
    timestamp_start: float | None = None
    timestamp_end: float | None = None


class FlowView(msgspec.Struct):
    """The fields of an HTTP flow that make its events, under mitmproxy's names."""

    id: str
    client_conn: ClientView
    server_conn: ServerView
    request: RequestView
    response: ResponseView | None = None
    error: ErrorView | None = None
    metadata: Any = None
    timestamp_created: float | None = None


def of_state(state: dict[Any, Any]) -> FlowView | None:
    """The view of an HTTP flow's saved state; None when the state's types are not mitmproxy's."""
    try:
        view = msgspec.convert(state, FlowView, builtin_types=(bytes,))
    except (msgspec.ValidationError, TypeError, ValueError, OverflowError, RecursionError):
        return None
    for message in (view.request, view.response):
        if message is not None and not isinstance(message.content, bytes | Bulk | None):
            return None
    return view


def of_flow(flow: http.HTTPFlow) -> FlowView:
    """The view of a flow that mitmproxy holds."""
    client, server = flow.client_conn, flow.server_conn
    error = flow.error
    return FlowView(
        id=flow.id,
        client_conn=ClientView(client.id, client.peername, client.timestamp_end),
        server_conn=ServerView(
            server.id,
            server.address,
            server.peername,
            server.tls_version,
            server.alpn,
            server.timestamp_start,
            server.timestamp_end,
            server.timestamp_tcp_setup,
            server.timestamp_tls_setup,
        ),
        request=_request(flow.request.data),
        response=_response(flow.response.data) if flow.response else None,
        error=ErrorView(error.msg, error.timestamp) if error else None,
        metadata=flow.metadata,
        timestamp_created=flow.timestamp_created,
    )


def _request(data: http.RequestData) -> RequestView:
    return RequestView(
        data.method,
        data.scheme,
        data.authority,
        data.path,
        data.host,
        data.port,
        data.http_version,
        list(data.headers.fields),
        data.content,
        data.timestamp_start,
        data.timestamp_end,
    )


def _response(data: http.ResponseData) -> ResponseView:
    return ResponseView(
        data.status_code,
        data.http_version,
        list(data.headers.fields),
        data.content,
        data.timestamp_start,
        data.timestamp_end,
    )


def moment(value: float | None) -> float | None:
    """An epoch second, or None for what is none: infinite, negative, not a number, beyond any clock."""
    if value is None or not 0 <= value < _LATEST:
        return None
    return float(value)


def address(value: object) -> tuple[str, int] | None:
    """(host, port) of one of mitmproxy's addresses; IPv6 ones have two more members. None for anything else."""
    if not isinstance(value, list | tuple) or len(value) < 2:
        return None
    host, port = value[0], value[1]
    if (
        not isinstance(host, str)
        or not isinstance(port, int)
        or isinstance(port, bool)
        or not 0 <= port <= 65535
    ):
        return None
    return host, port
