"""Sends clients away that have been idle for too long, or are too many, and clears up after those that have gone.

Knows: mitmproxy's client connections, the clock. Must not know: what they ask for; who has to go is said by ``guests``.
"""

import asyncio
import gc
import logging
import resource
import time
from typing import Any
from weakref import WeakValueDictionary

from mitmproxy.connection import Client

from inspector.mirror import guests
from inspector.recorder.private import guests as private

logger = logging.getLogger(__name__)

_TICK = 2.0

_CLEAR_AFTER = 16
"""Clients after whose leaving their remains are cleared away.

mitmproxy's layers refer to each other in circles, half a megabyte for each client. Python looks for such garbage far too
seldom: after two crowds of 64 there were 50 MB of it. Without what is there from the start, a look takes 10 ms at most.
"""


class House:
    """The clients that are connected."""

    def __init__(self) -> None:
        self._guests = guests.Guests(idle=guests.IDLE, most=most_connections())
        self._clients: WeakValueDictionary[str, Client] = WeakValueDictionary()
        self._ticking: asyncio.Task[None] | None = None
        self._full = False
        self._left = 0

    def come(self, client: Client, master: Any) -> None:
        """A client has connected. Of a mode with TLS mitmproxy listens for QUIC too, whatever ``http3`` is."""
        if client.transport_protocol != "tcp":
            client.error = "this mirror is reached by TCP only"
            return
        self._clients[client.id] = client
        goes = self._guests.come(client.id, time.monotonic())
        if goes == client.id:
            client.error = "too many connections"
        elif goes is not None:
            self._send_away(goes, master)
        if goes is not None and not self._full:
            logger.warning(
                "pull-inspector: %d clients are connected, the most that are served", len(self._guests)
            )
        self._full = goes is not None
        if self._ticking is None:
            gc.freeze()
            self._ticking = asyncio.get_running_loop().create_task(self._tick(master))

    def head(self, client: Client) -> None:
        """A request's head is there."""
        self._guests.head(client.id, time.monotonic())

    def begin(self, client: Client) -> None:
        """A request is there, whole."""
        self._guests.begin(client.id)

    def end(self, client: Client) -> None:
        """A request is over."""
        self._guests.end(client.id, time.monotonic())

    def leave(self, client: Client) -> None:
        """The client is gone."""
        self._guests.leave(client.id)
        self._left += 1
        if self._left >= _CLEAR_AFTER:
            self._left = 0
            gc.collect()

    def close(self) -> None:
        """The mirror stops."""
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None
            gc.unfreeze()

    async def _tick(self, master: Any) -> None:
        while True:
            await asyncio.sleep(_TICK)
            for name in self._guests.overdue(time.monotonic()):
                self._send_away(name, master)

    def _send_away(self, name: str, master: Any) -> None:
        client = self._clients.get(name)
        if client is not None:
            private.close(master, client)


def most_connections() -> int:
    """How many clients this process can serve: each may need two upstream connections besides its own."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return guests.MOST if soft == resource.RLIM_INFINITY else max(16, min(guests.MOST, (soft - 128) // 3))
