"""The checks, each with how it ended: passed, failed, not applicable, could not tell. Silence would not be health.

Knows: a pull's checks. Must not know: rules.
"""

from collections.abc import Iterator

from rich.text import Text

from inspector.core.finding import Check, CheckState
from inspector.report.lines import Lines, crop, fold, pad
from inspector.report.style import CHECKS, FAINT, STRONG

_ORDER = (CheckState.FAILED, CheckState.CANNOT_TELL, CheckState.PASSED, CheckState.NOT_APPLICABLE)


class Checks(Lines):
    """One line a check; those that do not apply are only named."""

    def __init__(self, checks: list[Check]) -> None:
        self.checks = checks

    def lines(self, width: int) -> Iterator[Text]:
        """The failed first, then what could not be told and why, then the passed."""
        yield Text.assemble(("Checks", STRONG), "  ", (in_words(counted(self.checks)), FAINT))
        if not self.checks:
            return
        told = [check for check in self.checks if check.state is not CheckState.NOT_APPLICABLE]
        name = min(max((len(check.code) for check in told), default=0), 26)
        for state in _ORDER[:3]:
            for check in (check for check in told if check.state is state):
                yield from _line(check, name, width)
        rest = [check.code for check in self.checks if check.state is CheckState.NOT_APPLICABLE]
        if rest:
            for at, piece in enumerate(fold(", ".join(rest), width - 20)):
                symbol = f"  {CHECKS[CheckState.NOT_APPLICABLE][0]} " if at == 0 else "    "
                yield Text(symbol + pad("not applicable" if at == 0 else "", 16) + piece, style=FAINT)


def _line(check: Check, name: int, width: int) -> Iterator[Text]:
    symbol, style = CHECKS[check.state]
    state = f"{symbol} {pad(check.state, 16)}"
    room = width - 20 - name - 2
    yield Text.assemble("  ", (state, style), pad(check.code, name), "  ", crop(check.title, room))
    if check.reason:
        for piece in fold(check.reason, width - 20 - name - 2):
            yield Text.assemble(" " * (20 + name + 2), (piece, FAINT))


def counted(checks: list[Check]) -> dict[CheckState, int]:
    """How many checks ended in each way."""
    return {state: sum(1 for check in checks if check.state is state) for state in CheckState}


def in_words(counts: dict[CheckState, int]) -> str:
    """``31 passed, 1 failed, 20 not applicable, 2 could not tell``, always all four."""
    return ", ".join(f"{counts[state]:,} {state}" for state in CheckState)
