"""The events of one flow, alive or read from a file.

Knows: mitmproxy's flow fields and error sentences, and what the recorder left in the metadata. Must not know: pulls.
``events_of`` tells a whole flow; the pieces (``request_head``, ``response_head``, ``bodies``, ``ended``) tell it as it
comes, and say the same. Everything is cleaned and redacted by the redactor that is handed in.
"""

from collections import OrderedDict

from mitmproxy import http

from inspector.core.events import (
    Body,
    ConnectionFailed,
    Ended,
    Event,
    Peer,
    RequestHead,
    ResponseHead,
    Side,
    Trouble,
    Upstream,
)
from inspector.sources import mirrored
from inspector.sources.blame import Ends, side_of, trouble_of
from inspector.sources.bodies import bodies_of, learn_form
from inspector.sources.metadata import Facts, FailedFacts, unpack
from inspector.sources.redact import Redactor
from inspector.sources.view import FlowView, RequestView, ServerView, address, moment, of_flow
from inspector.wire.url import host_port

_LONGEST_ID = 64
_REMEMBERED = 4096
_HTTP2 = (b"HTTP/2", b"HTTP/3")


class Connections:
    """Which flow was the first on an upstream connection: only that one gets the connection's times.

    mitmproxy opens a connection before the request (eagerly, at CONNECT) or for it, and keeps it for the client's later
    requests; the flow does not say which. The last 4096 connections are remembered. One object per source.
    """

    def __init__(self) -> None:
        self._first: OrderedDict[str, str] = OrderedDict()

    def is_first(self, connection: str, flow: str) -> bool:
        """Whether ``flow`` was the first to be asked about on ``connection``."""
        first = self._first.setdefault(connection, flow)
        if len(self._first) > _REMEMBERED:
            self._first.popitem(last=False)
        return first == flow


def events_of(
    flow: http.HTTPFlow,
    redactor: Redactor,
    connections: Connections | None = None,
    facts: Facts | None = None,
) -> list[Event]:
    """Every event of a flow that is over. ``facts`` (default: those in its metadata) win over the flow's own fields.

    A CONNECT gives a ConnectionFailed when it failed, and nothing otherwise.
    """
    return view_events(of_flow(flow), redactor, connections, facts)


def request_head(
    flow: http.HTTPFlow, redactor: Redactor, connections: Connections | None = None
) -> RequestHead:
    """The request's head, from mitmproxy's ``requestheaders`` hook on."""
    view = of_flow(flow)
    return _request_head(view, unpack(view.metadata), redactor, connections)


def response_head(flow: http.HTTPFlow, redactor: Redactor) -> ResponseHead | None:
    """The response's head, from the ``responseheaders`` hook on; None before."""
    view = of_flow(flow)
    _learn(view, redactor)
    return _response_head(view, redactor)


def bodies(flow: http.HTTPFlow, redactor: Redactor, facts: Facts | None = None) -> list[Body]:
    """What is known of the bodies once the flow is over; at most one a side."""
    view = of_flow(flow)
    _learn(view, redactor)
    return bodies_of(view, _id(view), facts or unpack(view.metadata) or Facts(), redactor)


def ended(flow: http.HTTPFlow, redactor: Redactor, facts: Facts | None = None) -> Ended:
    """The flow's end, from the ``response`` or ``error`` hook on."""
    view = of_flow(flow)
    _learn(view, redactor)
    return _ended(view, facts or unpack(view.metadata) or Facts(), redactor)


def view_events(
    view: FlowView, redactor: Redactor, connections: Connections | None = None, facts: Facts | None = None
) -> list[Event]:
    """As ``events_of``, of a view."""
    facts = facts or unpack(view.metadata) or Facts()
    if facts.connection_failed is not None:
        return [_failed(view, facts.connection_failed, redactor)]
    if view.request.method.upper() == b"CONNECT":
        return [_failed_connect(view, redactor)] if view.error is not None else []
    learn_form(view.request, redactor)
    events: list[Event] = [_request_head(view, facts, redactor, connections)]
    response = _response_head(view, redactor)
    if response is not None:
        events.append(response)
    events += bodies_of(view, _id(view), facts, redactor)
    events.append(_ended(view, facts, redactor))
    return events


# -- heads ---------------------------------------------------------------------------------------------------------------


def _id(view: FlowView) -> str:
    return (
        view.id
        if len(view.id) <= _LONGEST_ID and view.id.isascii() and view.id.isprintable()
        else _odd_id(view.id)
    )


def _odd_id(value: str) -> str:
    return value.encode("unicode_escape", "replace").decode()[:_LONGEST_ID]


def _start(view: FlowView) -> float:
    return moment(view.request.timestamp_start) or moment(view.timestamp_created) or 0.0


def _request_head(
    view: FlowView, facts: Facts | None, redactor: Redactor, connections: Connections | None
) -> RequestHead:
    request = view.request
    scheme, host = _scheme(request), named_host(request, redactor)
    path = request.path.decode("utf-8", "surrogateescape")
    opened = facts.opened if facts else None
    headers = redactor.headers(request.headers)  # first: the URL may repeat a credential
    return RequestHead(
        id=_id(view),
        time=_start(view),
        method=redactor.line(request.method.decode("utf-8", "surrogateescape"), 32),
        url=redactor.url(f"{scheme}://{host}{path if path.startswith('/') else '/' + path}"),
        host=host,
        http_version=_version(request.http_version, redactor),
        headers=headers,
        client=_peer(view, redactor),
        upstream=_upstream(view, redactor, opened=_opened(view, connections) if opened is None else opened),
    )


