"""Findings as a good compiler shows errors: code, sentence, the very line of the traffic with a mark at it, the remedy.

Knows: findings, and the pull that they are about. Must not know: single rules. A consequence is named in one line under its
root and not told again.
"""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Pull
from inspector.report.lines import Lines, crop, fold, pad, safe
from inspector.report.names import Names
from inspector.report.prints import prints
from inspector.report.proof import Proof
from inspector.report.style import BAD, FAINT, NOTE, SEVERITIES, STRONG, WARN
from inspector.report.units import ranges

_GUTTER = 3  # cells before what is told


class Findings(Lines):
    """The findings of a pull, or of the report as a whole where ``pull`` is None.

    What the pull's client prints stands with an error, with the rest where it is ``full``: people search for that line.
    """

    def __init__(
        self,
        findings: list[Finding],
        pull: Pull | None = None,
        names: Names | None = None,
        *,
        full: bool = False,
    ) -> None:
        self.pull = pull
        self.full = full
        self.names = names or (Names(pull) if pull else None)
        codes = {finding.code for finding in findings if finding.caused_by is None}
        self.roots = [finding for finding in findings if finding.caused_by not in codes]
        self.consequences = [finding for finding in findings if finding.caused_by in codes]

    def lines(self, width: int) -> Iterator[Text]:
        """One block a root; an empty line between blocks."""
        shown: list[list[Evidence]] = []
        for position, finding in enumerate(self.roots):
            if position:
                yield Text()
            yield from self._block(finding, width, as_above=finding.evidence in shown)
            shown.append(finding.evidence)

    def _block(self, finding: Finding, width: int, *, as_above: bool) -> Iterator[Text]:
        yield from _title(finding, width)
        if as_above and finding.evidence:
            steps = _steps(finding)
            yield from _told("evidence", f"as above ({ranges(steps)})" if steps else "as above", width, FAINT)
        else:
            yield from Proof(finding, self.pull, self.names).lines(width)
        for at, (who, words) in enumerate(self._prints(finding)):
            yield from _told("" if at else "prints", f"{who}: {words}", width)
        yield from _told("cause", finding.cause, width)
        yield from _told("fix", finding.remedy, width, STRONG)
        yield from _told("spec", finding.spec, width, FAINT)
        yield from _told("explain", f"pull-inspector explain {finding.code}", width, FAINT)
        follow = [one for one in self.consequences if one.caused_by == finding.code]
        if follow:
            named = "; ".join(self._in_a_word(one) for one in follow)
            yield from _told("led to", named, width, FAINT)

    def _prints(self, finding: Finding) -> list[tuple[str, str]]:
        """What the client says of it: all in the full report, of an error its first line in each, so that it is known again."""
        said = prints(finding, self.pull.client.name) if self.pull is not None else []
        if self.full:
            return said
        return [
            one for one in said[:1] if finding.severity is Severity.ERROR and not one[1].startswith("nothing")
        ]

    def _in_a_word(self, finding: Finding) -> str:
        steps = _steps(finding)
        return f"{finding.code} ({ranges(steps, 4)})" if steps else finding.code


def _steps(finding: Finding) -> list[int]:
    return sorted({evidence.exchange for evidence in finding.evidence if evidence.exchange is not None})


def _title(finding: Finding, width: int) -> Iterator[Text]:
    symbol, style = SEVERITIES[finding.severity]
    head, sure = f"{symbol} {finding.severity}[{finding.code}]", f"({finding.confidence})"
    if 2 + cell_len(head) + 2 + cell_len(finding.summary) + 2 + len(sure) <= width:
        summary = (safe(finding.summary), STRONG)
        yield Text.assemble("  ", (head, style), "  ", summary, "  ", (sure, FAINT))
        return
    yield Text.assemble("  ", (crop(head, width - 4), style), "  ", (sure, FAINT))
    for piece in fold(finding.summary, width - 6):
        yield Text.assemble("    ", (piece, STRONG))


def _told(name: str, sentence: str, width: int, style: str = "") -> Iterator[Text]:
    if not sentence:
        return
    indent = _GUTTER + 9
    for at, piece in enumerate(fold(sentence, width - indent)):
        yield Text.assemble(" " * _GUTTER, (pad(name if at == 0 else "", 9), NOTE), (piece, style))


def in_short(findings: list[Finding]) -> list[Finding]:
    """The findings of the short report: advice is left to the full one.

    A note stays where it is all that explains a failure, and where it follows from what is told.
    """
    told = {finding.code for finding in findings if finding.severity is not Severity.NOTE}
    return [
        finding
        for finding in findings
        if finding.severity is not Severity.NOTE or finding.code == "unexplained" or finding.caused_by in told
    ]


def summary_of(findings: list[Finding]) -> Text | None:
    """``1 error, 2 warnings``; None when there are none."""
    words = []
    for severity, style in ((Severity.ERROR, BAD), (Severity.WARNING, WARN), (Severity.NOTE, NOTE)):
        number = sum(1 for finding in findings if finding.severity is severity and finding.caused_by is None)
        if number:
            words.append((f"{number} {severity}{'s' if number != 1 else ''}", style))
    if not words:
        return None
    text = Text()
    for at, (word, style) in enumerate(words):
        text.append(", " if at else "").append(word, style)
    return text
