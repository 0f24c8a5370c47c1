"""A flow as it may be stored: a copy in which nothing is left that the events do not tell.

Knows: mitmproxy's flow objects. Must not know: where the copy is written. The copy's events are those of the original
(with the same facts), whoever reads it: what was measured of a body stands in the metadata, a document stands in the
content, under the Content-Encoding that the header names, so that mitmproxy's own viewers can show it.
"""

import msgspec
from mitmproxy import connection, http
from mitmproxy.flow import Error
from mitmproxy.net import encoding
from mitmproxy.net.http import status_codes

from inspector.core.events import Body, ConnectionFailed, Ended, Event, RequestHead, ResponseHead, Side
from inspector.sources.bodies import field
from inspector.sources.decode import codings
from inspector.sources.flow import Connections, events_of
from inspector.sources.metadata import KEY, BodyFacts, Facts, FailedFacts, pack, unpack
from inspector.sources.mirrored import call_facts, resume_facts
from inspector.sources.redact import LEVELS, Redactor

_STRICTNESS = {"none": 0, "default": 1, "strict": 2}


def redacted_copy(
    flow: http.HTTPFlow,
    redactor: Redactor,
    facts: Facts | None = None,
    connections: Connections | None = None,
    events: list[Event] | None = None,
) -> http.HTTPFlow:
    """A copy of ``flow`` made of redacted data only; metadata, comment and marker of others are dropped.

    ``facts`` (default: those in the flow's metadata) are stored with the copy, completed by what the flow itself shows.
    ``events``: those of the flow with the same arguments, where they are known already.
    """
    facts = facts or unpack(flow.metadata) or Facts()
    events = events_of(flow, redactor, connections, facts) if events is None else events
    copy = http.HTTPFlow(_client(flow, redactor), _server(flow, redactor))
    head = next((event for event in events if isinstance(event, RequestHead)), None)
    copy.id = events[0].id if events else flow.id
    copy.timestamp_created = flow.timestamp_created
    copy.is_replay = flow.is_replay
    copy.request = _request(flow, head, events, redactor)
    answer = next((event for event in events if isinstance(event, ResponseHead)), None)
    if answer is not None and flow.response is not None:
        copy.response = _response(flow.response, answer, _document(events, Side.SERVER))
    if flow.error is not None:
        end = next((event for event in events if isinstance(event, Ended)), None)
        message = (
            end.error if end else next((e.message for e in events if isinstance(e, ConnectionFailed)), "")
        )
        copy.error = Error(message or "", flow.error.timestamp)
    copy.metadata = {KEY: pack(_facts(facts, events, redactor))}
    return copy


def _facts(facts: Facts, events: list[Event], redactor: Redactor) -> Facts:
    """The facts with what the events tell in place of what is not in them."""
    found = {event.side: event for event in events if isinstance(event, Body)}
    request, response = found.get(Side.CLIENT), found.get(Side.SERVER)
    head = next((event for event in events if isinstance(event, RequestHead)), None)
    end = next((event for event in events if isinstance(event, Ended)), None)
    failed = next((event for event in events if isinstance(event, ConnectionFailed)), None)
    level = facts.redaction if facts.redaction in LEVELS else redactor.level
    return msgspec.structs.replace(
        facts,
        redaction=max(level or redactor.level, redactor.level, key=lambda name: _STRICTNESS[name]),
        request=_body_facts(request) if request else None,
        response=_body_facts(response) if response else None,
        opened=head.upstream.connect_start is not None if head and head.upstream.connection else facts.opened,
        side=end.side if end else facts.side,
        cut_by_end=end.cut_by_end if end else facts.cut_by_end,
        connection_failed=_failed_facts(failed) if failed else None,
        upstream=call_facts(end.upstream) if end else None,
        resumes=resume_facts(end.resumes) if end else None,
    )


def _body_facts(body: Body) -> BodyFacts:
    return BodyFacts(
        size=body.size,
        sha256=body.sha256,
        decoded_size=body.decoded_size,
        decoded_sha256=body.decoded_sha256,
        complete=body.complete,
    )


def _failed_facts(failed: ConnectionFailed) -> FailedFacts:
    return FailedFacts(
        trouble=failed.trouble, host=failed.host, port=failed.port, message=failed.message, alert=failed.alert
    )


def _document(events: list[Event], side: Side) -> tuple[bytes | None, int | None]:
    """The document of one side and the size of its body; (None, 0) where there was no body."""
    body = next((event for event in events if isinstance(event, Body) and event.side is side), None)
    return (body.document, body.size) if body else (None, 0)


