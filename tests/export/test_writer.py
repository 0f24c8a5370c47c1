"""What every format is built on: pulls are judged as they come, and the head is written last and stands first."""

import io
from collections.abc import Iterator

from inspector.core.report import Report
from inspector.export.writer import Writer
from inspector.gate.policy import Judgement


class Numbers(Writer):
    def add_judged(self, judgement: Judgement) -> None:
        self.put(f"{judgement.pull.n if judgement.pull else 0}\n")

    def head(self, found: Judgement) -> Iterator[str]:
        yield f"{self.judge.pulls} pulls, {len(found.judged)} before\n"

    def foot(self) -> Iterator[str]:
        yield f"{len(self.read.findings)} at the end\n"


def test_head_pulls_foot(pulled) -> None:
    out = io.BytesIO()
    with Numbers() as writer:
        for number in (1, 2):
            pull = pulled("body-truncated")
            pull.n = number
            writer.add(pull)
        writer.write_to(out, Report(findings=pull.findings))
    assert out.getvalue() == b"2 pulls, 1 before\n1\n2\n1 at the end\n"
    assert writer.judge.fails
    assert not writer.checks


def test_text_that_is_no_utf8_is_written_all_the_same() -> None:
    out = io.BytesIO()
    with Numbers() as writer:
        writer.put("\ud800")
        writer.write_to(out, Report())
    assert rb"\ud800" in out.getvalue()
