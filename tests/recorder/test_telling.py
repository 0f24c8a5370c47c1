"""What is told of a running recording, and when: a failure at once and once, then the report."""

import io

import pytest
from rich.console import Console

from inspector.core.events import ConnectionFailed, Peer, Trouble
from inspector.core.pull import Pull
from inspector.recorder.live import Live
from inspector.recorder.telling import _MOST_REMEMBERED, Telling
from inspector.rules import catalogue
from inspector.rules.example import build
from inspector.rules.sample import HEALTHY


def pulled(code: str | None = None) -> Pull:
    rule = catalogue.rule(code) if code else None
    [pull, *_], _ = build(rule.bad if rule else HEALTHY)
    return pull


def telling(*, terminal: bool = False, width: int = 80) -> tuple[Telling, io.StringIO]:
    out = io.StringIO()
    return Telling(Live(Console(file=out, width=width, force_terminal=terminal, color_system=None))), out


def refused(address: str = "10.0.0.7", trouble: Trouble = Trouble.CLIENT_TLS) -> ConnectionFailed:
    return ConnectionFailed(
        id="1", time=1.0, trouble=trouble, client=Peer(address=address), host="r.test", port=443, message="unknown ca", alert=48
    )  # fmt: skip


def test_a_refusal_is_told_at_once_in_two_lines_and_once() -> None:
    told, out = telling()
    told.failing([pulled("tag-not-found")])
    told.failing([pulled("tag-not-found")])
    first, second = out.getvalue().splitlines()
    assert first.startswith("✘ docker.io/library/app:")
    assert second.startswith("  fix: ")
    assert second.endswith("[tag-not-found]")


def test_the_report_comes_when_it_has_settled_and_the_two_lines_are_not_repeated() -> None:
    told, out = telling()
    told.failing([pulled("tag-not-found")])
    told.settled([pulled("tag-not-found")])
    assert out.getvalue().count("  fix: ") == 1
    assert "✘ error[tag-not-found]" in out.getvalue()
    length = len(out.getvalue())
    told.settled([pulled("tag-not-found")])
    assert len(out.getvalue()) == length


def test_a_body_that_broke_off_waits_for_the_clients_next_try() -> None:
    told, out = telling()
    told.failing([pulled("body-truncated")])
    assert out.getvalue() == ""
    told.settled([pulled("body-truncated")])
    assert out.getvalue().splitlines()[1].endswith("[body-truncated]")


def test_a_healthy_pull_has_its_report_alone() -> None:
    told, out = telling()
    told.settled([pulled()])
    assert out.getvalue().lstrip().startswith("✔ ")
    assert "fix:" not in out.getvalue()


def test_a_refused_certificate_is_told_with_its_remedy_once_for_each_client() -> None:
    told, out = telling()
    for address in ("10.0.0.7", "10.0.0.7", "10.0.0.8"):
        told.refused(refused(address))
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert all(line.endswith("[tls-ca-not-trusted]") for line in lines)
    told.refused(refused("10.0.0.9", Trouble.CONNECT))
    assert len(out.getvalue().splitlines()) == 2


@pytest.mark.parametrize("width", [80, 120])
def test_on_a_terminal_two_lines_are_two_lines(width: int) -> None:
    told, out = telling(terminal=True, width=width)
    told.failing([pulled("tag-not-found")])
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert all(len(line) <= width for line in lines)


def test_in_a_file_nothing_is_cut() -> None:
    told, out = telling(width=40)
    told.failing([pulled("tag-not-found")])
    assert "…" not in out.getvalue()


def test_it_remembers_only_so_many() -> None:
    told, _ = telling()
    for number in range(_MOST_REMEMBERED + 10):
        told.refused(refused(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"))
    assert len(told._told) == _MOST_REMEMBERED
