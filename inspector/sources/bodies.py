"""What is known of a flow's bodies, and which of them are documents.

Knows: how a flow holds bodies, what the recorder measured, which requests answer with a manifest, a token or an error.
Must not know: pulls. A document is the decoded body where it is small and says something; a manifest stays as it is,
since its bytes are what is verified, everything else is redacted.
"""

import hashlib
import re
from urllib.parse import unquote

from inspector.core.events import Body, Side
from inspector.sources.decode import DOCUMENT_LIMIT, codings, decode
from inspector.sources.metadata import BodyFacts, Facts
from inspector.sources.redact import Redactor
from inspector.sources.redact_body import form_pairs
from inspector.sources.view import Bulk, FlowView, Plain, RequestView, ResponseView
from inspector.wire.document import parse_document
from inspector.wire.jsontext import load
from inspector.wire.mediatypes import base_type
from inspector.wire.routes import Route, RouteKind, parse_route

_EMPTY = hashlib.sha256(b"").hexdigest()
_TOKEN_LIMIT = 1024 * 1024
_FORM_LIMIT = 64 * 1024
_LENGTH = re.compile(rb"\d{1,18}")
_TOKEN_QUERY = re.compile(r"(?:^|&)(?:service|scope|grant_type)=", re.IGNORECASE)
_PAGE = re.compile(rb"\s*(?:<!doctype\s+html|<html)", re.IGNORECASE)
_TOKEN_NAMES = frozenset({"token", "access_token", "refresh_token", "id_token"})
_FORM = "application/x-www-form-urlencoded"
_WITH_BODY = (b"POST", b"PUT", b"PATCH")

type Fields = list[tuple[bytes, bytes]]


def field(headers: Fields, name: bytes) -> bytes | None:
    """The first value of the field ``name`` (lower case), or None."""
    for key, value in headers:
        if len(key) == len(name) and key.lower() == name:
            return value
    return None


def bodies_of(view: FlowView, flow_id: str, facts: Facts, redactor: Redactor) -> list[Body]:
    """The request's body where there is or should be one, and the response's where there is a response."""
    found: list[Body] = []
    request, response = view.request, view.response
    path, _, query = request.path.decode("utf-8", "replace").partition("?")
    route = parse_route(path, query)
    if facts.request is not None or request.content or request.method in _WITH_BODY:
        known = facts.request or _measured(request, bodyless=False, last=request.timestamp_end is not None)
        if _is_form(request):  # a login's hash could be tried against a list of passwords
            known = BodyFacts(size=known.size, complete=known.complete)
        document = _request_document(request, route, known, redactor)
        found.append(_body(flow_id, Side.CLIENT, known, document))
    if response is not None:
        bodyless = (
            request.method == b"HEAD" or response.status_code in {204, 304} or response.status_code < 200
        )
        whole = view.error is None and response.timestamp_end is not None
        known = facts.response or _measured(response, bodyless=bodyless, last=whole)
        document = None if bodyless else _response_document(request, response, route, query, known, redactor)
        found.append(_body(flow_id, Side.SERVER, known, document))
    return found


def _is_form(request: RequestView) -> bool:
    return base_type((field(request.headers, b"content-type") or b"").decode("latin-1")) == _FORM


def _body(flow_id: str, side: Side, known: BodyFacts, document: bytes | None) -> Body:
    return Body(
        id=flow_id,
        side=side,
        size=known.size,
        sha256=known.sha256,
        decoded_size=known.decoded_size,
        decoded_sha256=known.decoded_sha256,
        complete=known.complete,
        document=document,
    )


def _measured(message: RequestView | ResponseView, *, bodyless: bool, last: bool) -> BodyFacts:
    """What the flow itself shows of a body. ``last``: nothing broke before its last byte."""
    content = message.content
    if bodyless and not content:
        return BodyFacts(size=0, sha256=_EMPTY, decoded_size=0, decoded_sha256=_EMPTY, complete=True)
    if content is None:  # streamed: its bytes went by unseen, however long it should have been
        return BodyFacts(complete=last)
    if isinstance(content, Plain):  # its source measures it
        return BodyFacts()
    if isinstance(content, Bulk):
        plain = not codings(_coding(message.headers))
        size, digest = content.size, content.sha256
        decoded_size, decoded_digest = (size, digest) if plain else (None, None)
    else:
        size, digest = len(content), hashlib.sha256(content).hexdigest()
        decoded_size, decoded_digest = size, digest
        if codings(_coding(message.headers)):
            decoded = decode(content, _coding(message.headers), keep=0)
            decoded_size, decoded_digest = (decoded.size, decoded.sha256) if decoded else (None, None)
    return BodyFacts(
        size=size,
        sha256=digest,
        decoded_size=decoded_size,
        decoded_sha256=decoded_digest,
        complete=last and _length(message.headers) in {None, size},
    )


