"""Diagnosed pulls from turns."""

from collections.abc import Callable

import pytest

from inspector.compare import Comparison, compare
from inspector.core.pull import Pull
from inspector.rules import diagnose, diagnosis
from inspector.rules.example import Turn, build


@pytest.fixture
def pull(monkeypatch) -> Callable[..., Pull]:
    monkeypatch.setattr(diagnosis, "RERAISE", True)

    def make(*turns: Turn) -> Pull:
        (made,) = build(turns)[0]
        diagnose(made)
        return made

    return make


@pytest.fixture
def compared(pull) -> Callable[..., Comparison]:
    def make(a: tuple[Turn, ...], b: tuple[Turn, ...]) -> Comparison:
        return compare(pull(*a), pull(*b))

    return make
