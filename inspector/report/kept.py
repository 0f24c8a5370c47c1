"""Which pulls are kept whole to be shown one by one, decided as they come; of all others only a row is kept.

Knows: how many pulls a report shows without being asked. Must not know: sections, sources. So the memory for a recording
of ten thousand pulls is that of its table.
"""

from collections.abc import Iterable
from typing import Self

from inspector.core.finding import Severity
from inspector.core.pull import Outcome, Pull
from inspector.report.pulls_table import Row, row_of

FEW = 5
"""So many pulls are shown one by one without being asked for; of more than that, so many of those that failed."""


class Kept:
    """The rows of all pulls, and those pulls that will be shown: all of a few, else the first that failed.

    ``number`` keeps that pull alone, ``full`` every one, whatever memory that takes.
    """

    def __init__(self, *, number: int | None = None, full: bool = False) -> None:
        self.number = number
        self.full = full
        self.rows: list[Row] = []
        self.whole: list[Pull] = []

    @classmethod
    def of(cls, pulls: Iterable[Pull], *, number: int | None = None, full: bool = False) -> Self:
        """What is kept of pulls that are all there."""
        kept = cls(number=number, full=full)
        for pull in pulls:
            kept.take(pull)
        return kept

    def take(self, pull: Pull) -> None:
        """One more pull."""
        self.rows.append(row_of(pull))
        if self.number is not None:
            if pull.n == self.number:
                self.whole.append(pull)
            return
        if self.full or len(self.rows) <= FEW:
            self.whole.append(pull)
            return
        if len(self.rows) == FEW + 1:
            self.whole = [one for one in self.whole if _failed(one)]
        if len(self.whole) < FEW and _failed(pull):
            self.whole.append(pull)

    def chosen(self) -> Pull:
        """The pull that ``number`` names, or the only one; IndexError with a sentence when there is none such."""
        if not self.rows:
            raise IndexError("there is no pull in it")
        if self.number is None:
            if len(self.rows) > 1:
                raise IndexError(f"there are {len(self.rows):,} pulls in it: say which with --pull N")
            return self.whole[0]
        if not self.whole:
            several = f"pulls 1 to {len(self.rows)}" if len(self.rows) > 1 else "1 pull"
            raise IndexError(f"there is no pull {self.number}: it has {several}")
        return self.whole[0]


def _failed(pull: Pull) -> bool:
    return pull.outcome is Outcome.FAILED or any(
        finding.severity is Severity.ERROR for finding in pull.findings
    )
