"""Factories for the tests of the rules: traffic in, findings out."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from inspector.core.finding import Check, Finding
from inspector.core.pull import Pull
from inspector.rules import capture_findings, diagnose, diagnosis
from inspector.rules.example import Broken, Turn, build


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
