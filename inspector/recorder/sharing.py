"""One hash for a body that two look at: who checks a body on its way leaves its hash with the flow, the recorder reads it.

Knows: flows, as the place where it is left. Must not know: who checks a body, and why; what is recorded.
The contract: what is offered before ``responseheaders`` is fed each piece of the body just before a stream callable gets
that same piece, across resumes. The reader holds it to that, piece by piece: where the first piece is another one, or the
content is coded in another way, it hashes for itself; where a later one is, there is no digest, rather than a wrong one.
"""

from typing import Any

from inspector.recorder.hashing import BodyHash, Measured

_ATTRIBUTE = "_pull_inspector_hash"  # not in metadata: that is written to files


class StrayedError(Exception):
    """The two do not see the same body."""


def offer(flow: Any, body: BodyHash | None) -> None:
    """Leave ``body`` with the flow, in place of an earlier one; None: the answer that begins is hashed by nobody."""
    setattr(flow, _ATTRIBUTE, body)


def offered(flow: Any) -> BodyHash | None:
    """What was left there for the answer that begins now."""
    found: BodyHash | None = getattr(flow, _ATTRIBUTE, None)
    return found


class Shared:
    """Reads along with another's hash. To be used as a ``BodyHash``; ``own`` is what takes over where that is no use."""

    def __init__(self, own: BodyHash, theirs: BodyHash) -> None:
        self._own = own
        self._theirs = theirs if theirs.coding == own.coding else None
        self._size = 0
        self._first: float | None = None
        self._last: float | None = None

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._size

    def feed(self, data: bytes, now: float) -> None:
        """Take the next bytes. Raises StrayedError where the other has been fed something else."""
        theirs = self._theirs
        if theirs is not None and (theirs.piece is not data or theirs.size != self._size + len(data)):
            if self._size:
                raise StrayedError
            self._theirs = theirs = None
        self._size += len(data)
        if theirs is None:
            self._own.feed(data, now)
            return
        self._first = now if self._first is None else self._first
        self._last = now

    async def finish(self, *, complete: bool) -> Measured | None:
        """The facts, once everything is hashed; None where the other has seen more or less."""
        if self._theirs is not None:
            await self._theirs.hashed()
        return self.finish_now(complete=complete)

    def finish_now(self, *, complete: bool) -> Measured | None:
        """The same without giving the loop a turn."""
        theirs = self._theirs
        if theirs is None:
            return self._own.finish_now(complete=complete)
        if theirs.size != self._size:
            return None
        facts = theirs.facts(complete=complete)
        facts.first, facts.last = self._first, self._last
        return facts
