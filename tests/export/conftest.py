"""Pulls as rules' own examples make them."""

import pytest

from inspector.core.pull import Pull
from inspector.rules import catalogue, diagnose
from inspector.rules.example import build
from inspector.rules.sample import HEALTHY


@pytest.fixture
def pulled():
    """pulled(code) -> a diagnosed pull in which the rule finds itself; pulled() -> a healthy one."""

    def made(code: str | None = None) -> Pull:
        rule = catalogue.rule(code) if code else None
        [pull, *_], _ = build(rule.bad if rule else HEALTHY)
        pull.n = 1
        diagnose(pull)
        return pull

    return made
