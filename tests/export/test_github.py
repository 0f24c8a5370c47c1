"""Workflow commands: one line each, whatever is in it."""

import io

from inspector.core.finding import Severity
from inspector.core.pull import Outcome
from inspector.core.report import Report
from inspector.export.github import GithubWriter, data, value
from inspector.gate.policy import Judge, Policy


def lines(pulls, judge: Judge | None = None) -> list[str]:
    out = io.BytesIO()
    with GithubWriter(judge) as writer:
        for pull in pulls:
            writer.add(pull)
        writer.write_to(out, Report())
    return out.getvalue().decode().splitlines()


def test_escapes() -> None:
    assert data("100%\r\na:b,c") == "100%25%0D%0Aa:b,c"
    assert value("100%\r\na:b,c") == "100%25%0D%0Aa%3Ab%2Cc"


def test_severities_have_their_commands(pulled) -> None:
    names = []
    for severity in Severity:
        pull = pulled("body-truncated")
        pull.findings[0].severity, pull.outcome = severity, Outcome.COMPLETE
        [line] = lines([pull])
        names.append(line.partition(" ")[0])
    assert names == ["::error", "::warning", "::notice"]


def test_a_command_says_what_proves_it_and_what_to_change(pulled) -> None:
    [line] = lines([pulled("body-truncated")])
    head, _, message = line[2:].partition("::")
    assert head == "error title=body-truncated%2C pull 1%3A docker.io/library/app%3Alatest"
    assert "%0Astep 9: content-length: " in message
    assert "%0Afix: nginx" in message


def test_what_follows_is_named_and_what_is_excused_is_a_notice(pulled) -> None:
    pull = pulled("body-truncated")
    second = pulled("tag-not-found").findings[0]
    second.caused_by = "body-truncated"
    pull.findings.append(second)
    [line] = lines([pull], Judge(Policy(ignored={"body-truncated": "why, and"})))
    assert line.startswith("::notice ")
    assert "ignored: why, and%0A" in line
    assert line.endswith("%0Aled to: tag-not-found")


def test_nothing_recorded_begins_a_line_or_ends_a_title(pulled) -> None:
    pull = pulled("body-truncated")
    pull.reference = "x::y,\r\n::error title=z::"
    pull.findings[0].summary = "\n::stop-commands::t\r\n::set-output name=a::b"
    told = lines([pull])
    assert len(told) == 1
    assert told[0].startswith("::error title=body-truncated%2C pull 1%3A x%3A%3Ay%2C")
    assert "::stop-commands" in told[0].partition(" title=")[2]


def test_no_pull_is_an_error() -> None:
    assert lines([], Judge(Policy(may_be_empty=False), where="a.flow")) == [
        "::error title=no pull::no pull in a.flow"
    ]
    assert lines([]) == []
