"""Findings as a good compiler shows errors: code, sentence, the very line of the traffic with a mark at it, the remedy.

Knows: findings, and the exchanges that their evidence names. Must not know: rules. A consequence is named in one line
under its root and not told again.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from rich.text import Text

from inspector.core.events import header
from inspector.core.exchange import Exchange
from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Pull, Step
from inspector.report.lines import Lines, crop, crop_middle, fold, pad, safe, shortened
from inspector.report.names import Names
from inspector.report.style import BAD, FAINT, NOTE, SEVERITIES, STAGES, STRONG, WARN
from inspector.report.units import ranges
from inspector.report.wording import status_line, without_scheme

_GUTTER = 3  # cells before the box
_MOST_EVIDENCE = 24  # lines of evidence shown of one finding
_MOST_MARKED = (
    48  # cells with a caret under them: a longer part is the line itself, and the arrow points at that
)


class Findings(Lines):
    """The findings of a pull, or of the report as a whole where ``pull`` is None."""

    def __init__(self, findings: list[Finding], pull: Pull | None = None, names: Names | None = None) -> None:
        self.pull = pull
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
            yield from self._evidence(finding, width)
        yield from _told("cause", finding.cause, width)
        yield from _told("fix", finding.remedy, width, STRONG)
        yield from _told("spec", finding.spec, width, FAINT)
        yield from _told("explain", f"pull-inspector explain {finding.code}", width, FAINT)
        follow = [one for one in self.consequences if one.caused_by == finding.code]
        if follow:
            named = "; ".join(self._in_a_word(one) for one in follow)
            yield from _told("led to", named, width, FAINT)

    def _in_a_word(self, finding: Finding) -> str:
        steps = _steps(finding)
        return f"{finding.code} ({ranges(steps, 4)})" if steps else finding.code

    # -- the box ---------------------------------------------------------------------------------------------------

    def _evidence(self, finding: Finding, width: int) -> Iterator[Text]:
        rows: list[tuple[str, str, Text]] = []  # mark for the gutter, label, what stands there
        told_once = _once(finding.evidence)
        groups = _grouped(told_once[:_MOST_EVIDENCE])
        label = max((cell_len(self._label(exchange)) for exchange, _ in groups), default=0)
        room = max(width - _GUTTER - 4 - label, 20)
        for exchange, told in groups:
            step = self._step(exchange)
            if step is None:
                rows += [("" if at else "new", "" if at else self._label(exchange), line)
                         for at, line in enumerate(self._bare(told, room))]  # fmt: skip
            else:
                again = self._again(step, told, groups)
                if again is None:
                    continue
                rows += [("" if at else "new", "" if at else self._label(exchange), line)
                         for at, line in enumerate([*self._quoted(step, told, room), *again])]  # fmt: skip
        more = len(told_once) - _MOST_EVIDENCE
        if more > 0:
            rows.append(("", "", Text(f"… and {more:,} more", style=FAINT)))
        for at, (mark, name, line) in enumerate(rows):
            corner = "╭" if at == 0 else "╰" if at == len(rows) - 1 else "├" if mark else "│"
            if len(rows) == 1:
                corner = "╶"
            yield Text.assemble(
                " " * _GUTTER,
                (corner if corner != "╶" else "│", FAINT),
                " ",
                (pad(name, label), self._style(name)),
                "  ",
                line,
            )

    def _again(
        self, step: Step, told: list[Evidence], groups: list[tuple[int | None, list[Evidence]]]
    ) -> list[Text] | None:
        """Where the same is said of the same request again: the line for the first of them, None for the others."""

        def key(one: Step, said: list[Evidence]) -> tuple[str, str, list[str]]:
            return one.exchange.method, one.exchange.request.url, [evidence.what for evidence in said]

        own = key(step, told)
        alike = [one.n for number, said in groups if (one := self._step(number)) and key(one, said) == own]
        if alike[0] != step.n:
            return None
        return [Text(f"  the same in {ranges(alike[1:])}", style=FAINT)] if len(alike) > 1 else []

    def _step(self, number: int | None) -> Step | None:
        if self.pull is None or number is None or not 1 <= number <= len(self.pull.steps):
            return None
        return self.pull.step(number)

    def _label(self, number: int | None) -> str:
        step = self._step(number)
        if step is not None:
            return f"{step.n} {step.stage}"
        return "connection" if number is None else f"{number}"

    def _style(self, label: str) -> str:
        stage = label.partition(" ")[2]
        return next((style for name, style in STAGES.items() if name == stage), FAINT)

    def _put(self, text: str) -> str:
        return self.names.put(text) if self.names else text

    def _bare(self, told: list[Evidence], room: int) -> Iterator[Text]:
        for evidence in told:
            for at, line in enumerate(fold(self._put(evidence.what), room - 2)):
                yield Text.assemble(("▶ " if at == 0 else "  ", BAD), line)

    def _quoted(self, step: Step, told: list[Evidence], room: int) -> Iterator[Text]:
        exchange = step.exchange
        where = f"{exchange.method} {shortened(without_scheme(exchange.request.url))}"
        named = [evidence for evidence in told if _says_request(evidence.what, exchange)]
        line = crop_middle(self._put(where), room - 2)
        yield Text.assemble(("▶ " if named else "  ", BAD), (line, "" if named else FAINT))
        status = status_line(exchange)
        pointed = [evidence for evidence in told if _says_status(evidence.what, exchange)]
        arrow = "▶ " if pointed else "  "
        said = next((evidence.what for evidence in pointed if len(evidence.what) > len(status)), status)
        for at, line in enumerate(fold(self._put(said), room - 2)):
            yield Text.assemble((arrow if at == 0 else "  ", BAD), (line, "" if pointed else FAINT))
        for evidence in told:
            if evidence not in pointed and evidence not in named:
                yield from self._pointed(evidence.what, exchange, room)

    def _pointed(self, what: str, exchange: Exchange, room: int) -> Iterator[Text]:
        """The line that the evidence quotes, and carets under the part of it that matters."""
        line, part = _source_line(what, exchange)
        line, part = self._put(line), self._put(part)
        if line.startswith("location: "):  # where it leads is at its beginning, the rest is signatures
            line = crop(shortened(line), room - 2)
            part = _mark(part)
        line, at = _window(line, part, room - 2)
        if at >= 0:
            yield Text.assemble(("▶ ", BAD), line)
            mark = _mark(part)
            if cell_len(mark) <= _MOST_MARKED:
                before = line[:at] + part[: part.find(mark)]
                yield Text.assemble("  ", " " * cell_len(before), ("^" * cell_len(mark), BAD))
            return
        for number, piece in enumerate(fold(shortened(self._put(what)), room - 2)[:6]):
            yield Text.assemble(("▶ " if number == 0 else "  ", BAD), piece)


def _mark(part: str) -> str:
    """The part of the part that matters: of a URL the host."""
    _, scheme, rest = part.partition("://")
    host = re.split(r'[/?#"…]', rest, maxsplit=1)[0] if scheme else ""
    return host or part


def _once(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Each thing once; of connections, which have no numbers that tell them apart, with how many there were."""
    times = Counter((one.exchange, one.what) for one in evidence)
    return [
        Evidence(exchange=exchange, what=f"{what} ({n} times)" if n > 1 and exchange is None else what)
        for (exchange, what), n in times.items()
    ]


