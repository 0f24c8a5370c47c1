"""The connections of the mirror's client: opened by judged addresses, kept alive for a while, given up when they are odd.

Knows: egress rules (through ``addresses``), TLS, which addresses failed lately. Must not know: requests and answers. A kept
connection serves only the egress and origin that it was opened for: what one upstream may reach is no way for another.
"""

import asyncio
import ssl
import time
from collections import OrderedDict

import msgspec

from inspector.mirror.io import addresses, connect, trust, urls
from inspector.mirror.io.http1 import Connection
from inspector.mirror.model import Egress, Failure, Trouble
from inspector.wire.clean import clean

KEEP = 30.0
"""Seconds that an idle connection is kept, and that judged addresses are remembered."""

DEAD_FOR = 30.0
"""Seconds for which an address that failed is tried last."""

MOST_IDLE = 64
MOST_JUDGED = 1024
MOST_DEAD = 256

type Key = tuple[Egress, tuple[str, str, int]]
"""An egress and an origin."""


class Opening(msgspec.Struct):
    """What is learned while a connection is opened: when it was, to which address, and whether there are others."""

    connected: float | None = None
    address: str | None = None
    others: bool = False


class Pool:
    """Connections to all upstreams. ``stall``: seconds without a byte after which one counts as gone."""

    def __init__(self, *, stall: float, keep: float = KEEP) -> None:
        self._stall, self._keep = stall, keep
        self._idle: OrderedDict[Connection, tuple[Key, float]] = OrderedDict()
        self._dead: OrderedDict[str, float] = OrderedDict()
        self._judged: OrderedDict[Key, tuple[tuple[str, ...], float]] = OrderedDict()

    async def open(self, egress: Egress, where: urls.Place, patience: float, opening: Opening) -> Connection:
        """A new connection; each address has ``patience`` seconds. Failure, OSError or ssl.SSLError when there is none."""
        found = await addresses.resolve(where.host, where.port, egress)
        _remember(self._judged, (egress, where.origin), (found, time.monotonic() + KEEP), MOST_JUDGED)
        found = tuple(sorted(found, key=lambda address: self._is_dead(_endpoint(address, where.port))))
        opening.others = len(found) > 1
        context = _context(egress, where) if where.scheme == "https" else None
        reader, writer = await connect.open_stream(where.host, where.port, found, egress.proxy, each=patience)
        try:
            if egress.proxy is None:
                peer = writer.get_extra_info("peername")
                opening.address = _endpoint(str(peer[0]), where.port)
            if context is not None:
                await _handshake(writer, context, where, patience * 2)
        except BaseException as error:
            connect.close(writer)
            if opening.address is not None and isinstance(error, Exception):
                self.bury(opening.address)
            raise
        opening.connected = time.time()
        return Connection(reader, writer, opening.address, self._stall)

    def take(self, key: Key) -> Connection | None:
        """A kept connection, or None."""
        now = time.monotonic()
        for connection, (of, until) in list(self._idle.items()):
            if until >= now and of != key:
                continue
            del self._idle[connection]
            if until >= now and connection.quiet():
                return connection
            connection.close()
        return None

    def give_back(self, connection: Connection, key: Key) -> None:
        """Keep a connection whose answer was read whole; close it when it must not carry another request."""
        if not connection.reuse():
            connection.close()
            return
        self._idle[connection] = (key, time.monotonic() + self._keep)
        while len(self._idle) > MOST_IDLE:
            self._idle.popitem(last=False)[0].close()

    def bury(self, address: str) -> None:
        """Try ``address`` (``IP:port``) last for a while."""
        _remember(self._dead, address, time.monotonic() + DEAD_FOR, MOST_DEAD)

    async def addresses(self, egress: Egress, where: urls.Place, first: str | None) -> tuple[str, ...]:
        """The judged addresses of a host, in order, ``first`` (``IP:port``, which has just answered) at their head.

        Those that its connection was chosen from, when that is not long ago; else it is looked up, and judged, again.
        """
        found, until = self._judged.get((egress, where.origin), ((), 0.0))
        if until < time.monotonic():
            found = await addresses.resolve(where.host, where.port, egress)
        answered = first.rpartition(":")[0].strip("[]") if first else None
        return tuple(sorted(found, key=lambda address: address != answered))

    def close(self) -> None:
        """Close every connection that is kept."""
        while self._idle:
            self._idle.popitem()[0].close()

    def _is_dead(self, address: str) -> bool:
        return self._dead.get(address, 0.0) > time.monotonic()


async def _handshake(
    writer: asyncio.StreamWriter, context: ssl.SSLContext, where: urls.Place, patience: float
) -> None:
    try:
        async with asyncio.timeout(patience):
            await writer.start_tls(context, server_hostname=where.host)
    except TimeoutError:
        sentence = "it accepts connections, but its TLS handshake does not end"
        raise Failure(Trouble.TIMEOUT, clean(where.host, 100), sentence) from None


def _context(egress: Egress, where: urls.Place) -> ssl.SSLContext:
    try:
        return trust.context(egress.ca, insecure=egress.insecure)
    except OSError:  # ssl.SSLError is one
        sentence = "the configured CA file cannot be read"
        raise Failure(Trouble.TLS, clean(where.host, 100), sentence) from None


def _remember[K, V](known: OrderedDict[K, V], key: K, value: V, most: int) -> None:
    known[key] = value
    known.move_to_end(key)
    while len(known) > most:
        known.popitem(last=False)


def _endpoint(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
