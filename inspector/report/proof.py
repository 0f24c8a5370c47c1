"""The evidence of a finding as a box: the very line of the traffic, with a mark at the part of it that matters.

Knows: a finding's evidence, and the exchanges that it names. Must not know: rules, what is said around the box.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from rich.text import Text

from inspector.core.events import header
from inspector.core.exchange import Exchange
from inspector.core.finding import Evidence, Finding
from inspector.core.pull import Pull, Step
from inspector.report.lines import Lines, crop, crop_middle, fold, pad, shortened
from inspector.report.names import Names
from inspector.report.style import BAD, FAINT, STAGES
from inspector.report.units import ranges
from inspector.report.wording import status_line, without_scheme

_GUTTER = 3  # cells before the box
_MOST_EVIDENCE = 24  # lines of evidence shown of one finding
_MOST_MARKED = (
    48  # cells with a caret under them: a longer part is the line itself, and the arrow points at that
)


class Proof(Lines):
    """What proves one finding, a part of the box for each exchange."""

    def __init__(self, finding: Finding, pull: Pull | None = None, names: Names | None = None) -> None:
        self.finding = finding
        self.pull = pull
        self.names = names or (Names(pull) if pull else None)

    def lines(self, width: int) -> Iterator[Text]:
        """The box; nothing where there is no evidence."""
        rows: list[tuple[str, str, Text]] = []  # mark for the gutter, label, what stands there
        told_once = _once(self.finding.evidence)
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
        return self.pull.find(number) if self.pull is not None else None

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
