"""Runs cases in turns and tells what each cost, as a table: time, rate, processor, memory.

Knows: parties, as processes. Must not know: what is run. What is compared is compared within a round, so that whatever else
the machine does falls on all alike; a ratio is the median of the rounds' ratios.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from parties import Party
from rich.console import Console
from rich.table import Table

MOST_MEMORY = 150
"""MB that our mirror may have had resident: the only figure that is asserted, and no time."""

BASE = "nginx"


@dataclass
class Case:
    """``run`` returns the seconds that count. ``before`` makes ready for it and does not count."""

    name: str
    party: Party
    run: Callable[[], float]
    before: Callable[[], object] = lambda: None
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def once(self) -> None:
        self.before()
        spent = self.party.cpu()
        self.seconds.append(self.run())
        self.processor.append(self.party.cpu() - spent)


def in_turns(rounds: int, cases: list[Case]) -> dict[str, Case]:
    """Every case once to warm up, which is forgotten, then ``rounds`` times in turns. The cases by name."""
    for case in cases:
        case.once()
        case.seconds.clear()
        case.processor.clear()
    for _ in range(rounds):
        for case in cases:
            case.once()
    return {case.name: case for case in cases}


def tell(title: str, cases: dict[str, Case], amount: float, unit: str) -> None:
    """Print the table, then hold our mirror to its bound of memory."""
    table = Table(title=f"\n{title}, median of {len(cases[BASE].seconds)}", title_justify="left", box=None)
    for heading in ("", "seconds", "from … to", f"{unit} a second", f"of {BASE}", "processor s", "peak MB"):
        table.add_column(heading, justify="right" if heading else "left")
    for case in cases.values():
        seconds = statistics.median(case.seconds)
        ratio = statistics.median(a / b for a, b in zip(cases[BASE].seconds, case.seconds, strict=True))
        known = case.party.service is not None
        table.add_row(
            case.name,
            f"{seconds:.2f}",
            f"{min(case.seconds):.2f} … {max(case.seconds):.2f}",
            f"{amount / seconds:.0f}",
            f"{ratio:.2f}",
            f"{statistics.median(case.processor):.2f}" if known else "",
            f"{case.party.peak():.0f}" if known else "",
        )
    Console(width=112, highlight=False).print(table)
    for case in cases.values():
        if case.name.startswith("ours"):
            assert case.party.peak() < MOST_MEMORY, f"{case.name}: {case.party.peak():.0f} MB"


def timed(action: Callable[[], object]) -> float:
    """Seconds that ``action`` takes."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin
