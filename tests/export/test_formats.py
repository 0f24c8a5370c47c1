"""Every format that the command line offers is there, and a hostile pull breaks none of them."""

import io

import pytest

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.report import Report, Source
from inspector.export import formats
from inspector.gate.policy import Judge, Policy

WRITERS = [name for name in formats.NAMES if name != "text"]
HOSTILE = "\x1b[2J\x1b]52;c;AAAA\x07 \u202e ]]> <script>alert(1)</script> ``` `x` | %%{init} ; # end\r\n::error::x \ufffe \ud800"


def written(name: str, pulls=(), report: Report | None = None, judge: Judge | None = None) -> str:
    out = io.BytesIO()
    with formats.writer(name, judge) as writer:
        for pull in pulls:
            writer.add(pull)
        writer.write_to(out, report or Report(sources=[Source(file="a/b.flow", format="flow")]))
    return out.getvalue().decode()


@pytest.mark.parametrize("name", WRITERS)
def test_each_names_the_finding_and_the_one_that_belongs_to_no_pull(name: str, pulled) -> None:
    other = pulled("tag-not-found").findings
    text = written(name, [pulled("body-truncated")], Report(findings=other))
    assert "body-truncated" in text
    assert "tag-not-found" in text


@pytest.mark.parametrize("name", WRITERS)
def test_nothing_that_was_recorded_commands_a_terminal(name: str, pulled) -> None:
    pull = pulled("body-truncated")
    pull.reference = pull.repository = pull.tag = HOSTILE
    for finding in pull.findings:
        finding.summary = finding.cause = finding.remedy = HOSTILE
        finding.evidence = [*finding.evidence, Evidence(exchange=1, what=HOSTILE)]
    if (
        name == "json"
    ):  # JSON escapes what it must, and cannot hold half of a surrogate pair: sources never give one
        pull.reference = pull.repository = pull.tag = HOSTILE[:-1]
        pull.findings = []
    text = written(name, [pull], judge=Judge(Policy(ignored={"stalled": HOSTILE[:-1]})))
    assert "\x1b" not in text
    assert "\x07" not in text
    if name != "json":  # as its readers want it: a document, not a text for eyes
        assert "\u202e" not in text


def test_a_name_that_is_none() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        formats.writer("nonsense")


@pytest.mark.parametrize("name", WRITERS)
def test_a_report_without_a_pull_is_written(name: str) -> None:
    assert "error[" not in written(name)


@pytest.mark.parametrize("name", WRITERS)
def test_an_ignored_finding_is_told_with_its_reason(name: str, pulled) -> None:
    judge = Judge(Policy(ignored={"body-truncated": "the cache is small"}))
    assert "the cache is small" in written(name, [pulled("body-truncated")], judge=judge).replace("`", "")
    assert not judge.fails


def test_of_one_pull_what_belongs_to_none_is_left_out(pulled) -> None:
    out = io.BytesIO()
    lost = Finding(
        code="tls-ca-not-trusted", severity=Severity.ERROR, confidence=Confidence.PROVED, summary="s", evidence=[],
        cause="", remedy="", spec="",
    )  # fmt: skip
    with formats.writer("concise", one_pull=True) as writer:
        writer.add(pulled("body-truncated"))
        writer.write_to(out, Report(findings=[lost]))
    assert "body-truncated" in out.getvalue().decode()
    assert "tls-ca-not-trusted" not in out.getvalue().decode()
