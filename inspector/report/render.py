"""The report, put together: which sections, in which order, for one pull or for many.

Knows: the renderables and rich's console. Must not know: where a report comes from. ``print_pull`` is what the recorder
calls when a pull ends; ``print_kept`` is the command ``report``, ``print_report`` the same of pulls that are all there.
"""

from collections.abc import Collection
from itertools import batched

from rich.console import Console
from rich.text import Text

from inspector.core.pull import Pull
from inspector.core.report import Report
from inspector.report.checks import Checks
from inspector.report.content import ContentTree
from inspector.report.diagram import Diagram
from inspector.report.findings import Findings, in_short
from inspector.report.footer import Footer, Left, Nothing, Rule, SourceLines, Sum
from inspector.report.headline import Headline
from inspector.report.hosts import Hosts
from inspector.report.kept import Kept
from inspector.report.lines import Lines, Stack
from inspector.report.names import Names
from inspector.report.pulls_table import PullsTable
from inspector.report.request import Request
from inspector.report.sequence import Sequence
from inspector.report.timeline import Timeline
from inspector.report.tokens import Tokens
from inspector.report.wording import margin

SECTIONS = (
    "headline", "findings", "sequence", "diagram", "timeline", "content", "tokens", "hosts", "checks", "footer",
)  # fmt: skip
"""Every section, in the order in which they are printed: what is wrong comes before the long story."""

DEFAULT = frozenset({"headline", "findings", "sequence", "footer"})

_AT_ONCE = 256  # lines


def pull_lines(
    pull: Pull,
    sections: Collection[str] | None = None,
    *,
    full: bool = False,
    more: str | None = None,
    sources: Lines | None = None,
) -> Stack:
    """The sections of one pull as one renderable. Unknown names are ignored; None means the default."""
    wanted = set(SECTIONS) if full and sections is None else set(DEFAULT if sections is None else sections)
    names = Names(pull)
    parts: list[Lines] = []
    short = not full and sections is None  # who asks for the findings by name wants all of them
    for section in SECTIONS:
        if section == "footer" and section in wanted:
            parts.append(Footer(pull, more=more, sources=sources))
        elif section == "findings" and section in wanted:
            if found := in_short(pull.findings) if short else pull.findings:
                parts.append(Findings(found, pull, names, full=not short))
        elif section in wanted and (part := _part(section, pull, names, full=full)) is not None:
            parts.append(part)
    return Stack(*parts)


def _part(section: str, pull: Pull, names: Names, *, full: bool) -> Lines | None:
    match section:
        case "headline":
            return Headline(pull, names)
        case "sequence":
            return Sequence(pull, names, full=full)
        case "diagram":
            return Diagram(pull, names, full=full)
        case "timeline":
            return Timeline(pull, full=full)
        case "content":
            return ContentTree(pull)
        case "tokens":
            return Tokens(pull, names)
        case "hosts":
            return Hosts(pull, names)
        case "checks":
            return Checks(pull.checks)
        case _:
            return None


def print_pull(
    console: Console,
    pull: Pull,
    *,
    sections: Collection[str] | None = None,
    full: bool = False,
    more: str | None = None,
) -> None:
    """One pull. ``sections`` are names from SECTIONS, None for the default; ``more`` is the hint in the footer."""
    _say(console, pull_lines(pull, sections, full=full, more=more))


def print_report(
    console: Console,
    report: Report,
    *,
    sections: Collection[str] | None = None,
    request: int | None = None,
    pull: int | None = None,
    full: bool = False,
) -> None:
    """A report that holds all its pulls: one whole; of several the table, then each (of many: those that failed).

    ``request`` shows one exchange, ``pull`` one pull of several; IndexError with a sentence when there is none such.
    """
    print_kept(
        console, report, Kept.of(report.pulls, number=pull, full=full), sections=sections, request=request
    )


def print_kept(
    console: Console,
    report: Report,
    kept: Kept,
    *,
    sections: Collection[str] | None = None,
    request: int | None = None,
) -> None:
    """As ``print_report``, of a report whose pulls were taken in by ``kept``, which knows of one pull and of all."""
    if request is not None:
        chosen = kept.chosen()
        if chosen.find(request) is None:
            raise IndexError(f"there is no request {request}: this pull has {len(chosen.steps)}")
        _say(console, Request(chosen, request))
        return
    shown = kept.whole if kept.number is None else [kept.chosen()]
    table = len(kept.rows) != 1 and kept.number is None
    sources = SourceLines(report)
    blocks: list[Lines] = []
    if report.findings and kept.number is None:
        blocks.append(Findings(report.findings))
    if table:
        blocks.append(Stack(PullsTable(kept.rows), sources) if kept.rows else Nothing(sources))
    for one in shown:
        several = len(report.sources) > 1
        if table or several:
            blocks.append(Rule(one.n, one.source if several else None))
        more = None if kept.full or not one.steps else _hint(one, several=len(kept.rows) > 1)
        blocks.append(
            pull_lines(one, sections, full=kept.full, more=more, sources=None if table else sources)
        )
    if table and kept.rows:
        if len(shown) < len(kept.rows):
            blocks.append(Left(len(kept.rows) - len(shown)))
        blocks.append(Sum(kept.rows))
    _say(console, Stack(*blocks))


def _hint(pull: Pull, *, several: bool) -> str:
    worth = (
        next((step.n for step in pull.steps if margin(step)[0]), None)
        or max(pull.steps, key=lambda step: (step.wait or 0.0) + (step.receive or 0.0)).n
    )
    which = f"--pull {pull.n} " if several else ""
    return f"more: --full · one exchange: {which}--request {worth}"


def _say(console: Console, lines: Lines) -> None:
    """Print some lines at a time: rich holds what it prints in one go, and a table may be long."""
    for some in batched(lines.lines(console.width), _AT_ONCE):
        console.print(_Some(some), end="", markup=False, highlight=False, emoji=False, soft_wrap=False)


class _Some(Lines):
    def __init__(self, texts: tuple[Text, ...]) -> None:
        self.texts = texts

    def lines(self, width: int) -> tuple[Text, ...]:  # noqa: ARG002 - they were made for it
        return self.texts
