"""A stream that can send its request again, wherever its flow's guard says. A part of ``private``.

Knows: mitmproxy's ``HttpStream``, how a request is sent and an answer given up. Must not know: what in a body makes it
try again (``healing.py``). Two cautions hold:

* An event that comes while the stream waits for a hook is queued; events of the upstream that is left must not be
  played into the next try (``leaving.forget``). What an upstream may send meanwhile is bounded.
* Whoever has waited looks for the client in that queue first: when it has gone, nothing is asked any more.
"""

import time
from collections.abc import Generator
from logging import INFO, WARNING
from typing import Any

import msgspec
from mitmproxy import http
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers.http import HttpLayer, HttpStream, SendHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestEndOfMessage,
    RequestHeaders,
    RequestProtocolError,
    ResponseData,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._hooks import HttpResponseHeadersHook

from inspector.recorder.private import asking, breaking, leaving, stalls
from inspector.recorder.private.asking import Guard, PullInspectorWaitHook, Question
from inspector.wire import resuming
from inspector.wire.clean import clean

HEAD = 4
"""The first answer may take this many times as long as a pause within a body: some registries fetch before they answer."""

type Commands[T] = Generator[commands.Command, Any, T]


class _Nobody:
    """Takes the events of timers that nobody waits for, so that they keep no stream in memory."""

    def handle_event(self, _: events.Event) -> Commands[None]:
        yield from ()


NOBODY: Any = _Nobody()


MOST_WAITING = 1 << 20
"""Bytes of a refusal's body that may come while it is asked where to go on: nobody holds its upstream back."""


class Transfer(msgspec.Struct, kw_only=True):
    """One response under way. ``got``: bytes of it so far; ``received``: all that came; ``skip``: to be passed over.

    ``at_try``: ``got`` at the last try. ``started``: the client has its head. ``waiting``: bytes that came while it is asked
    where to go on, None when it is not. ``until_eof``: upstream's end is that of its connection.
    """

    span: resuming.Span | None = None
    check: breaking.Check | None = None
    held: breaking.Held = msgspec.field(default_factory=breaking.Held)
    got: int = 0
    received: int = 0
    skip: int = 0
    at_try: int = 0
    attempt: int = 0
    redirects: int = 0
    started: bool = False
    waiting: int | None = None
    until_eof: bool = False
    note: dict[str, Any] = msgspec.field(default_factory=dict)


