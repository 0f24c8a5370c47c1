"""The last lines: the verdict, and the count of the checks at the very end."""

from collections.abc import Callable

from inline_snapshot import snapshot

from inspector.core.pull import Pull
from inspector.core.report import Report, Source
from inspector.report.footer import Footer, Left, Nothing, Rule, SourceLines, Sum
from inspector.report.pulls_table import row_of

type Draw = Callable[..., str]


def test_a_healthy_pull(docker_pull: Pull, draw: Draw) -> None:
    sources = SourceLines(Report(sources=[Source(file="pull.flow", format="flow", redaction="default")]))
    assert draw(
        Footer(docker_pull, more="more: --full · one exchange: --request 6", sources=sources), 100
    ) == snapshot("""\
No findings.   more: --full · one exchange: --request 6
pull.flow · flow · redacted: default
Checks: 1 passed, 0 failed, 0 not applicable, 0 could not tell
""")


def test_a_failed_pull_ends_with_the_checks(refused_pull: Pull, draw: Draw) -> None:
    assert draw(Footer(refused_pull), 80) == snapshot("""\
✘ failed, with 1 error, 1 note.
Checks: 1 passed, 1 failed, 1 not applicable, 1 could not tell
""")


def test_what_is_missing_and_what_else_was_in_it(draw: Draw) -> None:
    report = Report(
        sources=[
            Source(file="cut.flow", format="flow", complete=False, missing="the last 12 bytes are missing")
        ],
        other_exchanges=3,
        connections_failed=1,
    )
    assert draw(SourceLines(report), 100) == snapshot("""\
cut.flow · flow · does not say how it was redacted
▲ the last 12 bytes are missing
also in it: 3 requests that were no registry traffic, 1 connection that failed before any request
""")


def test_one_request_is_one(draw: Draw) -> None:
    assert "1 request that was no registry traffic" in draw(SourceLines(Report(other_exchanges=1)), 100)


def test_a_recording_without_a_pull_says_so(draw: Draw) -> None:
    assert draw(Nothing(SourceLines(Report())), 80) == "No pull in this recording.\n"


def test_several_pulls_are_summed_up(docker_pull: Pull, refused_pull: Pull, draw: Draw) -> None:
    assert draw(Sum([row_of(docker_pull), row_of(refused_pull), row_of(docker_pull)]), 100) == snapshot("""\
3 pulls: 2 complete, 1 failed
Checks of all pulls: 3 passed, 1 failed, 1 not applicable, 1 could not tell
""")


def test_between_two_pulls(draw: Draw) -> None:
    assert draw(Rule(2), 40) == "── pull 2 " + "─" * 30 + "\n"
    assert draw(Left(7), 80) == "7 pulls not shown one by one: --pull N shows one, --full all of them\n"
