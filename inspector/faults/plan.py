"""Whose turn it is: the faults that were ordered, in order, and how often each is still to happen.

Knows: counts, the filter. Must not know: what a fault does. A fault is counted when it has struck, not when it was tried.
"""

from collections.abc import Iterable, Iterator

from mitmproxy import flowfilter, http

from inspector.core.pull import Stage
from inspector.faults.fault import Act, Fault


class Entry:
    """One fault as it was ordered. ``left`` is how often it is still to happen, None for always."""

    def __init__(self, fault: Fault, left: int | None = None) -> None:
        self.fault = fault
        self.left = left
        self.struck = 0

    @property
    def over(self) -> bool:
        """It has happened as often as was asked."""
        return self.left == 0

    def strike(self) -> None:
        """Count it."""
        self.struck += 1
        if self.left is not None:
            self.left -= 1


class Plan:
    """All that was ordered. ``chosen``: the filter, None for every flow; ``after``: bytes of a body, None for half."""

    def __init__(
        self,
        entries: Iterable[Entry] = (),
        *,
        chosen: flowfilter.TFilter | None = None,
        after: int | None = None,
    ) -> None:
        self.entries = list(entries)
        self.after = after
        self._chosen = chosen

    def turns(self, flow: http.HTTPFlow, stage: Stage | None, *acts: type[Act]) -> Iterator[Entry]:
        """The faults of these kinds that fit and are not used up, in order. None of a flow that the filter leaves out."""
        fitting = [
            entry
            for entry in self.entries
            if not entry.over and isinstance(entry.fault.act, acts) and fits(entry.fault, stage)
        ]
        if fitting and (self._chosen is None or flowfilter.match(self._chosen, flow)):
            yield from fitting


def fits(fault: Fault, stage: Stage | None) -> bool:
    """Whether the fault strikes at this stage; what is no registry's traffic is never broken."""
    return stage is not None and stage in fault.stages
