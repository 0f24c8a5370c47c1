"""A broken pull in two lines."""

from collections.abc import Callable

import pytest
from rich.cells import cell_len

from inspector.core.pull import Pull
from inspector.report.brief import Brief, Remedy, root_of

type Draw = Callable[..., str]


def test_two_lines_what_is_wrong_and_what_to_change(refused_pull: Pull, draw: Draw) -> None:
    finding = root_of(refused_pull)
    assert finding is refused_pull.findings[0]
    assert draw(Brief(refused_pull, finding), 160).splitlines() == [
        "✘ docker.io/library/hello-world:latest: the registry's token was sent on to the CDN, which refuses it",
        '  fix: In `location @handle_redirect` add: proxy_set_header Authorization "";  [cdn-rejects-authorization]',
    ]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_never_more_than_two_lines_that_fit(refused_pull: Pull, draw: Draw, width: int) -> None:
    finding = refused_pull.findings[0]
    finding.remedy = finding.summary = "many words, " * 40
    lines = draw(Brief(refused_pull, finding), width).splitlines()
    assert len(lines) == 2
    assert all(cell_len(line) <= width for line in lines)
    assert lines[1].endswith("[cdn-rejects-authorization]")


def test_advice_and_nothing_at_all_break_no_pull(refused_pull: Pull) -> None:
    refused_pull.findings = refused_pull.findings[2:]
    assert root_of(refused_pull) is None
    refused_pull.findings = []
    assert root_of(refused_pull) is None


def test_recorded_text_commands_nothing(refused_pull: Pull, draw: Draw) -> None:
    finding = refused_pull.findings[0]
    finding.summary = finding.remedy = "\x1b[2J\r\n[/x]"
    refused_pull.reference = "\x1b]52;c;AAAA\x07"
    drawn = draw(Brief(refused_pull, finding), 160)
    assert not {"\x1b", "\x07", "\r"} & set(drawn)
    assert "[/x]" in drawn


def test_a_remedy_alone_is_one_line(refused_pull: Pull, draw: Draw) -> None:
    assert len(draw(Remedy(refused_pull.findings[0]), 80).splitlines()) == 1
