"""A stream of mitmproxy's that lets faults strike between the server and everything else.

Knows: the states of mitmproxy's ``HttpStream``, which have no public way in for this. Must not know: which fault, whose turn.
What the server sends is broken before mitmproxy, any addon or any recording sees it: so whatever order scripts are loaded
in, all see what the client gets. The class is put in front of whatever class is there, which may be the mirror's own.
"""

import logging
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any

import mitmproxy.proxy.layers.http as layers
from mitmproxy import http
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers.http import SendHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
    ResponseTrailers,
)

from inspector.faults.effects import Action, Cut, Effect, Wait
from inspector.faults.injector import Collected, Gone, Injector, Matter, Replied, Sent

logger = logging.getLogger(__name__)

MOST_COLLECTED = 4 << 20
"""Bytes of an answer that are waited for; a larger one passes unbroken."""

type Commands[T] = Generator[commands.Command, Any, T]

_INJECTORS: dict[int, Injector] = {}


@dataclass(eq=False)
class PullInspectorFaultHook(commands.StartHook):  # type: ignore[no-untyped-call]
    """Waits without holding up other streams. mitmproxy allows one field only."""

    wait: Callable[[], Awaitable[None]]


def enlist(options: object, injector: Injector) -> None:
    """From now on the streams of the mitmproxy with these options are struck by this injector."""
    _INJECTORS[id(options)] = injector
    stream = layers.HttpStream
    if not issubclass(stream, FaultyStream):
        made = type("FaultyStream", (FaultyStream, stream), {})
        setattr(layers, "HttpStream", made)  # noqa: B010 - a class's name, which type checkers hold for fixed


def dismiss(options: object) -> None:
    """No more."""
    _INJECTORS.pop(id(options), None)