def _coding(headers: Fields) -> str | None:
    value = field(headers, b"content-encoding")
    return None if value is None else value[:256].decode("latin-1")


def _length(headers: Fields) -> int | None:
    value = field(headers, b"content-length")
    return int(value) if value is not None and _LENGTH.fullmatch(value) else None


def _decoded(message: RequestView | ResponseView, limit: int) -> bytes | None:
    content = message.content
    if isinstance(content, Plain):
        return content.data if 0 < len(content.data) <= limit else None
    if not isinstance(content, bytes) or not content or len(content) > DOCUMENT_LIMIT:
        return None
    if not codings(_coding(message.headers)):
        return content if len(content) <= limit else None
    decoded = decode(content, _coding(message.headers), keep=limit)
    return decoded.content if decoded else None


# -- documents -----------------------------------------------------------------------------------------------------------


def _request_document(
    request: RequestView, route: Route | None, known: BodyFacts, redactor: Redactor
) -> bytes | None:
    if known.complete is False:
        return None
    if request.method == b"PUT" and route is not None and route.kind is RouteKind.MANIFEST:
        data = _decoded(request, DOCUMENT_LIMIT)
        return data if data is not None and (redactor.level == "none" or parse_document(data)) else None
    form = _form(request) if route is None else None
    return redactor.form(form) if form is not None else None


def _form(request: RequestView) -> bytes | None:
    """The body of a POST where it is a form."""
    if request.method != b"POST" or not _is_form(request):
        return None
    return _decoded(request, _FORM_LIMIT)


def learn_form(request: RequestView, redactor: Redactor) -> None:
    """Have the redactor remember what a POST tells a login or token service."""
    if request.method == b"POST" and request.content:
        form = _form(request)
        if form is not None:
            redactor.form(form)


def _response_document(
    request: RequestView,
    response: ResponseView,
    route: Route | None,
    query: str,
    known: BodyFacts,
    redactor: Redactor,
) -> bytes | None:
    status = response.status_code
    if status >= 400:
        data = _decoded(response, DOCUMENT_LIMIT)
        return redactor.error(data) if data is not None else None
    if not 200 <= status < 300 or known.complete is False:
        return None
    if route is not None and route.kind is RouteKind.MANIFEST and request.method == b"GET" and status == 200:
        return _manifest(_decoded(response, DOCUMENT_LIMIT), redactor)
    if route is not None:
        return _instead(_decoded(response, _FORM_LIMIT), route, redactor)
    if request.method not in {b"GET", b"POST"}:
        return None
    asked = _TOKEN_QUERY.search(unquote(query)) is not None or _asks_by_form(request)
    data = _decoded(response, _TOKEN_LIMIT)
    if data is None:
        return None
    if asked or _is_token_answer(data):
        return redactor.token_answer(data)
    page = len(data) <= _FORM_LIMIT and _PAGE.match(data)  # in a storage's place
    return redactor.error(data) if page else None


def _instead(data: bytes | None, route: Route, redactor: Redactor) -> bytes | None:
    """What something that is no registry says to a ping, and a page in a blob's place."""
    if data is None or route.kind not in (RouteKind.PING, RouteKind.BLOB):
        return None
    return redactor.error(data) if route.kind is RouteKind.PING or _PAGE.match(data) else None


def _asks_by_form(request: RequestView) -> bool:
    form = _form(request)
    return form is not None and any(name == "grant_type" for name, _ in form_pairs(form))


def _is_token_answer(data: bytes) -> bool:
    """A JSON object with a token in it, under a name in any case and however it is escaped."""
    if data.lstrip()[:1] not in {b"{", b"\xef"}:
        return False
    loaded = load(data, _TOKEN_LIMIT)
    if loaded is None or not isinstance(loaded.value, dict):
        return False
    return any(key.lower() in _TOKEN_NAMES for key in loaded.value)


def _manifest(data: bytes | None, redactor: Redactor) -> bytes | None:
    """A manifest as it is; what came in its place, such as a login page, redacted."""
    if data is None or redactor.level == "none" or parse_document(data) is not None:
        return data
    return redactor.token_answer(data) if _is_token_answer(data) else redactor.error(data)
