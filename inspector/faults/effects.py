"""What may happen to a body on its way, as bytes and waits. Sans-io: whoever carries it out waits and cuts.

Knows: bytes in order. Must not know: flows, HTTP, clocks. No effect holds more than the piece that it was given.
"""

import zlib
from collections.abc import Iterator
from typing import Protocol

import msgspec


class Wait(msgspec.Struct, frozen=True):
    """Send nothing for ``seconds``; None: until the client leaves."""

    seconds: float | None


class Cut(msgspec.Struct, frozen=True):
    """Break the transfer off here, as a server does that goes away."""


type Action = bytes | Wait | Cut


class Effect(Protocol):
    """``feed`` takes a piece of the body, ``end`` its end; both give what is to be done, in order."""

    def feed(self, data: bytes) -> Iterator[Action]:
        """A piece has come."""

    def end(self) -> Iterator[Action]:
        """Nothing more comes."""


class Stops:
    """Lets ``after`` bytes pass, then does ``then`` once, and drops the rest. A body that is shorter ends in it too."""

    def __init__(self, after: int, then: Action) -> None:
        self._left = after
        self._then = then
        self._done = False

    def feed(self, data: bytes) -> Iterator[Action]:
        """Pass what is still free to pass."""
        part, self._left = data[: self._left], max(self._left - len(data), 0)
        if part:
            yield part
        if len(part) < len(data):
            yield from self.end()

    def end(self) -> Iterator[Action]:
        """The fault."""
        if not self._done:
            self._done = True
            yield self._then


class Trickles:
    """Passes ``size`` bytes, waits, passes the next."""

    def __init__(self, size: int, seconds: float) -> None:
        self._size = size
        self._wait = Wait(seconds)

    def feed(self, data: bytes) -> Iterator[Action]:
        """The piece in small ones."""
        for start in range(0, len(data), self._size):
            yield self._wait
            yield data[start : start + self._size]

    def end(self) -> Iterator[Action]:
        """Nothing is held."""
        return iter(())


class Flips:
    """Turns the bits of the byte after ``after`` others: same length, other content."""

    def __init__(self, after: int) -> None:
        self._after = after

    def feed(self, data: bytes) -> Iterator[Action]:
        """Pass, with one byte turned when its turn comes."""
        at, self._after = self._after, self._after - len(data)
        if 0 <= at < len(data):
            data = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        yield data

    def end(self) -> Iterator[Action]:
        """Nothing is held."""
        return iter(())


class Pads:
    """Adds bytes after the last one."""

    def __init__(self, more: bytes) -> None:
        self._more = more

    def feed(self, data: bytes) -> Iterator[Action]:
        """Pass."""
        yield data

    def end(self) -> Iterator[Action]:
        """What was not there."""
        yield self._more


class Zips:
    """Compresses with gzip (RFC 1952)."""

    def __init__(self) -> None:
        self._zip = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)

    def feed(self, data: bytes) -> Iterator[Action]:
        """What the compressor gives out by now."""
        if out := self._zip.compress(data):
            yield out

    def end(self) -> Iterator[Action]:
        """The rest of it."""
        yield self._zip.flush()
