"""The JSON document of report-json.md; of a check with what it decided: one more field a pull, and one for the whole.

Knows: the document as a stream, judgements. Must not know: how a pull is described.
"""

from types import TracebackType
from typing import Any, BinaryIO

from inspector.core.report import Report
from inspector.export.stream import DocumentStream
from inspector.export.writer import Writer
from inspector.gate.policy import Judge, Judged, Judgement


class DocumentWriter(Writer):
    """The document of ``report``; with a judge that of ``check``."""

    def __init__(self, judge: Judge | None = None, *, one_pull: bool = False) -> None:
        super().__init__(judge, one_pull=one_pull)
        self._stream = DocumentStream()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.__exit__(kind, error, trace)
        super().__exit__(kind, error, trace)

    def add_judged(self, judgement: Judgement) -> None:
        """One more pull."""
        if judgement.pull is not None:
            self._stream.add(judgement.pull, {"check": _of_pull(judgement)} if self.checks else None)

    def write_to(self, out: BinaryIO, report: Report) -> None:
        """The whole document."""
        found = self.judge.capture(report.findings)
        self._stream.write_to(out, report, {"check": self._whole(found)} if self.checks else None)

    def _whole(self, found: Judgement) -> dict[str, Any]:
        judge = self.judge
        return {
            "fails": judge.fails,
            "fail_on": str(judge.policy.fail_on),
            "pulls": judge.pulls,
            "failing": judge.failing,
            "unfinished": judge.unfinished,
            "findings": [_fate(one) for one in found.judged],
            "ignored": [
                {"code": code, "reason": reason, "count": judge.ignored[code]}
                for code, reason in judge.policy.ignored.items()
            ],
            "baseline": {"known": len(judge.policy.known), "gone": judge.gone}
            if judge.policy.known
            else None,
        }


def _of_pull(judgement: Judgement) -> dict[str, Any]:
    return {
        "fails": judgement.fails,
        "findings": [_fate(one) for one in judgement.judged],
        "slo": [
            {"name": one.limit.name, "allowed": one.limit.allowed, "measured": one.seconds, "exchange": one.step,
             "broken": one.broken}
            for one in judgement.times
        ],
    }  # fmt: skip


def _fate(one: Judged) -> dict[str, Any]:
    """In the order of the pull's own ``findings``."""
    return {"code": one.finding.code, "fate": str(one.fate), "reason": one.reason}
