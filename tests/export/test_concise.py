"""A line a finding, with its fate."""

import io

from inspector.core.report import Report
from inspector.export.concise import ConciseWriter
from inspector.gate.policy import Judge, Policy
from inspector.gate.slo import Limit


def test_lines_of_a_check(pulled) -> None:
    pull = pulled("body-truncated")
    pull.source = "a.flow"
    out = io.BytesIO()
    with ConciseWriter(
        Judge(Policy(ignored={"body-truncated": "small disk"}, limits=(Limit("total", 1e-6),)))
    ) as writer:
        writer.add(pull)
        writer.write_to(out, Report())
    first, second = out.getvalue().decode().splitlines()
    assert first.startswith("a.flow:1:9: error[body-truncated]: ")
    assert first.endswith(" (ignored: small disk)")
    assert second.startswith("a.flow:1:-: error[slo]: total ")
