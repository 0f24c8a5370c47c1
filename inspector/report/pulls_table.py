"""The table of the pulls in a capture: a line a pull, so that hundreds of them can be looked through.

Knows: pulls as wholes, each as one small value. Must not know: steps' rows. Nothing here is kept but the values: a table
of ten thousand lines is gone through twice, once for the widths and once to be printed.
"""

from collections.abc import Iterator

import msgspec
from rich.cells import cell_len
from rich.text import Text

from inspector.core.finding import Severity
from inspector.core.pull import Outcome, Pull
from inspector.report.checks import counted
from inspector.report.findings import in_short, summary_of
from inspector.report.headline import title
from inspector.report.lines import Lines, crop_middle, fitted, pad, safe
from inspector.report.sizes import received
from inspector.report.style import FAINT, OUTCOMES, SEVERITIES, STRONG
from inspector.report.units import clock, count, duration

NARROW, WIDE = 100, 140

_LONGEST = 1000  # cells of a reference that are kept: no terminal is wider


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One pull in a line. ``found`` is its first root's code, ``worst`` how bad the worst of its findings is."""

    n: int
    begin: float
    outcome: Outcome
    reference: str
    client: str
    version: str
    requests: int
    received: str
    elapsed: float
    found: str
    found_brief: str
    worst: Severity | None
    checks: tuple[int, ...]
    """How many checks ended in each way, in the order of CheckState."""


def row_of(pull: Pull) -> Row:
    """What the table, and the sum under it, need of a pull."""
    told = in_short(pull.findings)  # advice is no reason to look at a pull among many
    roots = [finding for finding in told if finding.caused_by is None]
    summary = summary_of(told) if roots else None
    more = f" +{len(roots) - 1}" if len(roots) > 1 else ""
    return Row(
        n=pull.n,
        begin=pull.begin,
        outcome=pull.outcome,
        reference=crop_middle(safe(title(pull)), _LONGEST),
        client=safe(pull.client.name or "unknown"),
        version=safe(pull.client.version or ""),
        requests=len(pull.steps),
        received=str(received(pull.steps)),
        elapsed=pull.elapsed,
        found=f"{roots[0].code}{more}" if roots else "–",
        found_brief=summary.plain.split(", ")[0] if summary else "–",
        worst=min((finding.severity for finding in told), key=list(Severity).index, default=None),
        checks=tuple(counted(pull.checks).values()),
    )


class PullsTable(Lines):
    """Number, outcome, reference, client, requests, bytes, time, findings of each pull; fewer where there is no room."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows

    def lines(self, width: int) -> Iterator[Text]:
        """Head and rows."""
        yield Text(count(len(self.rows), "pull"), style=STRONG)
        names = _names(width)
        widths = [self._widest(name) for name in names]
        spare = width - 2 - sum(widths) - 2 * (len(names) - 1)
        if spare < 0:  # the findings give way to their number, then the reference to its middle
            names[-1] = "findings, in short"
            widths[-1] = self._widest(names[-1])
            spare = width - 2 - sum(widths) - 2 * (len(names) - 1)
        reference = names.index("reference")
        widths[reference] = max(12, widths[reference] + min(0, spare))
        columns = list(zip(names, widths, strict=True))
        heads = (pad(_head(name), cells, right=name in _RIGHT) for name, cells in columns)
        yield Text("  " + "  ".join(heads), style=FAINT)
        for row in self.rows:
            line = Text()
            for name, cells in columns:
                text = pad(fitted(_text(name, row), cells), cells, right=name in _RIGHT)
                line.append("  ").append(text, _style(name, row))
            yield line

    def _widest(self, name: str) -> int:
        widest = max((cell_len(_text(name, row)) for row in self.rows), default=0)
        return max(cell_len(_head(name)), widest)


_RIGHT = frozenset({"#", "req", "size", "time"})


def _names(width: int) -> list[str]:
    if width < NARROW:
        return ["#", "outcome", "reference", "req", "time", "findings"]
    if width < WIDE:
        return ["#", "outcome", "reference", "client", "req", "size", "time", "findings"]
    return ["at", "#", "outcome", "reference", "client and version", "req", "size", "time", "findings"]


def _head(name: str) -> str:
    """What stands over a column."""
    return {"findings, in short": "findings", "client and version": "client"}.get(name, name)


def _text(name: str, row: Row) -> str:
    match name:
        case "at":
            return clock(row.begin)
        case "#":
            return str(row.n)
        case "outcome":
            symbol, _, word = OUTCOMES[row.outcome]
            return f"{symbol} {word}"
        case "reference":
            return row.reference
        case "client":
            return row.client
        case "client and version":
            return f"{row.client} {row.version}".rstrip()
        case "req":
            return f"{row.requests:,}"
        case "size":
            return row.received
        case "time":
            return duration(row.elapsed)
        case "findings":
            return row.found
        case _:
            return row.found_brief


def _style(name: str, row: Row) -> str:
    match name:
        case "outcome":
            return OUTCOMES[row.outcome][1]
        case "findings" | "findings, in short":
            return SEVERITIES[row.worst][1] if row.worst else FAINT
        case "reference":
            return STRONG
        case "#" | "at":
            return FAINT
        case _:
            return ""