def _response_head(view: FlowView, redactor: Redactor) -> ResponseHead | None:
    response = view.response
    if response is None:
        return None
    return ResponseHead(
        id=_id(view),
        time=moment(response.timestamp_start),
        status=response.status_code if 0 <= response.status_code <= 999 else 0,
        http_version=_version(response.http_version, redactor),
        headers=redactor.headers(response.headers),
    )


def _version(value: bytes, redactor: Redactor) -> str:
    return redactor.line(value.decode("utf-8", "surrogateescape"), 16)


def _scheme(request: RequestView) -> str:
    scheme = request.scheme.lower()
    if scheme in {b"http", b"https"}:
        return scheme.decode()
    return "http" if request.port == 80 else "https"


def named_host(request: RequestView, redactor: Redactor) -> str:
    """The host that the request names: Host, or :authority in HTTP/2 (RFC 9113 section 8.3.1); else the one dialled."""
    first = next((value for name, value in request.headers if name.lower() == b"host"), b"")
    named = (
        (request.authority or first)
        if request.http_version.startswith(_HTTP2)
        else (first or request.authority)
    )
    scheme = _scheme(request)
    text = named[:1024].decode("utf-8", "surrogateescape").rpartition("@")[2].strip()
    for mark in "/?#\\":  # no host has one; without this cut the rest of it would become a path
        text = text.partition(mark)[0]
    host = host_port(text, None, scheme) if text else host_port(request.host[:256], request.port, scheme)
    return redactor.line(host.lower(), 300)


def _peer(view: FlowView, redactor: Redactor) -> Peer:
    known = address(view.client_conn.peername)
    return Peer(
        address=redactor.address(known[0]) or None if known else None,
        port=known[1] or None if known else None,
        connection=redactor.line(view.client_conn.id, _LONGEST_ID) or None,
    )


def _upstream(view: FlowView, redactor: Redactor, *, opened: bool) -> Upstream:
    server = view.server_conn
    start = moment(server.timestamp_start)
    known = address(server.peername)
    if start is None and known is None:
        return Upstream()
    known = known or address(server.address)
    alpn = (server.alpn or b"").decode("utf-8", "replace")
    return Upstream(
        address=host_port(redactor.address(known[0]), known[1], "") if known else None,
        connection=redactor.line(server.id, _LONGEST_ID) or None,
        tls_version=redactor.line(server.tls_version, 16) if server.tls_version else None,
        alpn=redactor.line(alpn, 32) or None,
        connect_start=start if opened else None,
        connected=moment(server.timestamp_tcp_setup) if opened else None,
        tls_done=moment(server.timestamp_tls_setup) if opened else None,
    )


def _opened(view: FlowView, connections: Connections | None) -> bool:
    """Whether the upstream connection came to be for this flow.

    With a memory of connections: it is the first flow on it. Without: only when it was begun after the request.
    """
    server: ServerView = view.server_conn
    if connections is not None:
        return connections.is_first(server.id, view.id)
    return server.timestamp_start is not None and server.timestamp_start >= _start(view)


def _learn(view: FlowView, redactor: Redactor) -> None:
    """Have the request's secrets remembered, so that whatever repeats them is scrubbed."""
    redactor.headers(view.request.headers)
    redactor.url(view.request.path.decode("utf-8", "surrogateescape"))
    learn_form(view.request, redactor)


# -- ends ----------------------------------------------------------------------------------------------------------------


def _ended(view: FlowView, facts: Facts, redactor: Redactor) -> Ended:
    response, error = view.response, view.error
    times = [response.timestamp_end if response else None, error.timestamp if error else None]
    if response is None and error is None:
        times.append(view.request.timestamp_end)
    known = [time for time in map(moment, times) if time is not None]
    # A flow without an end that was saved: mitmproxy's save addon does that when it is stopped.
    open_end = error is None and (response is None or response.timestamp_end is None)
    cut = facts.cut_by_end or open_end
    return Ended(
        id=_id(view),
        time=max(known, default=None),
        error=redactor.complaint(error.msg, 500) if error is not None else None,
        side=facts.side or _side(view, error.msg) if error is not None and not cut else None,
        cut_by_end=cut,
        upstream=mirrored.upstream(facts, view.metadata, redactor),
        resumes=mirrored.resumes(facts, view.metadata, redactor),
    )


def _side(view: FlowView, message: str) -> Side:
    ends = Ends(
        client_http2=view.request.http_version.startswith(b"HTTP/2"),
        server_http2=view.server_conn.alpn == b"h2",
        client_over=view.client_conn.timestamp_end is not None,
        server_over=view.server_conn.timestamp_end is not None,
    )
    return side_of(message, ends)


def _failed(view: FlowView, failed: FailedFacts, redactor: Redactor) -> ConnectionFailed:
    return ConnectionFailed(
        id=_id(view),
        time=_start(view),
        trouble=failed.trouble,
        client=_peer(view, redactor),
        host=redactor.line(failed.host, 256) if failed.host else None,
        port=failed.port,
        message=redactor.complaint(failed.message, 500),
        alert=failed.alert,
    )


def _failed_connect(view: FlowView, redactor: Redactor) -> ConnectionFailed:
    """A CONNECT that failed, as plain mitmproxy may have kept it."""
    message = view.error.msg if view.error else ""
    return ConnectionFailed(
        id=_id(view),
        time=_start(view),
        trouble=trouble_of(message) or Trouble.CONNECT,
        client=_peer(view, redactor),
        host=redactor.line(view.request.host, 256) or None,
        port=view.request.port if 0 < view.request.port <= 65535 else None,
        message=redactor.complaint(message, 500),
    )
