"""The document as a stream has the very bytes of the document as a whole."""

import io

import pytest

from inspector.core.events import Ended, Resume, UpstreamCall
from inspector.core.report import Report, Source
from inspector.export.document import encode
from inspector.export.stream import DocumentStream
from inspector.rules import diagnose
from inspector.rules.example import build
from inspector.rules.sample import HEALTHY


def report(pulls: int) -> Report:
    """A report with so many pulls, of two files."""
    made = Report(
        sources=[
            Source(file='a\n"b".flow', format="flow"),
            Source(file="c.har", format="har", complete=False),
        ]
    )
    for number in range(1, pulls + 1):
        [pull], _ = build(HEALTHY)
        pull.n, pull.reference = number, 'two\nlines, "quotes" and ‹marks›'
        diagnose(pull)
        made.pulls.append(pull)
    made.other_exchanges = 7
    if pulls == 2:
        made.findings = made.pulls[0].findings
    return made


@pytest.mark.parametrize("pulls", [0, 1, 2])
def test_the_stream_is_the_document(pulls: int) -> None:
    whole = report(pulls)
    out = io.BytesIO()
    with DocumentStream() as stream:
        for pull in whole.pulls:
            stream.add(pull)
        rest = Report(sources=whole.sources, other_exchanges=7, findings=whole.findings)
        stream.write_to(out, rest)
    assert out.getvalue() == encode(whole)


def test_a_mirrored_exchange_is_streamed_alike() -> None:
    whole = report(1)
    exchange = whole.pulls[0].steps[0].exchange
    call = UpstreamCall(method="GET", url="https://up.test/v2/", host="up.test", start=1.0)
    exchange.end = Ended(id=exchange.id, time=None, upstream=(call,), resumes=(Resume(at=1, why="cut"),))
    out = io.BytesIO()
    with DocumentStream() as stream:
        stream.add(whole.pulls[0])
        stream.write_to(out, whole)
    assert out.getvalue() == encode(whole)
    assert b'"upstream": [' in out.getvalue()
