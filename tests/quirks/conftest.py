"""Pulls from a host of no known name, that sends what a registry sends."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from inspector.core.finding import Check, Finding
from inspector.quirks import known
from inspector.quirks.registry import signs_of
from inspector.rules import diagnose, diagnosis
from inspector.rules.example import Turn, build
from inspector.rules.sample import MIRROR

HOST = MIRROR.partition("://")[2]


@dataclass
class Seen:
    """The registries that the host shows, the findings, and the checks by code."""

    names: set[str]
    findings: list[Finding]
    checks: dict[str, Check]

    @property
    def codes(self) -> set[str]:
        return {finding.code for finding in self.findings}


@pytest.fixture
def see(monkeypatch) -> Callable[..., Seen]:
    """Diagnose the pull of some turns; ``host`` is the one whose registry is asked for."""
    monkeypatch.setattr(diagnosis, "RERAISE", True)

    def look(*turns: Turn, host: str = HOST) -> Seen:
        (pull,) = build(turns)[0]
        diagnose(pull)
        steps = [step for step in pull.steps if step.exchange.host == host]
        names = {one.name for one in known.shown_by(signs_of(host, steps))}
        return Seen(names, pull.findings, {check.code: check for check in pull.checks})

    return look


@pytest.fixture
def sends(see) -> Callable[..., set[str]]:
    """The registries that a host of no known name shows with one answer of these headers to a ping."""

    def look(*give: str, status: int = 401, host: str = HOST) -> set[str]:
        turn = Turn(method="GET", url=f"https://{host}/v2/", status=status, give=give)
        return see(turn, host=host).names

    return look