class FaultyStream(layers.HttpStream):
    """To be mixed in before another stream class. A flow that no fault strikes goes on to that one, event by event."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._matter: Matter | None = None
        self._own: http.Request | None = None  # the client's request, while another one is sent
        self._effect: Effect | None = None
        self._change: Callable[[http.Response], None] | None = None
        self._held: ResponseHeaders | None = None
        self._collected = bytearray()
        self._over = False  # the rest of the answer is let go

    # -- before the answer ---------------------------------------------------------------------------------------------

    def make_server_connection(self) -> Commands[bool]:
        """mitmproxy is about to ask the server."""
        injector = _INJECTORS.get(id(self.context.options))
        decision = None
        if injector is not None:
            try:
                self._matter, decision = injector.asks(self.flow)
            except Exception as error:  # hostile traffic costs a fault, never the traffic
                _complain(error)
        match decision:
            case Replied(response=response):
                yield from self._reply(response)
                return False
            case Gone(message=message):
                gone = ResponseProtocolError(self.stream_id, message, ErrorCode.KILL)
                yield from self.handle_protocol_error(gone)
                return False
            case Sent(request=request):
                self._own, self.flow.request = self.flow.request, request
        connected = yield from super().make_server_connection()
        if not connected:
            self._restore()
        return bool(connected)

    def _reply(self, response: http.Response) -> Commands[None]:
        content = response.raw_content or b""
        response.raw_content = None
        self.flow.response = response
        self._told()
        yield from self._pass(ResponseHeaders(self.stream_id, response, not content))
        if content:
            yield from self._pass(ResponseData(self.stream_id, content))
        yield from self._pass(ResponseEndOfMessage(self.stream_id))

    def _restore(self) -> None:
        if self._own is not None:
            self.flow.request, self._own = self._own, None

    # -- at the answer -------------------------------------------------------------------------------------------------

    def _handle_event(self, event: events.Event) -> Commands[None]:
        if self._over and isinstance(
            event, ResponseHeaders | ResponseData | ResponseTrailers | ResponseEndOfMessage
        ):
            return
        match event:
            case ResponseHeaders() if self._matter is not None:
                yield from self._head(event, self._matter)
            case ResponseProtocolError():
                self._restore()
                yield from self._pass(event)
            case ResponseData() if self._held is not None:
                yield from self._collect(event)
            case ResponseTrailers() if self._held is not None or self._effect is not None:
                pass  # they are of the body that was
            case ResponseEndOfMessage() if self._held is not None:
                yield from self._changed(self._held)
            case ResponseData() if self._effect is not None:
                yield from self._perform(self._effect.feed(event.data))
            case ResponseEndOfMessage() if self._effect is not None:
                yield from self._perform(self._effect.end())
                if not self._over:
                    yield from self._pass(event)
            case _:
                yield from self._pass(event)

    def _pass(self, event: events.Event) -> Commands[None]:
        return super()._handle_event(event)  # type: ignore[no-any-return]

    def _head(self, event: ResponseHeaders, matter: Matter) -> Commands[None]:
        asked_otherwise = self._own is not None and self._own.method == "HEAD"
        self._restore()
        self.flow.response = event.response
        has_body = not event.end_stream and self.flow.request.method != "HEAD"
        found = self._decide(matter, has_body=has_body)
        if isinstance(found, Collected):
            self._change, self._held = found.change, event
            return
        if asked_otherwise:  # a GET in place of HEAD whose answer is of no use
            self._change, self._held = (lambda _: None), event
            return
        self._effect = found
        self._frame(event.response, has_body=has_body)
        self._told()
        yield from self._pass(event)

    def _decide(self, matter: Matter, *, has_body: bool) -> Any:
        injector = _INJECTORS.get(id(self.context.options))
        try:
            return injector.answers(self.flow, matter, has_body=has_body) if injector else None
        except Exception as error:  # as above
            _complain(error)
            return None

    def _told(self) -> None:
        """The head is as the client gets it. Bodies are streamed: no blob is held, and a cut is seen as one."""
        injector, response = _INJECTORS.get(id(self.context.options)), self.flow.response
        if response is not None:
            response.stream = response.stream or True
        if injector is not None and self._matter is not None:
            try:
                injector.told(self.flow, self._matter)
            except Exception as error:  # as above
                _complain(error)

    def _frame(self, response: http.Response, *, has_body: bool) -> None:
        """A body whose length was taken away still needs an end that can be told from a cut."""
        framed = "content-length" in response.headers or "transfer-encoding" in response.headers
        if has_body and not framed and self.flow.request.http_version == "HTTP/1.1":
            response.headers["transfer-encoding"] = "chunked"

    # -- the whole body ------------------------------------------------------------------------------------------------

    def _collect(self, event: ResponseData) -> Commands[None]:
        self._collected += event.data
        if len(self._collected) > MOST_COLLECTED and self._held is not None:
            held, self._held = self._held, None
            logger.warning("a fault is left out: the answer is larger than %s bytes", MOST_COLLECTED)
            self._told()
            yield from self._pass(held)
            yield from self._pass(ResponseData(self.stream_id, bytes(self._collected)))
            self._collected.clear()

    def _changed(self, held: ResponseHeaders) -> Commands[None]:
        response, self._held = held.response, None
        response.raw_content = bytes(self._collected)
        length = response.headers.get("content-length")
        change, self._change = self._change, None
        try:
            if change is not None:
                change(response)
        except Exception as error:  # as above
            _complain(error)
        content = response.raw_content or b""
        response.raw_content = None
        response.headers.pop("transfer-encoding", None)
        if content:
            response.headers["content-length"] = str(len(content))
        elif length is not None and "content-length" in response.headers:
            pass  # of HEAD: as a GET would have it
        if self.flow.request.method == "HEAD":
            content = b""
        self.flow.response = response
        self._told()
        yield from self._pass(ResponseHeaders(self.stream_id, response, not content))
        if content:
            yield from self._pass(ResponseData(self.stream_id, content))
        yield from self._pass(ResponseEndOfMessage(self.stream_id))

    # -- the body as it passes -----------------------------------------------------------------------------------------

    def _perform(self, actions: Any) -> Commands[None]:
        for action in actions:
            yield from self._act(action)
            if self._over:
                return

    def _act(self, action: Action) -> Commands[None]:
        match action:
            case Wait():
                yield PullInspectorFaultHook(lambda: _hold(self, action))
                self._over = self._client_left() or not self.context.client.connected
            case Cut():
                self._over = True
                yield from self._leave_server()
                cut = "peer closed connection without sending complete message body (a fault)"
                yield from self._pass(
                    ResponseProtocolError(self.stream_id, cut, ErrorCode.GENERIC_SERVER_ERROR)
                )
            case bytes() if action:
                yield from self._pass(ResponseData(self.stream_id, action))

    def _leave_server(self) -> Commands[None]:
        """What is still to come is not wanted: an HTTP/1 connection closes, of HTTP/2 the stream ends."""
        if self.server_state == self.state_stream_response_body and self.flow.server_conn.connected:
            yield SendHttp(
                RequestProtocolError(self.stream_id, "left", ErrorCode.CANCEL), self.context.server
            )

    def _client_left(self) -> bool:
        return any(isinstance(event, RequestProtocolError) for event in self._paused_event_queue)

    def _more_waits(self) -> bool:
        return any(isinstance(event, ResponseData) for event in self._paused_event_queue)


async def _hold(stream: FaultyStream, wait: Wait) -> None:
    from inspector.faults.holding import hold

    await hold(stream.flow, wait.seconds, stream._client_left, stream._more_waits)  # noqa: SLF001 - this module's own


def _complain(error: Exception) -> None:
    """The kind only: its text may hold a secret."""
    logger.warning("a fault could not strike (%s); the traffic goes on", type(error).__name__)
    logger.debug("what failed:", exc_info=error)
