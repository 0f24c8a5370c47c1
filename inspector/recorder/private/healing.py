"""A stream of mitmproxy's that goes on where its upstream broke off, and breaks what is wrong. A part of ``private``.

Knows: mitmproxy's ``HttpStream`` and its states. Must not know: where to go on (``asking.py``), what may be taken
(``wire.resuming``), digests (``breaking.py``), time's judgement (``stalls.py``), an upstream's inside (``leaving.py``).

The client's side of the stream never hears of a cut: what it gets is counted, and when upstream ends too early, the
request is sent again for the rest, on whatever connection there is. Callables that see the body see its bytes in a row,
once. A flow that nobody guards is carried by mitmproxy's own stream, unchanged. Two cautions hold everywhere:

* An event that comes while the stream waits for a hook is queued; events of the upstream that is left must not be
  played into the next try (``leaving.forget``).
* Whoever waits looks for the client in that queue first: when it has gone, nothing is asked any more.
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
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._hooks import HttpResponseHeadersHook

from inspector.recorder.private import asking, breaking, leaving, stalls
from inspector.recorder.private.asking import Digesting, Guard, PullInspectorWaitHook, Question
from inspector.wire import resuming

HEAD = 4
"""The first answer may take this many times as long as a pause within a body: some registries fetch before they answer."""

type Commands[T] = Generator[commands.Command, Any, T]


class _Nobody:
    """Takes the events of timers that nobody waits for, so that they keep no stream in memory."""

    def handle_event(self, _: events.Event) -> Commands[None]:
        yield from ()


NOBODY: Any = _Nobody()


class Transfer(msgspec.Struct, kw_only=True):
    """One response under way. ``got``: bytes of it so far; ``received``: all that came; ``skip``: to be passed over.

    ``at_try``: ``got`` at the last try. ``started``: the client has its head.
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
    note: dict[str, Any] = msgspec.field(default_factory=dict)


