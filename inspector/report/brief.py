"""A broken pull in two lines, to be read at once: what is wrong, and what to change. The whole report comes later.

Knows: a pull's first finding. Must not know: how the pull came to be, columns of the live output.
"""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from inspector.core.finding import Finding, Severity
from inspector.core.pull import Pull
from inspector.report.headline import title
from inspector.report.lines import Lines, crop, crop_middle, safe, shortened
from inspector.report.style import FAINT, SEVERITIES, STRONG

_LEAST = 24  # cells that a reference keeps


def root_of(pull: Pull) -> Finding | None:
    """The finding on which the pull failed: the first, if it is worth breaking a pull over; else None."""
    first = pull.findings[0] if pull.findings else None
    return first if first is not None and first.severity is not Severity.NOTE else None


class Brief(Lines):
    """Two lines, each cut to the width. The code stands in the second: what is said first is said in words."""

    def __init__(self, pull: Pull, finding: Finding) -> None:
        self.pull = pull
        self.finding = finding

    def lines(self, width: int) -> Iterator[Text]:
        """The verdict, then the remedy."""
        symbol, style = SEVERITIES[self.finding.severity]
        summary = safe(self.finding.summary)
        room = max(width - cell_len(summary) - 4, _LEAST)
        name = crop_middle(shortened(safe(title(self.pull))), room)
        yield Text(crop(f"{symbol} {name}: {summary}", width), style=style)
        yield from Remedy(self.finding).lines(width)


class Remedy(Lines):
    """The second line alone, for what has said itself already."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding

    def lines(self, width: int) -> Iterator[Text]:
        """What to change, and the code under which `explain` tells more."""
        code = f"  [{self.finding.code}]"
        remedy = crop(f"  fix: {safe(self.finding.remedy)}", width - cell_len(code))
        yield Text.assemble((remedy, STRONG), (code, FAINT))
