"""The table of the pulls in a capture: a line a pull, so that hundreds of them can be looked through.

Knows: pulls as wholes. Must not know: steps' rows.
"""

from collections.abc import Iterator

import msgspec
from rich.cells import cell_len
from rich.text import Text

from inspector.core.finding import Severity
from inspector.core.pull import Pull
from inspector.report.findings import summary_of
from inspector.report.headline import received, title
from inspector.report.lines import Lines, crop_middle, pad, safe
from inspector.report.style import FAINT, OUTCOMES, SEVERITIES, STRONG
from inspector.report.units import clock, count, duration, size

NARROW, WIDE = 100, 140


class _Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One column: what stands over it, what stands in it, how it is laid out."""

    name: str
    texts: list[str]
    styles: list[str]
    right: bool = False


class PullsTable(Lines):
    """Number, outcome, reference, client, requests, bytes, time, findings of each pull; fewer where there is no room."""

    def __init__(self, pulls: list[Pull]) -> None:
        self.pulls = pulls

    def lines(self, width: int) -> Iterator[Text]:
        """Head and rows."""
        yield Text(count(len(self.pulls), "pull"), style=STRONG)
        columns = [_column(name, self.pulls, width) for name in _names(width)]
        widths = [max(map(cell_len, [column.name, *column.texts])) for column in columns]
        reference, findings = _names(width).index("reference"), len(columns) - 1
        spare = width - 2 - sum(widths) - 2 * (len(columns) - 1)
        if spare < 0:  # the findings give way to their number, then the reference to its middle
            columns[findings] = _column("findings", self.pulls, width, brief=True)
            widths[findings] = max(map(cell_len, [columns[findings].name, *columns[findings].texts]))
            spare = width - 2 - sum(widths) - 2 * (len(columns) - 1)
        widths[reference] = max(12, widths[reference] + min(0, spare))
        yield Text("  " + "  ".join(pad(column.name, size_, right=column.right) for column, size_ in zip(columns, widths, strict=True)), style=FAINT)
        for at in range(len(self.pulls)):
            line = Text(" ")
            for column, size_ in zip(columns, widths, strict=True):
                text = pad(crop_middle(column.texts[at], size_), size_, right=column.right)
                line.append(" " if column is columns[0] else "  ").append(text, column.styles[at])
            yield line


def _names(width: int) -> list[str]:
    if width < NARROW:
        return ["#", "outcome", "reference", "req", "time", "findings"]
    return [*(["at"] if width >= WIDE else []), "#", "outcome", "reference", "client", "req", "size", "time", "findings"]


def _column(name: str, pulls: list[Pull], width: int, *, brief: bool = False) -> _Cell:
    texts = [_text(name, pull, width, brief=brief) for pull in pulls]
    styles = [_style(name, pull) for pull in pulls]
    return _Cell(name=name, texts=texts, styles=styles, right=name in {"#", "req", "size", "time"})


def _text(name: str, pull: Pull, width: int, *, brief: bool) -> str:
    match name:
        case "at":
            return clock(pull.begin)
        case "#":
            return str(pull.n)
        case "outcome":
            symbol, _, word = OUTCOMES[pull.outcome]
            return f"{symbol} {word}"
        case "reference":
            return safe(title(pull))
        case "client":
            version = pull.client.version if width >= WIDE else None
            return safe(" ".join(part for part in (pull.client.name or "unknown", version) if part))
        case "req":
            return f"{len(pull.steps):,}"
        case "size":
            total, known_all = received(pull)
            return ("" if known_all else "≥") + size(total)
        case "time":
            return duration(pull.elapsed)
        case _:
            return _findings(pull, brief=brief)


def _style(name: str, pull: Pull) -> str:
    if name == "outcome":
        return OUTCOMES[pull.outcome][1]
    if name == "findings":
        worst = min((finding.severity for finding in pull.findings), key=list(Severity).index, default=None)
        return SEVERITIES[worst][1] if worst else FAINT
    return {"reference": STRONG, "#": FAINT, "at": FAINT}.get(name, "")


def _findings(pull: Pull, *, brief: bool) -> str:
    """The first root's code and how many more there are; their numbers alone where there is little room."""
    roots = [finding for finding in pull.findings if finding.caused_by is None]
    if not roots:
        return "–"
    if brief:
        summary = summary_of(pull.findings)
        return summary.plain.split(", ")[0] if summary else "–"
    return f"{roots[0].code} +{len(roots) - 1}" if len(roots) > 1 else roots[0].code
