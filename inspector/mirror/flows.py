"""The mirror's side of mitmproxy: a flow to a ``Request``, and what was decided back into the flow.

Knows: mitmproxy's flows, ``service``, the dialling and the healing. Must not know: what is decided, or why.
"""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Iterator
from typing import Any

from mitmproxy import http

from inspector.mirror import answers
from inspector.mirror.asking import Job
from inspector.mirror.blobs import REDIRECTS, Stream
from inspector.mirror.entry import Entry, fields_of, response_of
from inspector.mirror.errors import refuse, refuse_failure
from inspector.mirror.io import dial
from inspector.mirror.io.client import Client
from inspector.mirror.io.tokens import TokenPool
from inspector.mirror.model import Answer, Failure, Request, Settings
from inspector.mirror.policy import TOKEN_PATH
from inspector.mirror.request import MOST_BYTES
from inspector.mirror.service import Mirror
from inspector.recorder.private import heal
from inspector.sources.redact import Redactor

logger = logging.getLogger(__name__)

DRAIN = 10.0
"""Seconds that requests under way are given when mitmproxy is told to stop."""


class Flows:
    """The flows under way. The hooks' names are mitmproxy's."""

    def __init__(self, settings: Settings) -> None:
        self._client = Client()
        self._mirror = Mirror(settings, self._client, TokenPool(self._client))
        self._entries: dict[str, Entry] = {}
        self._redactor = Redactor()
        self._closing = False

    def change(self, settings: Settings) -> None:
        """New settings; requests under way go on with the old."""
        self._mirror = Mirror(settings, self._client, TokenPool(self._client))

    async def close(self) -> None:
        """Take no more requests, give those under way their time, and let go of what is kept open."""
        self._closing = True
        if self._entries:
            logger.info(
                "pull-inspector: %d requests are under way: at most %g s more; a second signal ends them now",
                len(self._entries),
                DRAIN,
            )
            with _second_signal() as now, contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DRAIN):
                    # The end of mitmproxy's flows has no event of its own.
                    while self._entries and not now.is_set():  # noqa: ASYNC110 - as above
                        await asyncio.sleep(0.05)
        await self._client.close()
        dial.strict(False)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """A request begins: one with a body that no registry client sends to a mirror is not read."""
        length = flow.request.headers.get("content-length", "0").strip()
        small = length.isascii() and length.isdigit() and int(length[:20]) <= MOST_BYTES
        if self._closing:
            headers = (("retry-after", "5"), ("connection", "close"))
            self._answer(flow, refuse(503, "UNAVAILABLE", "this mirror is shutting down", headers))
        elif not small or (
            "transfer-encoding" in flow.request.headers and not _is_chunked_form(flow.request)
        ):
            self._answer(flow, refuse(405, "UNSUPPORTED", "this mirror is pull only: it takes no uploads"))

    async def request(self, flow: http.HTTPFlow) -> None:
        """Decide, ask, and answer; or have mitmproxy fetch a blob."""
        if flow.response is not None:
            return
        entry = Entry(flow, Job(request=request_of(flow)), time.time())
        self._entries[flow.id] = entry
        try:
            result = await self._mirror.handle(entry.job, flow.request.raw_content or b"")
        except Exception as error:
            # Its traceback could quote a token; the kind and the place are enough to find it.
            logger.error("pull-inspector: the mirror failed over a request: %s", _where(error))  # noqa: TRY400 - a traceback may hold secrets
            result = refuse(500, "UNKNOWN", "the mirror failed over this request; its log says where")
        entry.decided = time.time()
        if isinstance(result, Answer):
            entry.reason = result.reason
            self._answer(flow, result)
        else:
            self._fetch(entry, result)

    def _answer(self, flow: http.HTTPFlow, answer: Answer) -> None:
        flow.response = response_of(answer)
        if flow.request.method == "HEAD":
            # mitmproxy would send it, and the client take it for the next answer.
            flow.response.raw_content = b""
        if answer.status >= 400 and answer.reason and answer.status != 401:
            logger.info(
                "pull-inspector: %s answered %s: %s", flow.request.method, answer.status, answer.reason
            )

    # -- blobs -----------------------------------------------------------------------------------------------------------

    def _fetch(self, entry: Entry, stream: Stream) -> None:
        """Have mitmproxy send the stream's request in place of the client's, and go on with it when it breaks off."""
        entry.job.inside = True
        entry.fetch(stream, time.time())
        dial.expect(entry.flow, stream.endpoint)
        settings = self._mirror.settings
        mirror = self._mirror

        async def again(_: http.HTTPFlow, attempt: int, why: str) -> bool:
            return await self._again(entry, mirror, attempt, why)

        heal.guard(
            entry.flow,
            digest=stream.target.reference,
            # One more than are made: ``Blobs.may_retry`` says no to it, and then the client is told why.
            tries=settings.tries + 1,
            pause=0.0,  # ``Blobs.may_retry`` waits
            stall=settings.stall,
            again=again,
        )

    async def _again(self, entry: Entry, mirror: Mirror, attempt: int, why: str) -> bool:
        """What healing asks: whether, and where, to go on. Where not, and nothing has passed, the client hears why."""
        stream, head = entry.stream, entry.flow.response if why.startswith("status ") else None
        if stream is None:
            return False
        entry.ended(time.time(), None if head else why)
        status = head.status_code if head else None
        entry.refused = entry.refused + 1 if status == 403 else 0
        try:
            if head is not None and head.status_code in REDIRECTS:
                onward = await mirror.blobs.onward(stream, head.status_code, fields_of(head.headers))
            elif await mirror.blobs.may_retry(attempt, status, refused=entry.refused):
                if head is None:
                    mirror.asking.failed(stream.url)
                result = await mirror.ask(entry.job, stream.target)
                if isinstance(result, Answer):
                    # Docker comes back with a rewritten redirect without its token: the storage's word is the one that helps.
                    lost = result.status == 401 and head is not None
                    return self._give_up(
                        entry, await self._refused(entry, mirror, stream, why) if lost else result
                    )
                onward = result
            else:
                return self._give_up(entry, await self._refused(entry, mirror, stream, why))
        except Failure as failure:
            return self._give_up(entry, refuse_failure(stream.target.upstream.name, failure))
        entry.fetch(onward, time.time())
        dial.expect(entry.flow, onward.endpoint)
        return True

    async def _refused(self, entry: Entry, mirror: Mirror, stream: Stream, why: str) -> Answer:
        """What the client hears of a blob that was not had."""
        head = entry.flow.response if why.startswith("status ") else None
        said = await mirror.blobs.words_of(entry.job, stream, head.status_code if head else None)
        fields = None if head is None else fields_of(head.headers)
        return answers.not_fetched(stream.target, stream.url, why, head=fields, body=said)

    def _give_up(self, entry: Entry, answer: Answer) -> bool:
        entry.reason = answer.reason
        logger.info("pull-inspector: a blob was not delivered: %s", answer.reason)
        if not entry.began:
            entry.flow.response = response_of(answer)
        return False

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """A blob begins, or was refused by what holds it."""
        entry = self._entries.get(flow.id)
        if (
            entry is not None
            and entry.stream is not None
            and flow.response is not None
            and entry.reason is None
        ):
            entry.begin()

    def response(self, flow: http.HTTPFlow) -> None:
        """The answer is complete."""
        entry = self._entries.get(flow.id)
        if entry is not None:
            entry.say()
        self.error(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        """The flow has ended: it is left as the client saw it, with what was done upstream beside it."""
        entry = self._entries.pop(flow.id, None)
        if entry is not None:
            entry.close(self._redactor, time.time())

    def server_connect(self, data: Any) -> None:
        """mitmproxy is about to dial."""
        dial.server_connect(data)


@contextlib.contextmanager
def _second_signal() -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set. mitmproxy's own way with them is over: it has been told to stop."""
    told, loop, heard = asyncio.Event(), asyncio.get_running_loop(), []
    try:
        with contextlib.suppress(
            NotImplementedError, RuntimeError, ValueError
        ):  # no signals here: not the main thread
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, told.set)
                heard.append(number)
        yield told
    finally:
        for number in heard:
            loop.remove_signal_handler(number)


def _is_chunked_form(request: http.Request) -> bool:
    """podman, skopeo and buildah send an identity token so; ``recorder.private.guests`` sees to the form's size."""
    path = request.path.partition("?")[0]
    form = request.method == "POST" and (path == TOKEN_PATH or path.startswith(f"{TOKEN_PATH}/"))
    return form and request.headers["transfer-encoding"].strip().lower() == "chunked"


def request_of(flow: http.HTTPFlow) -> Request:
    """The client's request, as it came."""
    request = flow.request
    peer = flow.client_conn.peername
    # Of HTTP/1 only an absolute-form target, or CONNECT, has an authority.
    absolute = not request.is_http2 and not request.is_http3 and bool(request.authority)
    return Request(
        method=request.method,
        target=request.path,
        headers=fields_of(request.headers),
        peer=peer[0] if peer else "",
        secure=flow.client_conn.tls_established,
        authority=request.authority,
        absolute=absolute,
    )


def _where(error: Exception) -> str:
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = f" in {last.tb_frame.f_code.co_qualname}, line {last.tb_lineno}" if last else ""
    return f"{type(error).__name__}{place}"
