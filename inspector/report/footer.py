"""The last lines of a pull's report: the verdict, and how many checks say what. Health is said, not left to silence.

Knows: findings and checks. Must not know: rules, files (a source is told by its own line, ``SourceLine``).
"""

from collections import Counter
from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from inspector.core.finding import CheckState
from inspector.core.pull import Pull
from inspector.core.report import Report
from inspector.report.checks import counted, in_words
from inspector.report.findings import summary_of
from inspector.report.headline import joined
from inspector.report.lines import Lines, crop, crop_middle, fold, safe
from inspector.report.pulls_table import Row
from inspector.report.style import FAINT, OUTCOMES, STRONG, WARN
from inspector.report.units import count

MORE = "more: --full · one exchange: --request N"

MOST_FILES = 4
"""So many files are named; each pull of several files names its own."""


class Footer(Lines):
    """Verdict, the recording, and the count of the checks as the last line; ``more`` names the options that show more.

    Advice that the short report leaves out is counted here: ``✔ complete, with 1 note.``, and --full shows it.
    """

    def __init__(self, pull: Pull, *, more: str | None = None, sources: Lines | None = None) -> None:
        self.pull = pull
        self.more = more
        self.sources = sources

    def lines(self, width: int) -> Iterator[Text]:
        """The verdict and the hint on one line where both fit."""
        found = summary_of(self.pull.findings)
        if found is None:
            verdict = Text("No findings.", style=STRONG)
        else:
            symbol, style, word = OUTCOMES[self.pull.outcome]
            verdict = Text.assemble((f"{symbol} {word}", style), ", with ", found, ".")
        if self.more and verdict.cell_len + 3 + len(self.more) <= width:
            yield Text.assemble(verdict, ("   " + self.more, FAINT))
        else:
            yield verdict
            yield from _hint(self.more, width)
        if self.sources is not None:
            yield from self.sources.lines(width)
        if self.pull.checks:
            yield from _checks("Checks", counted(self.pull.checks), width)


class Sum(Lines):
    """The last line of a report of several pulls: how they ended, and all their checks."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows

    def lines(self, width: int) -> Iterator[Text]:
        """Outcomes, then checks."""
        ended = Counter(row.outcome for row in self.rows)
        said = [f"{number:,} {OUTCOMES[outcome][2]}" for outcome, number in ended.most_common()]
        yield Text(crop(f"{len(self.rows):,} pulls: {', '.join(said)}", width), style=STRONG)
        counts = {state: sum(row.checks[at] for row in self.rows) for at, state in enumerate(CheckState)}
        if any(counts.values()):
            yield from _checks("Checks of all pulls", counts, width)


def _checks(name: str, counts: dict[CheckState, int], width: int) -> Iterator[Text]:
    said = f"{name}: {in_words(counts)}"
    if len(said) <= width:
        yield Text(said)
        return
    head, _, tail = said.rpartition(", ")
    yield Text(f"{head},")
    yield Text(f"  {tail}")


def _hint(more: str | None, width: int) -> Iterator[Text]:
    if more:
        for line in joined(more.split(" · "), width, indent=0):
            line.stylize(FAINT)
            yield line


class SourceLines(Lines):
    """What was read, how it was redacted, what is missing, and what else was in it."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def lines(self, width: int) -> Iterator[Text]:
        """A line a file; a line for what is missing; a line for what was no registry traffic."""
        groups: dict[tuple[str, str | None], list[str]] = {}
        for source in self.report.sources:
            groups.setdefault((source.format, source.redaction), []).append(source.file)
        for (form, redaction), files in groups.items():
            told = f"redacted: {redaction}" if redaction else "does not say how it was redacted"
            name = f"{len(files)} files" if len(files) > MOST_FILES else ", ".join(files)
            for line in joined([name, form, told], width, indent=0):
                line.stylize(FAINT)
                yield line
        for source in self.report.sources:
            said_of = (
                f"{source.file}: {source.missing}" if len(self.report.sources) > 1 else source.missing or ""
            )
            for at, piece in enumerate(fold(said_of, width - 2) if source.missing else []):
                yield Text(("▲ " if at == 0 else "  ") + piece, style=WARN)
        said = []
        if self.report.other_exchanges:
            were = "was" if self.report.other_exchanges == 1 else "were"
            said.append(f"{count(self.report.other_exchanges, 'request')} that {were} no registry traffic")
        if self.report.connections_failed:
            said.append(
                f"{count(self.report.connections_failed, 'connection')} that failed before any request"
            )
        if said:
            yield Text(crop("also in it: " + ", ".join(said), width), style=FAINT)


class Nothing(Lines):
    """A recording without a pull in it."""

    def __init__(self, sources: Lines) -> None:
        self.sources = sources

    def lines(self, width: int) -> Iterator[Text]:
        """That there is none, and what was read."""
        yield Text("No pull in this recording.", style=STRONG)
        yield from self.sources.lines(width)


class Left(Lines):
    """How many pulls of a table are not shown one by one."""

    def __init__(self, number: int) -> None:
        self.number = number

    def lines(self, width: int) -> Iterator[Text]:
        """How to see them."""
        said = f"{count(self.number, 'pull')} not shown one by one: --pull N shows one, --full all of them"
        yield Text(crop(said, width), style=FAINT)


class Rule(Lines):
    """The line between two pulls of one report; it names the file where there are several."""

    def __init__(self, number: int, file: str | None = None) -> None:
        self.number = number
        self.file = file

    def lines(self, width: int) -> Iterator[Text]:
        """The pull's number in a rule over the whole width."""
        head = f"── pull {self.number} "
        if self.file:
            head += f"· {crop_middle(safe(self.file), width - len(head) - 4)} "
        yield Text(head + "─" * (width - cell_len(head)), style=FAINT)
