"""One entry of a HAR file as a view of a flow, with what the entry tells of its bodies.

Knows: the fields of HAR 1.2 and their writers' habits. Must not know: files, redaction, events.
"""

import base64
import binascii
import hashlib
import math
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from inspector.sources.metadata import BodyFacts, Facts
from inspector.sources.view import (
    ClientView,
    ErrorView,
    FlowView,
    Plain,
    RequestView,
    ResponseView,
    ServerView,
)
from inspector.wire.url import split

_VERSIONS = {
    "h2": b"HTTP/2.0", "http/2": b"HTTP/2.0", "http/2.0": b"HTTP/2.0", "h3": b"HTTP/3", "http/3": b"HTTP/3",
    "http/1.1": b"HTTP/1.1", "http/1.0": b"HTTP/1.0",
}  # fmt: skip
_MOST_FIELDS = 1000
_LONGEST_BODY = 64 * 1024 * 1024
_DEFAULT_PORTS = {"http": 80, "https": 443}


def view_of_entry(entry: dict[str, Any], number: int) -> tuple[FlowView, Facts] | None:
    """The view and the facts of an entry; None when it has no request with a URL."""
    asked, answered = _dict(entry.get("request")), _dict(entry.get("response"))
    url = _text(asked.get("url"))
    parts = split(url)
    if parts is None or parts.scheme not in _DEFAULT_PORTS or not parts.host:
        return None
    times = _Times(entry)
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    authority = parts.host if parts.port is None else f"{parts.host}:{parts.port}"
    request = RequestView(
        method=_bytes(asked.get("method")) or b"GET",
        scheme=parts.scheme.encode(),
        authority=authority.encode("utf-8", "replace"),
        path=(parts.path + (f"?{parts.query}" if parts.query else "") or "/").encode("utf-8", "replace"),
        host=parts.host,
        port=port,
        http_version=_version(asked.get("httpVersion")),
        headers=_fields(asked.get("headers")),
        content=_form(asked.get("postData")),
        timestamp_start=times.start,
        timestamp_end=times.sent,
    )
    response = _response(answered, times)
    error = _error(entry, answered)
    view = FlowView(
        id=f"har-{number + 1}",
        client_conn=ClientView(id=""),
        server_conn=_server(entry, times, port),
        request=request,
        response=response,
        error=ErrorView(error, times.end or times.start) if error else None,
    )
    facts = Facts(
        request=_asked_facts(asked, request) if request.method in {b"POST", b"PUT", b"PATCH"} else None,
        response=_answered_facts(answered, request, response) if response else None,
        opened=times.connect is not None,
    )
    return view, facts


class _Times:
    """Moments in epoch seconds, from a start and durations in milliseconds; -1 and null say nothing."""

    def __init__(self, entry: dict[str, Any]) -> None:
        timings = _dict(entry.get("timings"))
        spans = {
            name: _span(timings.get(name))
            for name in ("blocked", "dns", "connect", "ssl", "send", "wait", "receive")
        }
        self.start = _moment(entry.get("startedDateTime"))
        self.connect = spans["connect"]
        self.sent = self.first = self.end = self.opening = self.opened = self.secured = None
        if self.start is None:
            return
        at = self.start + (spans["blocked"] or 0.0)
        if self.connect is not None:
            self.opening = at
            # HAR 1.2: the time for TLS is included in connect.
            tls = min(spans["ssl"] or 0.0, self.connect)
            self.opened = at + (spans["dns"] or 0.0) + self.connect - tls
            self.secured = self.opened + tls if spans["ssl"] is not None else None
        at += (spans["dns"] or 0.0) + (self.connect or 0.0)
        self.sent = at + (spans["send"] or 0.0)
        if spans["wait"] is not None:
            self.first = self.sent + spans["wait"]
            self.end = self.first + (spans["receive"] or 0.0)
        elif (whole := _span(entry.get("time"))) is not None:
            self.end = self.start + whole


def _span(value: object) -> float | None:
    """Seconds of a duration in milliseconds; None for -1, null and what is no number."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or not 0 <= value < 1e12
    ):
        return None
    return value / 1000.0


def _moment(value: object) -> float | None:
    """Epoch seconds of an ISO 8601 time; without a zone it is taken for UTC."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        when = datetime.fromisoformat(value)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


# -- parts ---------------------------------------------------------------------------------------------------------------


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _bytes(value: object) -> bytes:
    return _text(value).encode("utf-8", "replace")


