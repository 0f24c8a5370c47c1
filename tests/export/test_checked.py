"""The JSON of a check is the report's document with what was decided; that of a report is the document and no more."""

import io
import json

from inspector.core.report import Report
from inspector.export.checked import DocumentWriter
from inspector.export.document import encode
from inspector.gate.policy import Judge, Policy
from inspector.gate.slo import Limit


def written(pulls, judge: Judge | None = None) -> bytes:
    out = io.BytesIO()
    with DocumentWriter(judge) as writer:
        for pull in pulls:
            writer.add(pull)
        writer.write_to(out, Report())
    return out.getvalue()


def test_a_report_has_the_documents_bytes(pulled) -> None:
    pull = pulled("body-truncated")
    assert written([pull]) == encode(Report(pulls=[pull]))


def test_a_check_adds_what_it_decided(pulled) -> None:
    judge = Judge(Policy(ignored={"body-truncated": "why"}, limits=(Limit("total", 1e-6),)))
    document = json.loads(written([pulled("body-truncated"), pulled()], judge))
    first, second = (pull["check"] for pull in document["pulls"])
    assert first["findings"] == [{"code": "body-truncated", "fate": "ignored", "reason": "why"}]
    assert [(one["name"], one["allowed"], one["broken"]) for one in first["slo"]] == [("total", 1e-6, True)]
    assert second["fails"]
    assert document["check"] == {
        "fails": True, "fail_on": "error", "pulls": 2, "failing": 2, "unfinished": 0, "findings": [],
        "ignored": [{"code": "body-truncated", "reason": "why", "count": 1}], "baseline": None,
    }  # fmt: skip
