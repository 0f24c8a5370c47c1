"""A stream of mitmproxy's that goes on where its upstream broke off, and breaks what is wrong. A part of ``private``.

Knows: the states of mitmproxy's ``HttpStream``. Must not know: how a request is sent again (``trying.py``), where to
(``asking.py``), what may be taken (``wire.resuming``), digests (``breaking.py``), time's judgement (``stalls.py``).

The client's side of the stream never hears of a cut: what it gets is counted, and when upstream ends too early, the
request is sent again for the rest, on whatever connection there is. Callables that see the body see its bytes in a row,
once. A flow that nobody guards is carried by mitmproxy's own stream, unchanged.
"""

import time

from mitmproxy import http
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers.http import SendHttp
from mitmproxy.proxy.layers.http._events import (
    RequestEndOfMessage,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
)

from inspector.recorder import sharing
from inspector.recorder.private import breaking, leaving, stalls
from inspector.recorder.private.asking import Digesting, Guard, PullInspectorWaitHook
from inspector.recorder.private.trying import Commands, Transfer, TryingStream, fields_of
from inspector.wire import resuming


class HealingStream(TryingStream):
    """Takes the place of mitmproxy's stream."""

    # -- events that come in -------------------------------------------------------------------------------------------

    def _handle_event(self, event: events.Event) -> Commands[None]:
        if isinstance(event, events.Wakeup):
            return self._look(event)
        return super()._handle_event(event)  # type: ignore[no-any-return]

    def state_consume_request_body(self, event: events.Event) -> Commands[None]:
        yield from super().state_consume_request_body(event)
        if isinstance(event, RequestEndOfMessage) and self._guarded() and self._timer is None:
            yield from self._arm()

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
                # Else its end could not be told from a break.
                response.headers["transfer-encoding"] = "chunked"
                self._transfer.until_eof = not response.is_http2
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
        fields = fields_of(response.headers)
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
        if guard is not None and isinstance(event, ResponseProtocolError):
            if self._may_go_on():
                yield from self._broke(guard, event.message)
                return
            if self.server_state == self.state_stream_response_body and self.flow.error is None:
                # Of no known length: it cannot be gone on with, but who it was shall be told.
                yield from self._give_up(event.message)
                return
        self._finish()
        for command in super().handle_protocol_error(event):
            # The client's end is told to the server, which there is none of while a connection is tried again.
            if not isinstance(command, SendHttp) or command.connection in self._layer.connections:
                yield command

    # -- the body ------------------------------------------------------------------------------------------------------

    @property
    def _is_get(self) -> bool:
        return self.flow.request.method == "GET"

    def _measure(self, guard: Guard, response: http.Response) -> None:
        """Keep of the head what healing and checking need, as upstream sent it: addons may change it."""
        transfer, status = self._transfer, response.status_code
        fields = fields_of(response.headers)
        transfer.span = resuming.span_of(self.flow.request.method, status, fields)
        if status == 200 and self._is_get:
            transfer.check = breaking.check_of(guard.digest, coding=response.headers.get("content-encoding"))
        sharing.offer(self.flow, transfer.check.body if transfer.check else None)
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
        if transfer.until_eof:
            # mitmproxy takes it for a chunked answer now, after which a connection would be kept.
            yield commands.CloseConnection(self.context.server)

    def _broke(self, guard: Guard, why: str) -> Commands[None]:
        transfer = self._transfer
        if transfer.started and transfer.span is not None and transfer.got == transfer.span.size:
            # HTTP/2: nothing but its end was lost.
            yield from self._end(guard, transfer, ResponseEndOfMessage(self.stream_id))
            return
        yield from super()._broke(guard, why)

    # -- time ------------------------------------------------------------------------------------------------------------

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


def _is_empty(event: ResponseHeaders) -> bool:
    return event.end_stream or event.response.headers.get("content-length", "").strip() == "0"