def _steps(finding: Finding) -> list[int]:
    return sorted({evidence.exchange for evidence in finding.evidence if evidence.exchange is not None})


def _window(line: str, part: str, room: int) -> tuple[str, int]:
    """What of a long line is shown so that the part is in it, and where it is; -1 when even the part does not fit."""
    at = line.find(part) if part else -1
    if at < 0 or cell_len(line) <= room:
        return line, at
    name = line[: line.find(":") + 2]
    if at < len(name) or cell_len(name) + cell_len(part) + 4 > room:
        return line, -1
    spare = room - cell_len(name) - cell_len(part) - 4
    begin = max(len(name), at - spare // 2)
    head = name + ("… " + line[begin:at].lstrip() if begin > len(name) else line[begin:at])
    return crop(head + line[at:], room), len(head)


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


def _grouped(evidence: list[Evidence]) -> list[tuple[int | None, list[Evidence]]]:
    """Neighbouring evidence of one exchange stands in one part of the box."""
    groups: list[tuple[int | None, list[Evidence]]] = []
    for one in evidence:
        if groups and groups[-1][0] == one.exchange and one.exchange is not None:
            groups[-1][1].append(one)
        else:
            groups.append((one.exchange, [one]))
    return groups


def _says_request(what: str, exchange: Exchange) -> bool:
    """Whether the evidence is the request line: ``GET /v2/x/manifests/latest``."""
    return what in {f"{exchange.method} {exchange.path}", f"{exchange.method} {exchange.request.url}"}


def _says_status(what: str, exchange: Exchange) -> bool:
    """Whether the evidence is the status line itself: ``400``, ``400 Bad Request, text/html``, ``status 400``."""
    text = what.lower().removeprefix("status").removeprefix(":").strip()
    return exchange.status is not None and text.startswith(str(exchange.status))


def _source_line(what: str, exchange: Exchange) -> tuple[str, str]:
    """The whole header line that the evidence is, or is a part of, and the part to point at."""
    name, colon, value = what.partition(":")
    key, value = name.strip().lower(), value.strip()
    both = (exchange.response_headers, exchange.request.headers)
    if colon and any(header(headers, key) is not None for headers in both):
        return f"{key}: {value}", value
    for headers in both:
        for field, content in headers:
            if len(what) >= 4 and what in content:
                return f"{field}: {content}", what
    return what, ""


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
