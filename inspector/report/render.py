"""The report, put together: which sections, in which order, for one pull or for many.

Knows: the renderables and rich's console. Must not know: where a report comes from. ``print_pull`` is what the recorder
calls when a pull ends; ``print_report`` is the command ``report``.
"""

from collections.abc import Collection

from rich.console import Console

from inspector.core.finding import Severity
from inspector.core.pull import Outcome, Pull
from inspector.core.report import Report
from inspector.report.checks import Checks
from inspector.report.content import ContentTree
from inspector.report.diagram import Diagram
from inspector.report.findings import Findings
from inspector.report.footer import Footer, Left, Nothing, Rule, SourceLines, Sum
from inspector.report.headline import Headline
from inspector.report.hosts import Hosts
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
FEW = 5
"""So many pulls are shown one by one without being asked for."""


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
    for section in SECTIONS:
        if section == "footer" and section in wanted:
            parts.append(Footer(pull, more=more, sources=sources))
        elif section in wanted and (part := _part(section, pull, names, full=full)) is not None:
            parts.append(part)
    return Stack(*parts)


def _part(section: str, pull: Pull, names: Names, *, full: bool) -> Lines | None:
    match section:
        case "headline":
            return Headline(pull, names)
        case "findings":
            return Findings(pull.findings, pull, names) if pull.findings else None
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
    console: Console, pull: Pull, *, sections: Collection[str] | None = None, full: bool = False, more: str | None = None
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
    """A report: one pull whole; of several the table, then each (of many: those that failed).

    ``request`` shows one exchange, ``pull`` one pull of several; IndexError with a sentence when there is none such.
    """
    if request is not None:
        chosen = _chosen(report, pull)
        if not 1 <= request <= len(chosen.steps):
            raise IndexError(f"there is no request {request}: this pull has {len(chosen.steps)}")
        _say(console, Request(chosen, request))
        return
    pulls = report.pulls if pull is None else [_chosen(report, pull)]
    sources = SourceLines(report)
    blocks: list[Lines] = []
    if report.findings and pull is None:
        blocks.append(Findings(report.findings))
    if len(pulls) != 1:
        blocks.append(Stack(PullsTable(pulls), sources) if pulls else Nothing(sources))
    shown = _shown(pulls, full=full)
    for one in shown:
        several = len(report.sources) > 1
        if len(pulls) > 1 or several:
            blocks.append(Rule(one.n, one.source if several else None))
        more = None if full or not one.steps else _hint(one, pulls)
        blocks.append(pull_lines(one, sections, full=full, more=more, sources=sources if len(pulls) == 1 else None))
    if len(shown) < len(pulls):
        blocks.append(Left(len(pulls) - len(shown)))
    if len(pulls) > 1:
        blocks.append(Sum(pulls))
    _say(console, Stack(*blocks))


def _chosen(report: Report, number: int | None) -> Pull:
    if number is None:
        if len(report.pulls) == 1:
            return report.pulls[0]
        if not report.pulls:
            raise IndexError("there is no pull in it")
        raise IndexError(f"there are {len(report.pulls)} pulls in it: say which with --pull N")
    for pull in report.pulls:
        if pull.n == number:
            return pull
    several = f"pulls 1 to {len(report.pulls)}" if len(report.pulls) > 1 else f"{len(report.pulls)} pull"
    raise IndexError(f"there is no pull {number}: it has {several}" if report.pulls else "there is no pull in it")


def _shown(pulls: list[Pull], *, full: bool) -> list[Pull]:
    if full or len(pulls) <= FEW:
        return pulls
    failed = [pull for pull in pulls if pull.outcome is Outcome.FAILED or _has_error(pull)]
    return failed[:FEW]


def _has_error(pull: Pull) -> bool:
    return any(finding.severity is Severity.ERROR for finding in pull.findings)


def _hint(pull: Pull, pulls: list[Pull]) -> str:
    worth = next((step.n for step in pull.steps if margin(step)[0]), None) or max(
        pull.steps, key=lambda step: (step.wait or 0.0) + (step.receive or 0.0)
    ).n
    which = f"--pull {pull.n} " if len(pulls) > 1 else ""
    return f"more: --full · one exchange: {which}--request {worth}"


def _say(console: Console, lines: Lines) -> None:
    console.print(lines, end="", markup=False, highlight=False, emoji=False, soft_wrap=False)
