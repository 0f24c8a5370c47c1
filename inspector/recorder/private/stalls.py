"""Tells an upstream that has gone quiet from a client that is slow. A part of ``private``, and only its.

Knows: mitmproxy's connection handlers and HTTP/2 buffers. Must not know: what is done about a stall.

mitmproxy has no read timeout towards upstream. A timer's event resets its timeout of inactivity (``tcp_timeout``), so
whoever sets timers has to watch over the client's progress too: ``Watch.look`` knows both ends.
"""

import functools
from collections.abc import Callable
from enum import Enum
from typing import Any
from weakref import WeakValueDictionary

from mitmproxy.connection import Connection
from mitmproxy.proxy import server
from mitmproxy.proxy.layers.http import HttpLayer, _http2
from mitmproxy.proxy.layers.http._http_h2 import BufferedH2Connection

from inspector.recorder.private.fit import require_names

LOOKS = 4
"""Looks within the time after which an upstream counts as stalled."""

# Not by the client itself, weakly: a handler holds its client, so neither would ever be let go.
_handlers: WeakValueDictionary[str, server.ConnectionHandler] = WeakValueDictionary()


class Seen(Enum):
    """What a look has shown."""

    MOVES = "moves"
    UPSTREAM_STALLED = "upstream stalled"
    CLIENT_STUCK = "client stuck"


class Watch:
    """One transfer. ``stall``: seconds without a byte of upstream's; ``stuck``: seconds in which a slow client took nothing."""

    def __init__(self, stall: float, stuck: float, now: float) -> None:
        self.stall = stall
        self._stuck = stuck
        self._got = -1
        self._pending = 0
        self._since = self._taken = now

    def start(self, stall: float, now: float) -> None:
        """A new wait, of its own length: for an answer, or for the body after it."""
        self.stall = stall
        self._since = self._taken = now

    @property
    def interval(self) -> float:
        """Seconds to the next look."""
        return self.stall / LOOKS

    def look(self, now: float, got: int, pending: int) -> Seen:
        """``got``: bytes received so far, of any kind; ``pending``: bytes that wait for the client, 0 when it is not slow.

        While the client is slow mitmproxy may not read, so upstream's time counts from the last look at which it was.
        """
        if got != self._got or pending != self._pending:
            self._taken = now
        if got != self._got or pending:
            self._since = now
        self._got, self._pending = got, pending
        if pending and now - self._taken >= self._stuck:
            return Seen.CLIENT_STUCK
        return Seen.UPSTREAM_STALLED if now - self._since >= self.stall else Seen.MOVES


def remember_handlers() -> None:
    """Make every new connection handler known under its client, for as long as both live."""
    original: Callable[..., None] = server.ConnectionHandler.__init__
    require_names(original, "client", "transports")
    require_names(BufferedH2Connection.__init__, "stream_buffers")
    require_names(HttpLayer.__init__, "streams", "connections")

    @functools.wraps(original)
    def init(self: server.ConnectionHandler, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        _handlers[self.client.id] = self

    server.ConnectionHandler.__init__ = init  # type: ignore[method-assign]


def pending(layer: HttpLayer, stream_id: int, upstream: Connection) -> int:
    """Bytes that wait for the client to take them: in its socket's buffer, and in HTTP/2 for its window."""
    client = layer.context.client
    handler = _handlers.get(client.id)
    io = handler.transports.get(client) if handler else None
    writer: Any = io.writer if io else None
    transport = getattr(writer, "transport", None)  # not so for clients that come by mitmproxy_rs
    waiting: int = transport.get_write_buffer_size() if transport is not None else 0
    side = layer.connections.get(client)
    if isinstance(side, _http2.Http2Server):
        buffers = side.h2_conn.stream_buffers
        # An HTTP/2 upstream is read for all its streams at once, so another slow one can be what it waits for.
        ours = buffers if upstream.alpn == b"h2" else (stream_id,)
        waiting += sum(len(chunk.data) for one in list(ours) for chunk in buffers.get(one, ()))
    return waiting
