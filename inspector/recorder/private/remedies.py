"""The small remedies: larger reads and writes, no lost close, no forgotten stream, no DATA in an answer to HEAD.

Must not know: flows, captures. It knows mitmproxy 12.2's ``proxy/server.py``, ``proxy/layers/tls.py`` and
``proxy/layers/http/_http2.py``.
``__init__.py`` says why each is there.
"""

import asyncio
import functools
from collections import defaultdict
from collections.abc import Generator
from typing import Any

import h2.events
import h2.stream
from mitmproxy import addonmanager, exceptions, hooks
from mitmproxy.connection import Connection
from mitmproxy.proxy import commands, server
from mitmproxy.proxy.layers import tls
from mitmproxy.proxy.layers.http import _http2
from mitmproxy.proxy.layers.http._events import ResponseEndOfMessage, ResponseProtocolError

from inspector.recorder.private.fit import require_names, require_parameters, with_constant

READ_STOCK = 65_535
READ_SMALL = 65_536
"""What asyncio takes at once from a connection that is to be spared: one byte less would leave one over each time."""

READ_LARGE = 262_144
MOST_LARGE = 8
"""Connections that get large reads at once: each costs about a megabyte, and beyond this they gain little."""

SEND_STOCK = 65_535
SEND_LARGE = READ_LARGE + (32 << 10)
"""Bytes of TLS records that are taken for one write: a large read and what TLS adds to it, with room."""


def read_more_at_once() -> None:
    handler = server.ConnectionHandler
    stock = handler.handle_connection
    require_names(stock, "transports", "read", "drain_writers", "server_event")
    small, large = (with_constant(stock, READ_STOCK, size) for size in (READ_SMALL, READ_LARGE))
    busy = 0

    @functools.wraps(stock)
    async def handle_connection(self: server.ConnectionHandler, connection: Connection) -> None:
        nonlocal busy
        busy += 1
        try:
            await (large if busy <= MOST_LARGE else small)(self, connection)
        finally:
            busy -= 1

    handler.handle_connection = handle_connection  # type: ignore[method-assign]


def send_more_at_once() -> None:
    """What was read at once is written at once, in one call in place of up to five."""
    layer = tls.TLSLayer
    require_names(layer.tls_interact, "bio_read", "SendData")
    layer.tls_interact = with_constant(layer.tls_interact, SEND_STOCK, SEND_LARGE)  # type: ignore[method-assign]


# -- hooks -------------------------------------------------------------------------------------------------------------


class _Hearing:
    """Which of mitmproxy's own addons have no hook of a name, found out once for each kind of addon."""

    def __init__(self) -> None:
        self._deaf: defaultdict[str, set[type]] = defaultdict(set)
        self._asked: defaultdict[str, set[type]] = defaultdict(set)

    def __call__(self, chain: list[object], name: str) -> list[object]:
        """The addons of the chain that are to be called."""
        for addon in chain:
            cls = type(addon)
            if cls not in self._asked[name]:
                self._asked[name].add(cls)
                theirs = cls.__module__.startswith("mitmproxy.addons.")
                own = theirs and cls.__module__ != "mitmproxy.addons.script"
                if own and not hasattr(addon, name) and not hasattr(addon, "addons"):
                    self._deaf[name].add(cls)
        skipped = self._deaf[name]
        return [addon for addon in chain if type(addon) not in skipped]


def pass_over_deaf_addons() -> None:
    """Of mitmproxy's own addons, some thirty, only those that have a hook are called for it.

    Others are always asked: an addon of the user's may get a hook at any time.
    """
    manager = addonmanager.AddonManager
    require_names(manager.trigger_event, "chain", "invoke_addon", "AddonHalt")
    require_names(manager.trigger, "chain", "invoke_addon_sync", "AddonHalt")
    require_parameters(manager.invoke_addon, "self", "addon", "event")
    hearing = _Hearing()

    @functools.wraps(manager.trigger_event)
    async def trigger_event(self: addonmanager.AddonManager, event: hooks.Hook) -> None:
        for addon in hearing(self.chain, event.name):
            try:
                with addonmanager.safecall():
                    await self.invoke_addon(addon, event)
            except exceptions.AddonHalt:
                return

    @functools.wraps(manager.trigger)
    def trigger(self: addonmanager.AddonManager, event: hooks.Hook) -> None:  # a line of log is an event too
        for addon in hearing(self.chain, event.name):
            try:
                with addonmanager.safecall():
                    self.invoke_addon_sync(addon, event)
            except exceptions.AddonHalt:
                return

    manager.trigger_event = trigger_event  # type: ignore[method-assign]
    manager.trigger = trigger  # type: ignore[method-assign]