class TryingStream(HttpStream):
    """``_guard`` is None for flows that are none of our business."""

    _guard: Guard | None = None
    _transfer: Transfer
    _watch: stalls.Watch
    _timer: commands.RequestWakeup | None = None

    def state_rest(self, event: events.Event) -> Commands[None]:
        """Waits for the answer that holds the rest of the body."""
        raise NotImplementedError

    def _guarded(self) -> Guard | None:
        """The flow's guard, from the moment that it may be in force: the request is there, and has no body."""
        guard = asking.guard_of(self.flow) if hasattr(self, "flow") else None
        if guard is None or self.flow.request.raw_content or self.client_state != self.state_done:
            return None
        if self._guard is None:
            self._guard, self._transfer = guard, Transfer()
            stuck = float(self.context.options.tcp_timeout)
            self._watch = stalls.Watch(HEAD * guard.stall, stuck, time.monotonic())
        return self._guard

    def handle_event(self, event: events.Event) -> Commands[None]:
        if self._guard is None or self._transfer.waiting is None or not isinstance(event, ResponseData):
            return super().handle_event(event)
        return self._queue_up(self._transfer, event)

    def _queue_up(self, transfer: Transfer, event: ResponseData) -> Commands[None]:
        transfer.waiting = (transfer.waiting or 0) + len(event.data)
        if transfer.waiting <= MOST_WAITING:
            yield from super().handle_event(event)
            return
        yield from leaving.leave(self._layer, self, self.context.server)
        why = "upstream sent more than an error's size"
        self._paused_event_queue.append(
            ResponseProtocolError(self.stream_id, why, ErrorCode.GENERIC_SERVER_ERROR)
        )

    @property
    def _layer(self) -> HttpLayer:
        found = self.context.layers[self.context.layers.index(self) - 1]
        if not isinstance(found, HttpLayer):
            raise TypeError(f"{found!r} is no HttpLayer")
        return found

    def _may_go_on(self) -> bool:
        if self.flow.error is not None or self._client_has_gone():
            return False
        if self.server_state == self.state_wait_for_response_headers:
            return True
        rest = self.server_state in (self.state_stream_response_body, self.state_rest)
        return rest and self._transfer.span is not None

    def _client_has_gone(self) -> bool:
        return any(isinstance(event, RequestProtocolError) for event in self._paused_event_queue)

    def _broke(self, guard: Guard, why: str) -> Commands[None]:
        if not (yield from self._try_again(guard, why)):
            yield from self._give_up(why)

    def _try_again(self, guard: Guard, why: str, head: http.Response | None = None) -> Commands[bool]:
        """Send the request once more; False when that is not to be. True also when there is nothing left to do."""
        transfer, why = self._transfer, clean(why, 200)
        while True:
            question = self._question(guard, why, head)
            if question is None:
                return False
            transfer.waiting = 0
            yield PullInspectorWaitHook(question)
            transfer.waiting = None
            if self._client_has_gone():
                # Which the queue will tell, once nothing of the head's body stands before it.
                yield from leaving.leave(self._layer, self, self.context.server)
                return True
            if not question.yes and question.answer is None:
                return False
            yield from leaving.leave(self._layer, self, self.context.server)
            if not question.yes:
                yield from self._answer(question.answer)
                return True
            if head is None or not resuming.is_redirect(head.status_code):
                transfer.note = asking.note(self.flow, transfer.got, why)
            failure = yield from self._connect()
            if failure is None:
                yield from self._send()
                return True
            why, head = clean(failure, 200), None

    def _question(self, guard: Guard, why: str, head: http.Response | None) -> Question | None:
        transfer = self._transfer
        if head is not None and resuming.is_redirect(head.status_code):
            transfer.redirects += 1
            attempt, pause = transfer.attempt + 1, 0.0
            if transfer.redirects > asking.MOST_REDIRECTS:
                return None
        else:
            attempt = resuming.attempt_after(transfer.attempt, transfer.got - transfer.at_try)
            if attempt > guard.tries:
                return None
            transfer.attempt, transfer.at_try, transfer.redirects = attempt, transfer.got, 0
            pause = guard.pause
        if head is not None:
            why = f"status {head.status_code}"
        return Question(self.flow, guard, attempt, why, head, transfer.started, pause)

    def _connect(self) -> Commands[str | None]:
        """As ``make_server_connection``, but a failure is returned."""
        request, server = self.flow.request, self.flow.server_conn
        connection, failure = yield leaving.GetLiveConnection(
            (request.host, request.port), request.scheme == "https", server.via, server.transport_protocol
        )
        if failure:
            return str(failure)
        self.context.server = self.flow.server_conn = connection
        return None

    def _send(self) -> Commands[None]:
        request, transfer = self.flow.request.copy(), self._transfer
        self.server_state = self.state_wait_for_response_headers
        if transfer.started and transfer.span is not None:
            self.server_state = self.state_rest
            for name, value in resuming.request_fields(transfer.span, transfer.got).items():
                request.headers.pop(name, None)
                if value is not None:
                    request.headers[name] = value
            yield commands.Log(f"Asking {request.host} again from byte {transfer.got}.", INFO)
        if self._guard is not None:
            self._watch.start(self._guard.stall * (1 if transfer.started else HEAD), time.monotonic())
        yield from self._arm()
        yield SendHttp(RequestHeaders(self.stream_id, request, end_stream=True), self.context.server)
        yield SendHttp(RequestEndOfMessage(self.stream_id), self.context.server)

    def _answer(self, answer: http.Response | None) -> Commands[None]:
        """The client has had nothing yet, and whoever guards the flow answers in upstream's place."""
        self.flow.response = answer
        if answer is not None:
            self._finish()
            answer.timestamp_start = time.time()
            yield HttpResponseHeadersHook(self.flow)
            if not (yield from self.check_killed(True)):
                yield from self.send_response()

    def _give_up(self, why: str) -> Commands[None]:
        """Let the client see a broken transfer, or mitmproxy's error when it has had nothing."""
        self._finish()
        transfer, why = self._transfer, clean(why, 300)
        if transfer.started:
            size = f" of {transfer.span.size}" if transfer.span else ""
            why = f"{why} (transfer from {self.flow.request.pretty_host} broken at byte {transfer.got}{size})"
        yield commands.Log(why, WARNING)
        event = ResponseProtocolError(self.stream_id, why, ErrorCode.GENERIC_SERVER_ERROR)
        yield from super().handle_protocol_error(event)

    def _finish(self) -> None:
        """Nothing is watched or hashed any more."""
        if self._guard is None:
            return
        if self._timer is not None:
            self._layer.command_sources[self._timer] = NOBODY
            self._timer = None
        check, self._transfer.check = self._transfer.check, None
        if check is not None:
            check.verdict_now()  # it has a share of the hasher's bounds

    def _arm(self) -> Commands[None]:
        if self._timer is None and self._guard is not None and self._guard.stall > 0:
            self._timer = commands.RequestWakeup(self._watch.interval)
            yield self._timer


def fields_of(headers: http.Headers) -> list[tuple[str, str]]:
    """Names in lower case, values as they came."""
    return [(n.decode("latin-1").lower(), v.decode("latin-1")) for n, v in headers.fields]
