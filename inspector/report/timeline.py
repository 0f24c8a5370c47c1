"""Where the time went: a waterfall, one row a step, and the shares of the stages.

Knows: the steps' times. Must not know: why something took long. A part too short for a cell is drawn as one cell all the
same, so that nothing that happened is invisible.
"""

import math
from collections.abc import Iterator

from rich.text import Text

from inspector.core.pull import Pull, Stage, Step
from inspector.report.lines import Lines, crop, pad
from inspector.report.shares import between, milestones, shares, together
from inspector.report.style import FAINT, STAGES, STRONG
from inspector.report.units import count, duration, percent
from inspector.report.wording import margin, subject

CONNECT, WAIT, RECEIVE = "░", "█", "▓"
_COLOURS = {CONNECT: "blue", WAIT: "yellow", RECEIVE: "green"}
MOST = 200  # rows drawn; a waterfall longer than that shows its beginning and its end


class Timeline(Lines):
    """The waterfall of a pull. ``full`` draws every step, however many there are."""

    def __init__(self, pull: Pull, *, full: bool = False) -> None:
        self.pull = pull
        self.full = full

    def lines(self, width: int) -> Iterator[Text]:
        """Axis, rows, legend, shares."""
        steps = self.pull.steps
        if not steps:
            return
        yield Text.assemble(("Timeline", STRONG), "  ", (_tagline(self.pull), FAINT))
        names = [(f"{step.n}", step.stage, subject(step, self.pull)) for step in steps]
        digits = max(len(number) for number, _, _ in names)
        stage = max(len(name) for _, name, _ in names)
        what = min(max(len(name) for _, _, name in names), max(0, width // 4 - 2))
        label = 2 + digits + 2 + stage + 1 + what + 1
        times = [duration(_spent(step)) for step in steps]
        right = max(len(time) for time in times) + 1
        scale = Scale(steps, max(width - label - right, 10))
        yield Text.assemble(" " * label, (scale.axis(), FAINT))
        for at, step in enumerate(steps):
            if not self.full and len(steps) > MOST and MOST // 2 <= at < len(steps) - MOST // 2:
                if at == MOST // 2:
                    yield Text(
                        f"{' ' * label}… {len(steps) - MOST:,} more steps; --full draws them", style=FAINT
                    )
                continue
            number, name, about = names[at]
            symbol, style = margin(step)
            yield Text.assemble(
                (pad(symbol, 2), style), (pad(number, digits, right=True), FAINT), "  ",
                (pad(name, stage), STAGES[step.stage]), " ", pad(crop(about, what), what), " ",
                scale.bar(step), (pad(times[at], right, right=True)),
            )  # fmt: skip
        yield from self._legend(width)

    def _legend(self, width: int) -> Iterator[Text]:
        pull = self.pull
        yield Text.assemble(
            "  ", (CONNECT, _COLOURS[CONNECT]), " connect and TLS  ", (WAIT, _COLOURS[WAIT]),
            " waiting for the first byte  ", (RECEIVE, _COLOURS[RECEIVE]), " receiving",
        )  # fmt: skip
        yield stage_row(pull, width - 2)
        named = [f"{stage} {percent(share)}" for stage, share in shares(pull)]
        gap = between(pull)
        tail = f" · between requests, the client itself: {duration(gap)}" if gap > 0 else ""
        yield from _wrapped("by stage: ", named, tail, width)
        slow = sorted(pull.steps, key=lambda step: _spent(step) or 0.0, reverse=True)[:3]
        if len(pull.steps) > 3:
            said = [f"{step.n} {step.stage} {duration(_spent(step))}" for step in slow]
            yield from _wrapped("slowest: ", said, "", width)
        marks = [f"{name} {duration(time)}" for name, time in milestones(pull)]
        if marks:
            yield from _wrapped("reached: ", marks, "", width)


def _wrapped(name: str, items: list[str], tail: str, width: int) -> Iterator[Text]:
    line = name
    for at, item in enumerate(items):
        piece = item + (", " if at < len(items) - 1 else tail)
        if len(line) > len(name) and 2 + len(line) + len(piece) > width:
            yield Text("  " + line.rstrip(), style="")
            line = " " * len(name)
        line += piece
    yield Text("  " + line.rstrip())


def _tagline(pull: Pull) -> str:
    most = together(pull)
    parallel = f", at most {most} at once" if most > 1 else ", one at a time"
    return f"{count(len(pull.steps), 'request')} in {duration(pull.elapsed)}{parallel}"


def _spent(step: Step) -> float | None:
    if step.wait is None:
        return None
    return step.wait + (step.receive or 0.0)


def connect_span(step: Step) -> tuple[float, float] | None:
    """When the server connection that was opened for the step was being made, in the step's own time (0: the request)."""
    upstream, zero = step.exchange.request.upstream, step.exchange.request.time
    end = upstream.tls_done or upstream.connected
    if upstream.connect_start is None or end is None or end < upstream.connect_start:
        return None
    return upstream.connect_start - zero, end - zero


class Scale:
    """Seconds to cells."""

    def __init__(self, steps: list[Step], cells: int) -> None:
        self.cells = cells
        starts, ends = [0.0], [0.001]
        for step in steps:
            span = connect_span(step)
            starts.append(step.start + min(span[0], 0.0) if span else step.start)
            ends.append(step.start + (_spent(step) or 0.0))
        self.left, self.right = min(starts), max(ends)

    def at(self, seconds: float) -> int:
        """The cell of a moment."""
        share = (seconds - self.left) / (self.right - self.left)
        return min(self.cells - 1, max(0, math.floor(share * self.cells)))

    def axis(self) -> str:
        """Round times over the cells where they fall."""
        row = [" "] * self.cells
        step = _nice((self.right - self.left) / max(2, self.cells // 10))
        moment = math.ceil(self.left / step - 1e-9) * step
        free = 0
        while moment <= self.right:
            text, cell = _tick(moment, step), self.at(moment)
            if cell >= free and cell + len(text) <= self.cells:
                row[cell : cell + len(text)] = text
                free = cell + len(text) + 2
            moment += step
        return "".join(row)

    def bar(self, step: Step) -> Text:
        """The step's row: connecting, waiting, receiving."""
        row = [" "] * self.cells
        begin = self.at(step.start)
        span = connect_span(step)
        if span:
            for cell in range(self.at(step.start + span[0]), max(self.at(step.start + span[1]), begin)):
                row[cell] = CONNECT
        if step.wait is None:
            row[begin] = WAIT
        else:
            first = self.at(step.start + step.wait)
            last = self.at(step.start + step.wait + (step.receive or 0.0))
            for cell in range(begin, last + 1):
                row[cell] = WAIT if cell < first or cell == begin else RECEIVE
            if last == begin and (step.receive or 0.0) > step.wait:
                row[begin] = RECEIVE
        bar = Text("".join(row))
        for symbol, colour in _COLOURS.items():
            bar.highlight_words([symbol], colour)
        return bar


def _nice(step: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(max(step, 1e-4)))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= step)


def _tick(moment: float, step: float) -> str:
    if abs(moment) < step / 2:
        return "0"
    if step >= 1:
        return f"{moment:.0f} s"
    return f"{moment * 1000:.0f} ms" if abs(moment) < 1 else f"{moment:.1f} s"


def stage_row(pull: Pull, width: int) -> Text:
    """One row of all stages, each as long as its share of the time."""
    parts = shares(pull)
    row = Text("  ")
    room = max(width - 2, 10)
    cells = _apportion([share for _, share in parts], room)
    for (stage, _), number in zip(parts, cells, strict=True):
        name = f" {stage} " if len(stage) + 2 <= number else ""
        row.append(
            name + "─" * max(0, number - len(name) - 1) + "┤" if number > 1 else "┤" * number,
            _stage_style(stage),
        )
    return row


def _stage_style(stage: Stage) -> str:
    return STAGES[stage]


def _apportion(parts: list[float], cells: int) -> list[int]:
    """Whole cells for shares of one, none of them nothing where there is something."""
    given = [max(1, math.floor(share * cells)) for share in parts]
    while given and sum(given) > cells and max(given) > 1:
        given[given.index(max(given))] -= 1
    if given:
        given[given.index(max(given))] += max(0, cells - sum(given))
    return given
