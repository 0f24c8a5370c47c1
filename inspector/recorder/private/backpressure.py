"""Bounds what mitmproxy buffers toward an HTTP/2 peer that holds its window. A part of ``private``, and only its.

mitmproxy stops reading from one side while the other side's *socket* is full. An HTTP/2 peer that keeps reading frames
but opens no window (Go's does so as long as its reader is slow) never fills the socket, so the whole body piles up in
``BufferedH2Connection.stream_buffers``. The remedy makes the task that *reads* wait until those buffers have shrunk:

* The task of a server connection waits while what came over it and waits for the client's window is over its bound. The
  window updates that free it are read by the client's task, which never waits for this.
* The client's task (uploads) waits while the servers' buffers are over theirs, unless the client's own are in use:
  then it is needed for window updates. So of the two directions never both wait, and nothing can lock up.
* One HTTP/2 upstream carries many streams. When a stream of it has nothing buffered and would starve behind another
  one that the client holds back, reading goes on at a trickle: slow, but no hang that the network did not cause.

A client that goes away cancels the waiting task, which is how mitmproxy ends a handler anyway.
"""

import asyncio
import contextlib
import functools
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from mitmproxy.connection import Client, Connection
from mitmproxy.proxy import server
from mitmproxy.proxy.layers.http import HttpLayer, _http2
from mitmproxy.proxy.layers.http._http_h2 import BufferedH2Connection

from inspector.recorder.private.fit import require_names

BOUND = 1 << 20
"""Bytes held for an HTTP/2 peer whose data comes one stream a connection (HTTP/1 on the other side)."""

BOUND_MULTIPLEXED = 8 << 20
"""The same when the other side is HTTP/2: one slow stream must not stop the others on its connection at once."""

TRICKLE = 0.25
"""Seconds between two reads while another stream of the same upstream would starve."""

RECHECK = 1.0
"""Seconds after which a waiting task looks again by itself, should a wake-up have been lost."""

type Both = _http2.Http2Server | _http2.Http2Client

_toward_client: WeakKeyDictionary[Client, WeakSet[_http2.Http2Server]] = WeakKeyDictionary()
_toward_servers: WeakKeyDictionary[Client, WeakSet[_http2.Http2Client]] = WeakKeyDictionary()
_moved: WeakKeyDictionary[Client, asyncio.Event] = WeakKeyDictionary()


def bound_http2_buffers() -> None:
    """Install the remedy; DoesNotFit when mitmproxy's classes are not as expected."""
    handler = server.ConnectionHandler
    original = handler.drain_writers
    require_names(handler.__init__, "client", "transports")
    require_names(handler.handle_connection, "drain_writers")
    require_names(BufferedH2Connection.__init__, "stream_buffers")
    require_names(_http2.Http2Connection.__init__, "h2_conn")
    require_names(HttpLayer.__init__, "streams", "connections")

    @functools.wraps(original)
    async def drain_writers(self: server.ConnectionHandler) -> None:
        await original(self)  # type: ignore[no-untyped-call]
        await hold_back(self)

    _remember(_http2.Http2Server, _toward_client)
    _remember(_http2.Http2Client, _toward_servers)
    handler.drain_writers = drain_writers  # type: ignore[method-assign]


def _remember(cls: Any, where: Any) -> None:
    """Make every new ``cls`` known under its client, for as long as both live."""
    original = cls.__init__

    @functools.wraps(original)
    def init(self: Any, context: Any) -> None:
        original(self, context)
        where.setdefault(context.client, WeakSet()).add(self)

    cls.__init__ = init


async def hold_back(handler: server.ConnectionHandler) -> None:
    """Wait, as the task that has just read, until what it has read may go on piling up."""
    client = handler.client
    if not _toward_client.get(client) and not _toward_servers.get(client):
        return
    moved = _moved.setdefault(client, asyncio.Event())
    moved.set()  # whoever waits: this task may have brought window updates
    connection = _whose_task(handler)
    while connection is not None and (pause := _pause(client, connection)):
        moved.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await moved.wait()
        if pause < RECHECK:
            return


def _whose_task(handler: server.ConnectionHandler) -> Connection | None:
    task = asyncio.current_task()
    for connection, transport in handler.transports.items():
        if transport.handler is task:
            return connection
    return None


def _pause(client: Client, connection: Connection) -> float:
    """Seconds for which the reader of ``connection`` should wait before it looks again; 0 when it may read on."""
    if connection is client:
        toward_servers = sum(map(buffered, _toward_servers.get(client, ())))
        toward_client = sum(map(buffered, _toward_client.get(client, ())))
        return RECHECK if toward_servers > BOUND_MULTIPLEXED and not toward_client else 0
    waiting = _waiting_from(client, connection)
    multiplexed = connection.alpn == b"h2"
    if sum(waiting) <= (BOUND_MULTIPLEXED if multiplexed else BOUND):
        return 0
    return TRICKLE if multiplexed and 0 in waiting else RECHECK


def buffered(layer: Both) -> int:
    """Bytes of DATA that wait in ``layer`` for its peer's window."""
    return sum(_size(queue) for queue in layer.h2_conn.stream_buffers.values())


def _size(queue: Iterable[Any]) -> int:
    return sum(len(chunk.data) for chunk in queue)


def _waiting_from(client: Client, connection: Connection) -> list[int]:
    """For each running stream that ``connection`` feeds: the bytes that wait for the client's window."""
    waiting = []
    for layer in _toward_client.get(client, ()):
        parent = next((p for p in reversed(layer.context.layers) if isinstance(p, HttpLayer)), None)
        buffers = layer.h2_conn.stream_buffers
        for stream_id, stream in (parent.streams if parent else {}).items():
            if stream.context.server is connection:
                waiting.append(_size(buffers.get(stream_id, ())))
    return waiting
