"""Factories for the tests of the rules: traffic in, findings out."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from inspector.core.engine import Engine
from inspector.core.events import Event, Peer, RequestHead
from inspector.core.finding import Check, Finding
from inspector.core.joined import join
from inspector.core.pull import Pull
from inspector.rules import capture_findings, diagnose, diagnosis
from inspector.rules.example import Broken, Turn, build, events


@pytest.fixture(autouse=True)
def _rules_that_raise_fail_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "RERAISE", True)


@pytest.fixture
def pulled() -> Callable[..., Pull]:
    """The one pull that the turns make, diagnosed."""

    def _pulled(*turns: Turn | Broken) -> Pull:
        pulls, _ = build(turns)
        assert len(pulls) == 1, [(p.reference, p.outcome) for p in pulls]
        diagnose(pulls[0])
        return pulls[0]

    return _pulled


@pytest.fixture
def found(pulled: Callable[..., Pull]) -> Callable[..., dict[str, Finding]]:
    """The findings of the one pull that the turns make, by code."""

    def _found(*turns: Turn | Broken) -> dict[str, Finding]:
        return {finding.code: finding for finding in pulled(*turns).findings}

    return _found


@pytest.fixture
def checked(pulled: Callable[..., Pull]) -> Callable[..., Check]:
    """How the check of one code ended on the one pull that the turns make."""

    def _checked(code: str, *turns: Turn | Broken) -> Check:
        return next(check for check in pulled(*turns).checks if check.code == code)

    return _checked


@pytest.fixture
def both() -> Callable[..., Pull]:
    """The one pull that turns and what the mirror asked upstream for each of them make, diagnosed.

    Each row is a turn of the client's, and the mirror's own turns while the client waits.
    """

    def _both(*rows: tuple[Turn, tuple[Turn, ...]]) -> Pull:
        engines = Engine(), Engine()
        for number, (outer, inner) in enumerate(rows):
            begin = 0.25 * number
            for event in _at(replace(outer, took=0.2), begin, f"client-{number}", "10.0.0.7"):
                engines[0].feed(event)
            for place, turn in enumerate(inner):
                told = _at(
                    replace(turn, took=0.01), begin + 0.02 * (place + 1), f"up-{number}-{place}", "10.9.9.9"
                )
                for event in told:
                    engines[1].feed(event)
        pulls = [engine.finish() for engine in engines]
        groups = join([*pulls[0], *pulls[1]], [0] * len(pulls[0]) + [1] * len(pulls[1]))
        (pull,) = [pull for group in groups for pull in group.pulls()]
        diagnose(pull)
        return pull

    return _both


def _at(turn: Turn, time: float, name: str, address: str) -> list[Event]:
    """The turn's events at that time, under an id and from an address of its own."""
    told = events((turn,))
    first = next(event.time for event in told if isinstance(event, RequestHead))
    moved = []
    for event in told:
        when = getattr(event, "time", None)
        new: dict[str, object] = {"id": name} if when is None else {"id": name, "time": when - first + time}
        if isinstance(event, RequestHead):
            new["client"] = Peer(address=address, connection=name)
        moved.append(replace(event, **new))
    return moved


@pytest.fixture
def outside() -> Callable[..., dict[str, Finding]]:
    """The findings about connections that belong to no pull, by code."""

    def _outside(*turns: Turn | Broken) -> dict[str, Finding]:
        pulls, unclaimed = build(turns)
        return {finding.code: finding for finding in capture_findings(unclaimed, pulls)}

    return _outside


@pytest.fixture(scope="session")
def captures() -> Path:
    """The folder of recorded captures that is no part of the repository; the tests that need it are skipped without."""
    here = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("PULL_INSPECTOR_CAPTURES") or here.parent / "shared" / "captures")
    if not folder.is_dir():
        pytest.skip("no folder of captures: set PULL_INSPECTOR_CAPTURES")
    return folder
