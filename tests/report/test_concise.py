"""One finding a line."""

from inspector.core.pull import Pull
from inspector.core.report import Report, Source
from inspector.report.concise import of_pull, of_report


def test_a_line_a_finding(refused_pull: Pull) -> None:
    refused_pull.source = "a.flow"
    assert list(of_pull(refused_pull)) == [
        "a.flow:1:3: error[cdn-rejects-authorization]: the registry's token was sent on to the CDN, which refuses it",
        "a.flow:1:4: error[html-answer]: a page came instead of a blob (follows from cdn-rejects-authorization)",
        "a.flow:1:1: note[realm-bypasses-mirror]: the client fetched its token from auth.docker.io, not through the mirror",
    ]


def test_a_pull_that_came_from_no_file(refused_pull: Pull) -> None:
    assert next(of_pull(refused_pull)).startswith("-:1:3: ")


def test_what_belongs_to_no_pull(refused_pull: Pull) -> None:
    finding = refused_pull.findings[0]
    finding.evidence = []
    finding.summary = "two\nlines\x1b[2J"
    assert list(of_report(Report(findings=[finding]))) == [
        "-:-:-: error[cdn-rejects-authorization]: two\\x0alines\\x1b[2J"
    ]
    named = Report(findings=[finding], sources=[Source(file="a.flow", format="flow")])
    assert next(of_report(named)).startswith("a.flow:-:-: ")


def test_nothing_found(docker_pull: Pull) -> None:
    assert list(of_pull(docker_pull)) == []
