"""What a check says of a pull, for a log that is read from its end: the verdict in a line, and under it what counts.

Knows: judgements. Must not know: how they came to be, other formats. What passed is one line; what fails says what is wrong,
what proves it and what to change; what is ignored or known is told with its reason.
"""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from inspector.core.finding import Finding
from inspector.gate.policy import Fate, Judgement
from inspector.gate.slo import NAMES
from inspector.report.headline import title
from inspector.report.lines import Lines, crop, fitted, fold, safe, shortened
from inspector.report.style import BAD, FAILED, FAINT, OUTCOMES, SEVERITIES, STRONG
from inspector.report.units import count, duration, elapsed

_INDENT = 4
_NAME = 9  # cells of what a line is called


class JudgedPull(Lines):
    """One pull's judgement, or that of what belongs to none."""

    def __init__(self, judgement: Judgement) -> None:
        self.judgement = judgement

    def lines(self, width: int) -> Iterator[Text]:
        """The verdict, what counts, broken thresholds, then what is excused."""
        yield from self._head(width)
        counting = self.judgement.counting
        roots = {one.finding.code for one in counting if one.finding.caused_by is None}
        for one in counting:
            if one.finding.caused_by not in roots:
                led = [
                    other.finding.code for other in counting if other.finding.caused_by == one.finding.code
                ]
                yield from _finding(one.finding, led, width)
        for measured in self.judgement.broken:
            name, limit = measured.limit.name, duration(measured.limit.allowed)
            said = f"{duration(measured.seconds)}, allowed {limit}: {NAMES[name][0]}"
            if measured.step:
                said += f" (step {measured.step})"
            yield from _titled(f"{FAILED} slo[{name}]", said, width)
        if self.judgement.failed:
            hint = "the pull failed, and no finding counts: --fail-on note tells what was found"
            yield from _titled(f"{FAILED} failed", hint, width)
        yield from self._excused(width)

    def _head(self, width: int) -> Iterator[Text]:
        pull = self.judgement.pull
        if pull is None:
            symbol, style = (FAILED, BAD) if self.judgement.fails else ("•", FAINT)
            yield Text(f"{symbol} before any pull", style=style)
            return
        symbol, style, word = OUTCOMES[pull.outcome]
        end = f"{word} in {elapsed(pull.elapsed)}"
        head = f"pull {pull.n}  " if pull.n > 1 else ""
        room = width - cell_len(f"{symbol} {head}  {end}")
        name = fitted(safe(title(pull)), room)
        yield Text.assemble((symbol, style), " ", head, (name, STRONG), "  ", (end, style))

    def _excused(self, width: int) -> Iterator[Text]:
        groups: dict[tuple[Fate, str, str | None], int] = {}
        for one in self.judgement.judged:
            if one.fate in {Fate.IGNORED, Fate.KNOWN}:
                key = (one.fate, one.finding.code, one.reason)
                groups[key] = groups.get(key, 0) + 1
        for (fate, code, reason), number in groups.items():
            times = f" ({count(number, 'time')})" if number > 1 else ""
            said = f"{fate}{times}: {reason}" if reason else f"{fate}{times}"
            yield from _titled(f"• {code}", said, width, FAINT)


def _titled(head: str, said: str, width: int, style: str = BAD) -> Iterator[Text]:
    """Head and words on one line where they fit, else the words under it."""
    if 2 + cell_len(head) + 2 + cell_len(said) <= width:
        yield Text.assemble("  ", (head, style), "  ", safe(said))
        return
    yield Text.assemble("  ", (crop(head, width - 2), style))
    for piece in fold(said, width - _INDENT):
        yield Text(" " * _INDENT + piece)


def _finding(finding: Finding, led: list[str], width: int) -> Iterator[Text]:
    symbol, style = SEVERITIES[finding.severity]
    yield from _titled(f"{symbol} {finding.severity}[{finding.code}]", finding.summary, width, style)
    proof = [
        f"step {piece.exchange}: {shortened(piece.what)}" if piece.exchange else piece.what
        for piece in finding.evidence[:2]
    ]
    for name, said in (
        ("proof", proof),
        ("fix", [finding.remedy]),
        ("led to", [", ".join(dict.fromkeys(led))]),
        ("explain", [f"pull-inspector explain {finding.code}"]),
    ):
        pieces = [piece for one in said if one for piece in fold(one, width - _INDENT - _NAME)]
        for at, piece in enumerate(pieces):
            yield Text.assemble(" " * _INDENT, ((name if at == 0 else "").ljust(_NAME), FAINT), piece)


MOST_SHOWN = 50
"""Pulls that fail, and as many that pass, are told one by one; of more only the number is."""


class Told(Lines):
    """The judgements in order, as lines for one width: no pull is kept, and of very many only so many are told."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._lines: list[Text] = []
        self._seen = {True: 0, False: 0}

    def add(self, judgement: Judgement) -> None:
        """One more pull."""
        self._seen[judgement.fails] += 1
        if self._seen[judgement.fails] <= MOST_SHOWN:
            self._lines += JudgedPull(judgement).lines(self.width)

    def lines(self, width: int) -> Iterator[Text]:  # noqa: ARG002 - they were made for one
        """What was told, and how much was not."""
        yield from self._lines
        for fails, word in ((True, "fail"), (False, "pass")):
            if (more := self._seen[fails] - MOST_SHOWN) > 0:
                yield Text(f"… and {count(more, 'pull')} more that {word}", style=FAINT)


class Said(Lines):
    """Sentences, each folded to the width."""

    def __init__(self, sentences: list[str], style: str) -> None:
        self.sentences = sentences
        self.style = style

    def lines(self, width: int) -> Iterator[Text]:
        """One after the other."""
        for sentence in self.sentences:
            for piece in fold(sentence, width):
                yield Text(piece, style=self.style)
