"""Symbols and colours: there is one for everything, and no two meanings share symbol and word."""

from inspector.core.finding import CheckState, Severity
from inspector.core.pull import Outcome, Stage
from inspector.report import style


def test_every_value_has_its_style() -> None:
    assert set(style.OUTCOMES) == set(Outcome)
    assert set(style.SEVERITIES) == set(Severity)
    assert set(style.CHECKS) == set(CheckState)
    assert set(style.STAGES) == set(Stage)


def test_no_meaning_is_told_by_colour_alone() -> None:
    words = [word for _, _, word in style.OUTCOMES.values()]
    assert len(set(words)) == len(words)
    symbols = [symbol for symbol, _ in style.SEVERITIES.values()]
    assert len(set(symbols)) == len(symbols)
    assert len({symbol for symbol, _ in style.CHECKS.values()}) == len(style.CHECKS)
