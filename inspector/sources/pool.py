"""Pulls that wait for the other side of their mirror to turn up, before they are told.

Knows: pulls as the engines give them, and how sides are joined. Must not know: files' formats, rules.
Bounded: when more than ``MOST`` wait, the older half is put together with whatever there is, and told.
"""

from collections.abc import Iterable, Iterator

from inspector.core.joined import join
from inspector.core.pull import Pull

MOST = 256


class Pool:
    """Takes pulls, each with the number of the recording it is from; gives them back joined."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._waiting: list[tuple[Pull, int]] = []

    def add(self, pulls: Iterable[Pull], source: int) -> None:
        """Some more, of one recording."""
        self._waiting += [(pull, source) for pull in pulls]

    def surplus(self) -> Iterator[Pull]:
        """What has to make way."""
        if len(self._waiting) > self._most:
            yield from self._give(len(self._waiting) // 2)

    def rest(self) -> Iterator[Pull]:
        """All that wait, recording by recording."""
        self._waiting.sort(key=lambda one: one[1])
        yield from self._give(len(self._waiting))

    def _give(self, oldest: int) -> Iterator[Pull]:
        groups = join([pull for pull, _ in self._waiting], [source for _, source in self._waiting])
        left = []
        for group in groups:
            if group.places[0] >= oldest:
                left += [self._waiting[place] for place in group.places]
            else:
                yield from group.pulls()
        self._waiting = left
