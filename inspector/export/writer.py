"""The base of the formats that are written as the pulls come: no pull is kept, and what stands first is written last.

Knows: a judge, and a place where text waits. Must not know: any format, or where the pulls come from.
"""

from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO, Self

from inspector.core.pull import Pull
from inspector.core.report import Report
from inspector.export.spool import Spool
from inspector.gate.policy import Judge, Judgement


class Writer:
    """Takes the pulls one by one, then the report that they belong to. Use it with ``with``.

    Without a judge it reports, and says nothing of a check. ``one_pull``: only one pull was asked for, so what belongs to no pull is left out.
    """

    def __init__(self, judge: Judge | None = None, *, one_pull: bool = False) -> None:
        self.judge = judge or Judge()
        self.checks = judge is not None
        self.one_pull = one_pull
        self.read = Report()  # the report but for its pulls: known when all of them were added
        self._spool = Spool()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spool.__exit__(kind, error, trace)

    def add(self, pull: Pull) -> None:
        """One more pull. Raises OSError when there is no room for the temporary file."""
        self.add_judged(self.judge.pull(pull))

    def put(self, text: str) -> None:
        """Text that waits."""
        self._spool.write(text.encode(errors="backslashreplace"))

    def write_to(self, out: BinaryIO, report: Report) -> None:
        """The whole: head, pulls, foot."""
        self.read = Report(sources=report.sources) if self.one_pull else report
        found = self.judge.capture(self.read.findings)
        out.writelines(text.encode(errors="backslashreplace") for text in self.head(found))
        self._spool.copy_to(out)
        out.writelines(text.encode(errors="backslashreplace") for text in self.foot())

    # -- what a format says -------------------------------------------------------------------------------------------

    def add_judged(self, judgement: Judgement) -> None:
        """Put what the format says of one pull."""
        raise NotImplementedError

    def head(self, found: Judgement) -> Iterator[str]:  # noqa: ARG002 - not every format has one
        """What stands before the pulls; every pull is known by then. ``found`` is what belongs to no pull."""
        return iter(())

    def foot(self) -> Iterator[str]:
        """What stands behind the pulls."""
        return iter(())
