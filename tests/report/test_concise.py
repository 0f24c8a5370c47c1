"""One finding a line."""

from inspector.core.pull import Pull
from inspector.core.report import Report, Source
from inspector.report.concise import concise


def test_a_line_a_finding(refused_pull: Pull) -> None:
    assert list(concise(Report(sources=[Source(file="a.flow", format="flow")], pulls=[refused_pull]))) == [
        "a.flow:1:3: error[cdn-rejects-authorization]: the registry's token was sent on to the CDN, which refuses it",
        "a.flow:1:4: error[html-answer]: a page came instead of a blob (follows from cdn-rejects-authorization)",
        "a.flow:1:1: note[realm-bypasses-mirror]: the client fetched its token from auth.docker.io, not through the mirror",
    ]


def test_each_pull_names_its_own_file(refused_pull: Pull) -> None:
    refused_pull.source = "b.flow"
    sources = [Source(file=name, format="flow") for name in ("a.flow", "b.flow")]
    assert next(concise(Report(sources=sources, pulls=[refused_pull]))).startswith("b.flow:1:3: ")


def test_what_belongs_to_no_pull(refused_pull: Pull) -> None:
    finding = refused_pull.findings[0]
    finding.evidence = []
    finding.summary = "two\nlines\x1b[2J"
    assert list(concise(Report(findings=[finding]))) == ["-:-:-: error[cdn-rejects-authorization]: two\\x0alines\\x1b[2J"]


def test_nothing_found(docker_pull: Pull) -> None:
    assert list(concise(Report(pulls=[docker_pull]))) == []
