"""Redirects that clients come back with: what the mirror gave them in place of a storage's URL (*rewrite*).

Knows: keys that nobody can guess, and for how long. Must not know: how a blob is fetched. Only what an upstream named, and
what was judged then, can be reached by a key: so it is no way to make the mirror fetch anything else.
"""

import secrets

from inspector.mirror.model import Landing, Target

LIFE = 600.0
"""Seconds; storages sign for 5 to 20 minutes."""

MOST = 10_000


class Rewritten:
    """Keys to landings; bounded in number and time."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Landing, Target]] = {}

    def keep(self, landing: Landing, target: Target, now: float) -> str:
        """A key for the landing."""
        while self._kept and (len(self._kept) >= MOST or next(iter(self._kept.values()))[0] <= now):
            del self._kept[next(iter(self._kept))]
        key = secrets.token_urlsafe(18)
        self._kept[key] = (now + LIFE, landing, target)
        return key

    def find(self, key: str, now: float) -> tuple[Landing, Target] | None:
        """The landing of a key, while it lives."""
        found = self._kept.get(key)
        return (found[1], found[2]) if found and found[0] > now else None