def _count(value: object) -> int | None:
    """A size; None for -1 and everything else that is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None


def _version(value: object) -> bytes:
    text = _text(value).lower()
    return _VERSIONS.get(text, text[:16].encode("utf-8", "replace"))


def _fields(value: object) -> list[tuple[bytes, bytes]]:
    """Header fields, of either notation: objects with name and value, or pairs. HTTP/2's pseudo-fields are left out."""
    found: list[tuple[bytes, bytes]] = []
    for item in value[:_MOST_FIELDS] if isinstance(value, list) else ():
        if isinstance(item, dict):
            name, content = item.get("name"), item.get("value")
        elif isinstance(item, list) and len(item) == 2:
            name, content = item
        else:
            continue
        if isinstance(name, str) and isinstance(content, str) and not name.startswith(":"):
            found.append((_bytes(name), _bytes(content)))
    return found


def _server(entry: dict[str, Any], times: _Times, port: int) -> ServerView:
    address = _text(entry.get("serverIPAddress")).strip("[]")[:64]
    return ServerView(
        id=_text(entry.get("connection"))[:64],
        peername=(address, port) if address else None,
        timestamp_start=times.opening,
        timestamp_tcp_setup=times.opened,
        timestamp_tls_setup=times.secured,
    )


def _form(value: object) -> Plain | None:
    post = _dict(value)
    text = _text(post.get("text"))
    if not text and isinstance(post.get("params"), list):
        pairs = [item for item in post["params"][:100] if isinstance(item, dict)]
        text = "&".join(f"{quote(_text(p.get('name')))}={quote(_text(p.get('value')))}" for p in pairs)
    return Plain(_bytes(text)) if text else None


def _response(answered: dict[str, Any], times: _Times) -> ResponseView | None:
    status = _count(answered.get("status"))
    if not status:  # 0 or null: the browser never saw one
        return None
    fields = _fields(answered.get("headers"))
    target = _text(answered.get("redirectURL"))
    if target and 300 <= status < 400 and not any(name.lower() == b"location" for name, _ in fields):
        fields.append((b"location", _bytes(target)))
    body = _body(_dict(answered.get("content")))
    return ResponseView(
        status_code=status,
        http_version=_version(answered.get("httpVersion")),
        headers=fields,
        content=Plain(body) if body else None,
        timestamp_start=times.first,
        timestamp_end=times.end or times.first or times.start,
    )


def _body(content: dict[str, Any]) -> bytes | None:
    """The decoded body where the file holds it; None where it does not."""
    text = _text(content.get("text"))
    if not text or len(text) > _LONGEST_BODY:
        return None
    if _text(content.get("encoding")).lower() != "base64":
        return _bytes(text)
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return None


def _error(entry: dict[str, Any], answered: dict[str, Any]) -> str | None:
    """Chrome and mitmproxy tell of an error in the response's or the entry's ``_error``."""
    found = answered.get("_error") or entry.get("_error") or answered.get("_errorMessage")
    return found[:2000] if isinstance(found, str) else None


# -- bodies --------------------------------------------------------------------------------------------------------------


def _asked_facts(asked: dict[str, Any], request: RequestView) -> BodyFacts:
    size = _count(asked.get("bodySize"))
    if size == 0 and (request.content is not None or _length(request.headers) != 0):
        size = None
    return BodyFacts(size=size)


def _length(fields: list[tuple[bytes, bytes]]) -> int | None:
    value = next((value for name, value in fields if name.lower() == b"content-length"), b"")
    return int(value) if value.isdigit() and len(value) < 19 else None


def _coded(fields: list[tuple[bytes, bytes]]) -> bool:
    value = next((value for name, value in fields if name.lower() == b"content-encoding"), b"")
    return value.strip().lower() not in {b"", b"identity"}


def _answered_facts(answered: dict[str, Any], request: RequestView, response: ResponseView) -> BodyFacts:
    """What the entry shows of the response's body. A hash is told only where the text is surely the very bytes."""
    bodyless = request.method == b"HEAD" or response.status_code in {204, 304}
    length, coded = _length(response.headers), _coded(response.headers)
    if bodyless or (length == 0 and response.content is None):
        empty = hashlib.sha256(b"").hexdigest()
        return BodyFacts(size=0, sha256=empty, decoded_size=0, decoded_sha256=empty, complete=True)
    wire = _count(answered.get("bodySize")) or None  # 0 stands for a body that was not kept, too
    if not isinstance(response.content, Plain):
        return BodyFacts(size=wire)
    data, content = response.content.data, _dict(answered.get("content"))
    base64_text = _text(content.get("encoding")).lower() == "base64"
    size, saved = _count(content.get("size")), content.get("compression")
    told = {
        size,
        size + saved if size is not None and isinstance(saved, int) else None,
        None if coded else length,
    }
    exact = base64_text or len(data) in told - {None}
    digest = hashlib.sha256(data).hexdigest() if exact else None
    known = len(data) if exact else None
    return BodyFacts(
        size=wire if coded else (known if known is not None else wire),
        sha256=None if coded else digest,
        decoded_size=known,
        decoded_sha256=digest,
        complete=True if not coded and known is not None and length in {None, known} else None,
    )