# -- messages ------------------------------------------------------------------------------------------------------------


def _request(
    flow: http.HTTPFlow, head: RequestHead | None, events: list[Event], redactor: Redactor
) -> http.Request:
    data = flow.request.data
    headers = _headers(data.headers, redactor.headers(data.headers.fields))
    host = redactor.line(data.host, 256)
    if head is None:  # a CONNECT, or a connection that never came to a request
        authority, path = f"{host}:{data.port}".encode(), b""
    else:
        # Of an HTTP/1 request only the absolute form has an authority, of an HTTP/2 one :authority.
        authority = head.host.encode() if data.authority else b""
        path = head.url.split("://", 1)[1].removeprefix(head.host).encode("utf-8", "replace")
    return http.Request(
        host=host,
        port=data.port,
        method=redactor.line(data.method.decode("utf-8", "surrogateescape"), 32).encode("utf-8", "replace"),
        scheme=data.scheme if data.scheme.lower() in {b"http", b"https"} else b"",
        authority=authority,
        path=path,
        http_version=_version(data.http_version, redactor),
        headers=headers,
        content=_content(headers, *_document(events, Side.CLIENT)),
        trailers=None,
        timestamp_start=data.timestamp_start,
        timestamp_end=data.timestamp_end,
    )


def _response(
    response: http.Response, head: ResponseHead, document: tuple[bytes | None, int | None]
) -> http.Response:
    data = response.data
    headers = _headers(data.headers, head.headers)
    return http.Response(
        http_version=head.http_version.encode("utf-8", "replace"),
        status_code=head.status,
        reason=status_codes.RESPONSES.get(head.status, "").encode(),
        headers=headers,
        content=_content(headers, *document),
        trailers=None,
        timestamp_start=data.timestamp_start,
        timestamp_end=data.timestamp_end,
    )


def _version(value: bytes, redactor: Redactor) -> bytes:
    return redactor.line(value.decode("utf-8", "surrogateescape"), 16).encode("utf-8", "replace")


def _headers(original: http.Headers, shown: tuple[tuple[str, str], ...]) -> http.Headers:
    """The fields of the event, with their names as they were written."""
    fields = []
    for (raw, _), (name, value) in zip(original.fields, shown, strict=False):
        written = raw if raw.lower() == name.encode("utf-8", "replace") else name.encode("utf-8", "replace")
        fields.append((written, value.encode("utf-8", "replace")))
    return http.Headers(fields)


def _content(headers: http.Headers, document: bytes | None, size: int | None) -> bytes | None:
    """A document under the coding that the header names; None, as of a streamed body, for what is not kept."""
    if document is None:
        return b"" if size == 0 else None
    names = codings((field(list(headers.fields), b"content-encoding") or b"").decode("latin-1"))
    if not names:
        return document
    encoded = encoding.encode(document, names[0])
    return encoded if isinstance(encoded, bytes) else None


# -- connections ---------------------------------------------------------------------------------------------------------


def _address(value: tuple[str, int] | None, redactor: Redactor) -> tuple[str, int] | None:
    return (redactor.address(value[0]), value[1]) if value else None


def _client(flow: http.HTTPFlow, redactor: Redactor) -> connection.Client:
    """The client's connection without certificates and lists; who it is stays, redacted."""
    client = flow.client_conn
    return connection.Client(
        id=redactor.line(client.id, 64),
        peername=_address(client.peername, redactor) or ("", 0),
        sockname=_address(client.sockname, redactor) or ("", 0),
        proxy_mode=client.proxy_mode,
        tls=client.tls,
        tls_version=client.tls_version,
        alpn=client.alpn,
        sni=redactor.line(client.sni, 256) if client.sni else None,
        timestamp_start=client.timestamp_start,
        timestamp_end=client.timestamp_end,
        timestamp_tls_setup=client.timestamp_tls_setup,
    )


def _server(flow: http.HTTPFlow, redactor: Redactor) -> connection.Server:
    server = flow.server_conn
    return connection.Server(
        id=redactor.line(server.id, 64),
        address=(redactor.line(server.address[0], 256), server.address[1]) if server.address else None,
        peername=_address(server.peername, redactor),
        tls=server.tls,
        tls_version=server.tls_version,
        alpn=server.alpn,
        sni=redactor.line(server.sni, 256) if server.sni else None,
        timestamp_start=server.timestamp_start,
        timestamp_end=server.timestamp_end,
        timestamp_tcp_setup=server.timestamp_tcp_setup,
        timestamp_tls_setup=server.timestamp_tls_setup,
    )
