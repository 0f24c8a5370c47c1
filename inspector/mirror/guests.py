"""How many clients at once, and how long each may do nothing: who is to be sent away.

Knows: ids and moments. Must not know: sockets, mitmproxy, a clock. A client that has a request under way is busy; what ends
that is the transfer's own progress. One that has none, be it that its head or body comes a byte at a time, is idle.
"""

import msgspec

IDLE = 60.0
"""Seconds without a request under way."""

MOST = 2048
"""Connections at once; a new one sends the idlest away, or is refused where all are busy."""


class _Guest(msgspec.Struct):
    since: float
    busy: int = 0


class Guests:
    """The clients that are there, by an id of the connection."""

    def __init__(self, *, idle: float = IDLE, most: int = MOST) -> None:
        self._idle = idle
        self._most = most
        self._guests: dict[str, _Guest] = {}

    def __len__(self) -> int:
        return len(self._guests)

    def come(self, guest: str, now: float) -> str | None:
        """A connection is opened. Who has to go for it: another one, or itself; None: nobody."""
        goes: str | None = None
        if len(self._guests) >= self._most:
            idle = [(kept.since, name) for name, kept in self._guests.items() if not kept.busy]
            if not idle:
                return guest
            goes = min(idle)[1]
            del self._guests[goes]
        self._guests[guest] = _Guest(since=now)
        return goes

    def head(self, guest: str, now: float) -> None:
        """A request's head is there: its body has as long as a head has."""
        if guest in self._guests:
            self._guests[guest].since = now

    def begin(self, guest: str) -> None:
        """A request is there, whole."""
        if guest in self._guests:
            self._guests[guest].busy += 1

    def end(self, guest: str, now: float) -> None:
        """A request is over."""
        kept = self._guests.get(guest)
        if kept is not None:
            kept.busy = max(0, kept.busy - 1)
            kept.since = now

    def leave(self, guest: str) -> None:
        """The connection is closed."""
        self._guests.pop(guest, None)

    def overdue(self, now: float) -> list[str]:
        """Those that have been idle for too long; they are forgotten with this."""
        late = [
            name for name, kept in self._guests.items() if not kept.busy and kept.since + self._idle <= now
        ]
        for name in late:
            del self._guests[name]
        return late