class HealingStream(HttpStream):
    """Takes the place of mitmproxy's stream; ``_guard`` is None for flows that are none of our business."""

    _guard: Guard | None = None
    _transfer: Transfer
    _watch: stalls.Watch
    _timer: commands.RequestWakeup | None = None

    # -- events that come in -------------------------------------------------------------------------------------------

    def _handle_event(self, event: events.Event) -> Commands[None]:
        if isinstance(event, events.Wakeup):
            return self._look(event)
        return super()._handle_event(event)  # type: ignore[no-any-return]

    def state_consume_request_body(self, event: events.Event) -> Commands[None]:
        yield from super().state_consume_request_body(event)
        if isinstance(event, RequestEndOfMessage) and self._guarded() and self._timer is None:
            yield from self._arm()

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

    def state_wait_for_response_headers(self, event: ResponseHeaders) -> Commands[None]:
        guard = self._guarded()
        if guard is None:
            yield from super().state_wait_for_response_headers(event)
            return
        response, status = event.response, event.response.status_code
        if resuming.asks(status, started=False) and (
            yield from self._try_again(guard, f"status {status}", response)
        ):
            return
        if status == 200 and self._is_get and _is_empty(event) and breaking.empty_is_wrong(guard.digest):
            yield from self._broke(guard, "upstream sent a body of no bytes")
            return
        self._measure(guard, response)
        if event.end_stream:
            self._finish()
        yield from super().state_wait_for_response_headers(event)

    def start_response_stream(self) -> Commands[None]:
        response = self.flow.response
        if self._guard is not None and response is not None:
            framed = "content-length" in response.headers or "transfer-encoding" in response.headers
            if not framed and self.flow.request.http_version == "HTTP/1.1":
                response.headers["transfer-encoding"] = (
                    "chunked"  # else its end could not be told from a break
                )
            self._transfer.started = True
            self._watch.start(self._guard.stall, time.monotonic())
            yield from self._arm()
        yield from super().start_response_stream()

    def state_stream_response_body(self, event: events.Event) -> Commands[None]:
        if self._guard is None:
            return super().state_stream_response_body(event)  # type: ignore[no-any-return]
        if isinstance(event, ResponseData):
            return self._piece(self._transfer, event)
        if isinstance(event, ResponseEndOfMessage):
            return self._end(self._guard, self._transfer, event)
        return super().state_stream_response_body(event)  # type: ignore[no-any-return]

    def state_rest(self, event: events.Event) -> Commands[None]:
        """Waits for the answer that holds the rest of the body."""
        guard, transfer = self._guard, self._transfer
        if not isinstance(event, ResponseHeaders) or guard is None or transfer.span is None:
            return
        response, status = event.response, event.response.status_code
        transfer.note["status"] = status
        fields = _fields(response.headers)
        found = resuming.judge(
            transfer.span, transfer.got, status, fields, checked=transfer.check is not None
        )
        if isinstance(found, int):
            transfer.skip = found
            self._watch.start(guard.stall, time.monotonic())
            self.server_state = self.state_stream_response_body
            return
        if resuming.asks(status, started=True) and (yield from self._try_again(guard, found, response)):
            return
        yield from leaving.leave(self._layer, self, self.context.server)
        yield from self._give_up(found)

    def handle_protocol_error(self, event: RequestProtocolError | ResponseProtocolError) -> Commands[None]:
        guard = self._guarded()
        if guard is not None and isinstance(event, ResponseProtocolError) and self._may_go_on():
            yield from self._broke(guard, event.message)
            return
        self._finish()
        yield from super().handle_protocol_error(event)

    # -- the body ------------------------------------------------------------------------------------------------------

    @property
    def _is_get(self) -> bool:
        return self.flow.request.method == "GET"

    def _measure(self, guard: Guard, response: http.Response) -> None:
        """Keep of the head what healing and checking need, as upstream sent it: addons may change it."""
        transfer, status = self._transfer, response.status_code
        fields = _fields(response.headers)
        transfer.span = resuming.span_of(self.flow.request.method, status, fields)
        if status == 200 and self._is_get:
            transfer.check = breaking.check_of(guard.digest, coding=response.headers.get("content-encoding"))
        if status in {200, 206}:
            response.stream = response.stream or True

    def _piece(self, transfer: Transfer, event: ResponseData) -> Commands[None]:
        transfer.received += len(event.data)
        if transfer.skip:
            passed = min(transfer.skip, len(event.data))
            transfer.skip -= passed
            event = ResponseData(self.stream_id, event.data[passed:])
        if not event.data:
            return
        transfer.got += len(event.data)
        if transfer.span is not None and transfer.got > transfer.span.size:
            # On HTTP/1 the surplus would be taken for the next answer.
            yield from leaving.leave(self._layer, self, self.context.server)
            yield from self._give_up("upstream sent more than it had said")
            return
        if transfer.check is None:
            yield from super().state_stream_response_body(event)
        else:
            transfer.check.feed(event.data, time.time())
            yield from self._hold_back(transfer, super().state_stream_response_body(event))
        if self.flow.error is not None:  # flow.kill() by an addon: at once, not when all is over
            yield from leaving.leave(self._layer, self, self.context.server)
            self._finish()
            yield from self.check_killed(True)

    def _hold_back(self, transfer: Transfer, passed: Commands[None]) -> Commands[None]:
        for command in passed:
            if isinstance(command, SendHttp) and isinstance(command.event, ResponseData):
                before = transfer.held.exchange(command.event.data)
                if before is not None:
                    yield SendHttp(ResponseData(self.stream_id, before), self.context.client)
            else:
                yield command

    def _end(self, guard: Guard, transfer: Transfer, event: ResponseEndOfMessage) -> Commands[None]:
        if transfer.span is not None and transfer.got < transfer.span.size:
            yield from self._broke(guard, "upstream ended the body too early")
            return
        check, transfer.check = transfer.check, None
        if check is not None:
            verdict = check.verdict_now() if check.quick else None
            if not check.quick:
                matter = Digesting(check)
                yield PullInspectorWaitHook(matter)
                verdict = matter.verdict
            if verdict is not None:
                yield from self._give_up(verdict)
                return
        self._finish()
        last = transfer.held.release()
        if last is not None:
            yield SendHttp(ResponseData(self.stream_id, last), self.context.client)
        yield from super().state_stream_response_body(event)

    # -- breaking off, and going on --------------------------------------------------------------------------------------

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
        transfer = self._transfer
        while True:
            question = self._question(guard, why, head)
            if question is None:
                return False
            yield PullInspectorWaitHook(question)
            if self._client_has_gone():
                return True  # which the queue will tell
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
            why, head = failure, None

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
        transfer = self._transfer
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

    # -- time ------------------------------------------------------------------------------------------------------------

    def _arm(self) -> Commands[None]:
        if self._timer is None and self._guard is not None and self._guard.stall > 0:
            self._timer = commands.RequestWakeup(self._watch.interval)
            yield self._timer

    def _look(self, event: events.Wakeup) -> Commands[None]:
        guard = self._guard
        if guard is None or event.command is not self._timer:
            return
        self._timer = None
        waits = (self.state_wait_for_response_headers, self.state_stream_response_body, self.state_rest)
        if self.server_state not in waits:
            return
        layer, transfer = self._layer, self._transfer
        waiting = stalls.pending(layer, self.stream_id, self.context.server)
        seen = self._watch.look(time.monotonic(), transfer.received, waiting)
        if seen is stalls.Seen.MOVES:
            yield from self._arm()
            return
        yield from leaving.leave(layer, self, self.context.server)
        if seen is stalls.Seen.CLIENT_STUCK:
            yield from self._give_up("the client takes nothing")
        elif self._may_go_on():
            yield from self._broke(guard, f"nothing came for {self._watch.stall:g} seconds")
        else:
            yield from self._give_up(f"nothing came for {self._watch.stall:g} seconds")


def _fields(headers: http.Headers) -> list[tuple[str, str]]:
    return [(n.decode("latin-1").lower(), v.decode("latin-1")) for n, v in headers.fields]


def _is_empty(event: ResponseHeaders) -> bool:
    return event.end_stream or event.response.headers.get("content-length", "").strip() == "0"
