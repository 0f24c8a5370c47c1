"""Lets every body flow through while it is hashed, and hides no cut. Knows: mitmproxy's flows and their ``stream``.

Must not know: stages, pulls, files. The law of the callables that mitmproxy calls with each piece of a body:

* They never raise: that would crash the layer, and the client would hang or see success.
* They never return ``b""``: within a chunked HTTP/1 body an empty chunk is the terminator, and an HTTP/2 peer may send
  an empty frame at any time. Nothing is ``[]``.
* What another addon put there first is called first-hand and its result is passed on.

A body that is held back until it is whole would turn a cut into a well-formed 502 or 200; so responses are streamed
whatever their size. Of small documents (manifest, token, error) a copy is kept and put back when all is over.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
from mitmproxy import http

from inspector.recorder import sharing
from inspector.recorder.hashing import DOCUMENT, BodyHash, Hasher, Measured

logger = logging.getLogger(__name__)

LARGE = 1 << 20
"""A request body above this, or of unknown length, is streamed; below, mitmproxy keeps it as it always does."""

FORM = "application/x-www-form-urlencoded"

type Pieces = bytes | Iterable[bytes]


class BodyStream:
    """One body under way. ``over`` says that its end was seen."""

    def __init__(
        self,
        body: BodyHash | sharing.Shared,
        expected: int | None,
        inner: Callable[[bytes], Pieces] | None,
    ) -> None:
        self.body = body
        self.expected = expected
        self.over = False
        self._inner = inner
        self._broken = False

    def __call__(self, data: bytes) -> Pieces:
        """What mitmproxy calls: a piece of the body, or ``b""`` at its end."""
        try:
            self.over = not data
            if data:
                self.body.feed(data, time.time())
        except Exception as error:
            self._give_up("cannot hash a body, its digest stays unknown", error)
        if self._inner is None:
            return data or []
        return self._pass_on(self._inner, data)

    def _pass_on(self, inner: Callable[[bytes], Pieces], data: bytes) -> Pieces:
        try:
            result = inner(data)
            return (result or []) if isinstance(result, bytes) else [piece for piece in result if piece]
        except Exception as error:
            self._give_up("another addon's stream callable failed, the body goes on unchanged", error)
            return data or []

    def _give_up(self, why: str, error: Exception) -> None:
        if not self._broken:
            self._broken = True
            logger.warning("%s (%s)", why, type(error).__name__)

    async def finish(self) -> Measured | None:
        """The facts when the body is over or cut; None when mitmproxy never streamed it, or hashing failed."""
        if self._broken or not (self.over or self.body.size):
            return None
        return await self.body.finish(complete=self.over)

    def finish_now(self) -> Measured | None:
        """The same at the end of the recording."""
        if self._broken or not (self.over or self.body.size):
            return None
        return self.body.finish_now(complete=self.over)


class Bodies(msgspec.Struct, kw_only=True):
    """The facts of both bodies of one flow, as far as they were streamed.

    ``added_chunked``: the answer's Transfer-Encoding is ours, not the server's. It has to stay in the flow, which
    mitmproxy still asks for it when it ends the body, but it does not belong into a record.
    """

    request: Measured | None = None
    response: Measured | None = None
    added_chunked: bool = False


class _Pair(msgspec.Struct, kw_only=True):
    flow: http.HTTPFlow
    request: BodyStream | None = None
    response: BodyStream | None = None
    added: bool = False  # we added Transfer-Encoding


class Streams:
    """The bodies of all flows under way; one that ended is forgotten."""

    def __init__(self) -> None:
        self.leave_small = False  # another addon rewrites bodies: mitmproxy has to hold those that it can
        self._hasher = Hasher()
        self._pairs: dict[str, _Pair] = {}

    def request_head(self, flow: http.HTTPFlow) -> None:
        """In ``requestheaders``: stream what is uploaded. Small forms and manifests mitmproxy keeps by itself."""
        if flow.response is not None or not _is_upload(flow.request):
            return  # mitmproxy cannot stream a request that an addon has answered
        stream = self._stream(flow.request, keep=_is_document_path(flow.request.path))
        self._pair(flow).request = stream
        flow.request.stream = stream

    def response_head(self, flow: http.HTTPFlow) -> None:
        """In ``responseheaders``: stream the answer, whatever its size (but see ``leave_small``)."""
        response = flow.response
        if response is not None and self.leave_small and (_length(response) or LARGE + 1) <= LARGE:
            return
        if response is None or not _has_body(flow.request.method, response.status_code):
            return
        pair = self._pair(flow)
        pair.response = self._stream(
            response, keep=keeps_document(flow.request, response), offer=sharing.offered(flow)
        )
        response.stream = pair.response
        if _needs_chunks(flow.request, response):
            response.headers["transfer-encoding"] = "chunked"
            pair.added = True

    def _pair(self, flow: http.HTTPFlow) -> _Pair:
        return self._pairs.setdefault(flow.id, _Pair(flow=flow))

    def _stream(self, message: http.Message, *, keep: bool, offer: BodyHash | None = None) -> BodyStream:
        inner = message.stream if callable(message.stream) else None
        own = BodyHash(self._hasher, coding=message.headers.get("content-encoding"), keep=keep)
        shared = sharing.Shared(own, offer) if offer and not keep else None
        return BodyStream(shared or own, _length(message), inner)

    async def end(self, flow: http.HTTPFlow) -> Bodies:
        """In ``response`` and ``error``: the facts, and the kept document back where mitmproxy's own readers look."""
        pair = self._pairs.pop(flow.id, None)
        if pair is None:
            return Bodies()
        return _restored(
            pair,
            await pair.request.finish() if pair.request else None,
            await pair.response.finish() if pair.response else None,
        )

    def end_now(self, flow: http.HTTPFlow) -> Bodies:
        """The same when the recording stops while the flow is under way."""
        pair = self._pairs.pop(flow.id, None)
        if pair is None:
            return Bodies()
        return _restored(
            pair,
            pair.request.finish_now() if pair.request else None,
            pair.response.finish_now() if pair.response else None,
        )

    def progress(self, least: int) -> Iterator[tuple[http.HTTPFlow, int, int | None]]:
        """Each answer under way of at least ``least`` bytes: its flow, the bytes so far, the bytes expected."""
        for pair in self._pairs.values():
            stream = pair.response
            if (
                stream is not None
                and not stream.over
                and max(stream.body.size, stream.expected or 0) >= least
            ):
                yield pair.flow, stream.body.size, stream.expected

    def __len__(self) -> int:
        return len(self._pairs)

    def close(self) -> None:
        """Let go of the worker thread."""
        self._hasher.close()