# -- lost-close --------------------------------------------------------------------------------------------------------


class PatientLock(asyncio.Lock):
    """A lock whose ``acquire`` cannot be cancelled: the cancellation is delivered at the holder's next wait.

    In ``handle_connection`` that next wait stands in a ``try``, whereas the wait for this lock does not.
    """

    async def acquire(self) -> bool:  # type: ignore[override]  # typeshed says Literal[True]
        cancelled = False
        while True:
            try:
                await super().acquire()
                break
            except asyncio.CancelledError:
                cancelled = True
        task = asyncio.current_task()
        if cancelled and task is not None:
            task.cancel()
        return True


def never_lose_a_close() -> None:
    original = server.ConnectionHandler.__init__
    require_names(original, "_server_event_lock", "Lock")
    require_names(server.ConnectionHandler.server_event, "_server_event_lock")

    @functools.wraps(original)
    def init(self: server.ConnectionHandler, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self._server_event_lock = PatientLock()

    server.ConnectionHandler.__init__ = init  # type: ignore[method-assign]


# -- queued-streams ----------------------------------------------------------------------------------------------------


def end_queued_streams() -> None:
    client = _http2.Http2Client
    original = client.close_connection
    require_parameters(original, "self", "msg")
    require_names(client.__init__, "their_stream_id", "stream_queue")
    require_names(_http2.Http2Connection.__init__, "streams")

    def close_connection(self: _http2.Http2Client, msg: str) -> Generator[commands.Command, Any, None]:
        # A queued stream has no number of its own on this connection yet; a negative one cannot collide.
        for stream_id in list(self.stream_queue):
            self.their_stream_id[-stream_id] = stream_id
            self.streams[-stream_id] = _http2.StreamState.EXPECTING_HEADERS
        self.stream_queue.clear()
        yield from original(self, msg)

    client.close_connection = close_connection  # type: ignore[method-assign,assignment]


# -- head-502 ----------------------------------------------------------------------------------------------------------


def answer_head_without_data() -> None:
    server_side = _http2.Http2Server
    handle, heard = server_side._handle_event, server_side.handle_h2_event  # noqa: SLF001 - the remedy's subject
    require_parameters(handle, "self", "event")
    require_parameters(heard, "self", "event")

    def handle_h2_event(self: Any, event: Any) -> Generator[commands.Command, Any, bool]:
        if isinstance(event, h2.events.RequestReceived) and (b":method", b"HEAD") in event.headers:
            heads(self).add(event.stream_id)
        return (yield from heard(self, event))

    def _handle_event(self: Any, event: Any) -> Generator[commands.Command, Any, None]:
        over = isinstance(event, ResponseEndOfMessage | ResponseProtocolError)
        if over and event.stream_id in heads(self):
            heads(self).discard(event.stream_id)
            if isinstance(event, ResponseProtocolError) and send_bare_error(self, event):
                yield commands.SendData(self.conn, self.h2_conn.data_to_send())
                return
        yield from handle(self, event)

    server_side.handle_h2_event = handle_h2_event  # type: ignore[method-assign]
    server_side._handle_event = _handle_event  # type: ignore[method-assign]  # noqa: SLF001 - that is the remedy


def heads(connection: Any) -> set[int]:
    """The streams of ``connection`` whose request is a HEAD that has no answer yet."""
    found: set[int] = connection.__dict__.setdefault("_pull_inspector_heads", set())
    return found


def send_bare_error(connection: Any, event: ResponseProtocolError) -> bool:
    """Queue the error's status line with END_STREAM; False when this stream can have none any more."""
    stream: h2.stream.H2Stream | None = connection.h2_conn.streams.get(event.stream_id)
    status = event.code.http_status_code()
    if stream is None or status is None or stream.state_machine.headers_sent:
        return False
    if not connection.is_open_for_us(event.stream_id):
        return False
    fields = [(b":status", b"%d" % status), (b"content-type", b"text/html")]
    connection.h2_conn.send_headers(event.stream_id, fields, end_stream=True)
    return True