def _restored(pair: _Pair, request: Measured | None, response: Measured | None) -> Bodies:
    """Put the kept documents into the flow, and tell the facts."""
    for message, facts in ((pair.flow.request, request), (pair.flow.response, response)):
        if (
            message is not None
            and facts is not None
            and facts.document is not None
            and message.raw_content is None
        ):
            message.raw_content = facts.document
    return Bodies(request=request, response=response, added_chunked=pair.added)


def keeps_document(request: http.Request, response: http.Response) -> bool:
    """Whether the answer may be a document of interest: a manifest, a token, a list, an error; never a blob."""
    if (_length(response) or 0) > DOCUMENT:
        return False
    if response.status_code >= 400 or _is_document_path(request.path):
        return True
    if "/v2/" in request.path and "/blobs/" in request.path:
        return False
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in {"", FORM} or kind.endswith(("json", "xml", "+jwt"))


def _is_document_path(path: str) -> bool:
    return "/v2/" in path and any(part in path for part in ("/manifests/", "/referrers/", "/tags/list"))


def _is_upload(request: http.Request) -> bool:
    if request.method not in {"PUT", "PATCH", "POST"}:
        return False
    if "/blobs/uploads/" in request.path:
        return True
    if request.headers.get("content-type", "").lower().startswith(FORM):
        return False
    length = _length(request)
    return length is None or length > LARGE


def _has_body(method: str, status: int) -> bool:
    """RFC 9112 §6.3: no body after HEAD, CONNECT, 1xx, 204, 304."""
    return method not in {"HEAD", "CONNECT"} and status >= 200 and status not in {204, 304}


def _needs_chunks(request: http.Request, response: http.Response) -> bool:
    """An HTTP/2 body without length, to HTTP/1.1: unless it is chunked, its end cannot be told from a cut."""
    framed = "content-length" in response.headers or "transfer-encoding" in response.headers
    return not framed and response.is_http2 and request.http_version == "HTTP/1.1"


def _length(message: http.Message) -> int | None:
    value: Any = message.headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None
