"""The sequence: a numbered row a step, with what was asked where, how it was answered, how much came, how long it took.

Knows: columns and widths. Must not know: what makes a pull good or bad. Status, size and time are never cut: the host
gives way first (below 100 columns it is a letter), then the subject.
"""

from collections.abc import Iterator

import msgspec
from rich.cells import cell_len
from rich.text import Text

from inspector.core.events import ConnectionFailed, UpstreamCall
from inspector.core.pull import Pull, Stage, Step
from inspector.report.behind import MOST_CALLS, call_status, call_time, call_url, own_time
from inspector.report.headline import joined
from inspector.report.lines import Lines, crop, crop_middle, fold, packed, pad, safe
from inspector.report.names import Names
from inspector.report.notes import notes
from inspector.report.order import Placed, ordered
from inspector.report.sizes import ANNOUNCED, could_be_verified, size_cell
from inspector.report.style import BAD, FAILED, FAINT, GOOD, OK, RETRY, STAGES, WARN
from inspector.report.timeline import Scale
from inspector.report.units import UNKNOWN, clock, duration, size
from inspector.report.wording import failed_connection, margin, refused, subject

NARROW, WIDE = 100, 140
MOST = 200  # rows shown of a pull; of a longer one the beginning, the end, and whatever went wrong

MOST_NOTE_LINES = 4


class _Row(msgspec.Struct, kw_only=True, eq=False):
    placed: Placed
    number: str
    stage: str
    method: str
    what: str
    host: str
    status: str
    size: str
    time: str
    at: str = ""
    connection: str = ""

    @property
    def step(self) -> Step:
        """The step of the row."""
        return self.placed.step


class Sequence(Lines):
    """The rows of a pull. ``full`` shows every step, however many there are."""

    def __init__(self, pull: Pull, names: Names | None = None, *, full: bool = False) -> None:
        self.pull = pull
        self.names = names or Names(pull)
        self.full = full
        self._followed = {step.follows for step in pull.steps if step.follows is not None}
        self._told: dict[Stage, tuple[str, str]] = {}

    def lines(self, width: int) -> Iterator[Text]:
        """Head, rows with their notes, legend."""
        self._told = {}
        placed = ordered(self.pull)
        shown = placed if self.full else _abridged(placed)
        rows = [self._row(one, width) for one in shown if one is not None]
        if not rows and not self.pull.broken:
            return
        columns = _Columns(rows, width, self.pull)
        yield columns.head()
        waiting, broken = iter(rows), sorted(self.pull.broken, key=lambda failure: failure.time)[:MOST]
        for one in shown:
            if one is None:
                left = len(placed) - len(rows)
                yield Text(
                    f"     … {left:,} more steps, none of them refused or broken; --full shows them",
                    style=FAINT,
                )
                continue
            while broken and not one.depth and broken[0].time <= one.step.exchange.request.time:
                yield from columns.failure(broken.pop(0))
            row = next(waiting)
            yield columns.line(row)
            yield from self._upstream(row, columns)
            yield from self._notes(row, columns)
        for failure in broken:
            yield from columns.failure(failure)
        yield from self._legend(rows, width)

    @staticmethod
    def _upstream(row: _Row, columns: "_Columns") -> Iterator[Text]:
        """What the mirror did for the step."""
        calls = row.step.exchange.calls or ()
        told = {one.why for one in row.step.exchange.resumes}
        for call in calls[:MOST_CALLS]:
            yield columns.call(row, call)
            if call.error and call.error not in told:
                yield from columns.note(row, FAILED, call.error, BAD)
        if len(calls) > MOST_CALLS:
            yield from columns.note(row, "…", f"{len(calls) - MOST_CALLS} more calls upstream", "")
        own = own_time(row.step)
        if own:
            yield from columns.note(row, "mirror", own, "")

    def _notes(self, row: _Row, columns: "_Columns") -> Iterator[Text]:
        for label, note, style in notes(row.step, self.pull, self.names, self._followed):
            if row.placed.attempt == 1 or (label, note) != self._told.get(
                row.step.stage
            ):  # a refusal is quoted once
                yield from columns.note(row, label, note, style)
            self._told[row.step.stage] = (label, note)

    def _row(self, placed: Placed, width: int) -> _Row:
        step = placed.step
        exchange = step.exchange
        spent = None if step.wait is None else step.wait + (step.receive or 0.0)
        hop = "  " * (placed.depth - 1) + "└ " if placed.depth else ""
        again = f"{RETRY} " if placed.attempt > 1 and not placed.depth else ""
        host = self.names.letter(exchange.host) if width < NARROW else exchange.host
        number = self.names.connection(step)
        return _Row(
            placed=placed,
            number=str(step.n),
            stage=f"{hop}{again}{step.stage}",
            method=exchange.method,
            what=safe(subject(step, self.pull)) + (f" (try {placed.attempt})" if placed.attempt > 1 else ""),
            host=safe(host),
            status=str(exchange.status) if exchange.status is not None else UNKNOWN,
            size=size_cell(step),
            time=duration(spent),
            at=clock(exchange.request.time),
            connection=f"c{number}" if number is not None else UNKNOWN,
        )

    def _legend(self, rows: list[_Row], width: int) -> Iterator[Text]:
        marks = {_mark(row.step)[0] for row in rows}
        words = {
            OK: f"{OK} digest verified",
            FAILED: f"{FAILED} digest differs",
            "?": "? could not be verified",
        }
        said = [word for mark, word in words.items() if mark in marks]
        if any(row.placed.attempt > 1 for row in rows):
            said.append(f"{RETRY} tried again")
        if any(row.size.startswith(ANNOUNCED) for row in rows):
            said.append(f"{ANNOUNCED} by Content-Length, not counted")
        if width < NARROW:
            said = [f"{host.letter} {host.name}" for host in self.names.hosts.values() if host.steps] + said
        for line in joined(said, width, indent=5):
            line.stylize(FAINT)
            yield line


def _abridged(placed: list[Placed]) -> list[Placed | None]:
    """The rows to show; None stands for those left out. What went wrong is kept, up to a bound."""
    if len(placed) <= MOST:
        return list(placed)
    first, middle, last = placed[: MOST // 2], placed[MOST // 2 : -MOST // 2], placed[-MOST // 2 :]
    bad = [one for one in middle if margin(one.step)[0]][:MOST]
    return [*first, None, *bad, *last]


def _mark(step: Step) -> tuple[str, str]:
    """Verified or not."""
    if step.verified is True:
        return OK, GOOD
    if step.verified is False:
        return FAILED, BAD
    return ("?", WARN) if could_be_verified(step.exchange, step.stage) else (" ", "")


class _Columns:
    """Widths of the columns, made once for all rows."""

    def __init__(self, rows: list[_Row], width: int, pull: Pull) -> None:
        self.width = width
        self.wide = width >= WIDE
        self.number = max([len(row.number) for row in rows] + [2])
        self.stage = min(max([cell_len(row.stage) for row in rows] + [9]), 13)
        self.method = min(max([len(row.method) for row in rows] + [4]), 7)
        self.size = max([len(row.size) for row in rows] + [5])
        self.time = max([len(row.time) for row in rows] + [5])
        self.at = 14 if self.wide else 0
        self.connection = max([len(row.connection) for row in rows] + [4]) + 1 if self.wide else 0
        fixed = (
            2
            + self.number
            + 2
            + self.stage
            + 1
            + self.method
            + 1
            + 2
            + 1
            + 1
            + 6
            + 1
            + self.size
            + 1
            + self.time
        )
        room = width - fixed - self.at - self.connection
        longest = max((cell_len(row.what) for row in rows), default=0)
        name = max((cell_len(row.host) for row in rows), default=0)
        least = min(
            name, 4 if width < NARROW else 18
        )  # cells that the host keeps however long the subject is
        self.what = max(min(longest, room - least), 8)
        self.host = max(min(name, room - self.what), 1)
        slack = max(0, room - self.what - self.host)
        self.scale = Scale(pull.steps, min(slack - 1, 48)) if self.wide and slack > 16 and rows else None
        self.slack = 0 if self.wide else slack

    @property
    def indent(self) -> int:
        """Where a note begins: under the stage."""
        return 2 + self.at + self.number + 2

    def head(self) -> Text:
        """The columns' names."""
        cells = [
            "  ", pad("at", self.at), pad("#", self.number, right=True), "  ", pad("stage", self.stage), " ",
            pad("what", self.method + 1 + self.what + self.slack), "   ",
            pad("host" if self.width >= NARROW else "", self.host + 1), pad("conn", self.connection),
            pad("status", 6, right=True), " ", pad("size", self.size, right=True), " ", pad("time", self.time, right=True),
        ]  # fmt: skip
        return Text("".join(cells), style=FAINT)

    def line(self, row: _Row) -> Text:
        """One row."""
        step = row.step
        symbol, style = margin(step)
        mark, mark_style = _mark(step)
        bad = BAD if symbol == FAILED else ""
        return Text.assemble(
            (pad(symbol, 2), style),
            (pad(row.at if self.wide else "", self.at), FAINT),
            (pad(row.number, self.number, right=True), FAINT), "  ",
            (pad(row.stage, self.stage), bad or STAGES[step.stage]), " ",
            (pad(row.method, self.method), FAINT), " ",
            (pad(_cropped(row.what, self.what), self.what + self.slack), bad), " ",
            (mark, mark_style), " ",
            pad(crop_middle(row.host, self.host), self.host + 1),
            (pad(row.connection if self.wide else "", self.connection), FAINT),
            (pad(row.status, 6, right=True), BAD if refused(step) else ""), " ",
            pad(row.size, self.size, right=True), " ",
            pad(row.time, self.time, right=True),
            " ", self.scale.bar(step) if self.scale else "",
        )  # fmt: skip

    def call(self, row: _Row, call: UpstreamCall) -> Text:
        """What the mirror asked upstream: the answer stands under that of the client's request."""
        lead = (
            " " * self.indent + "  " * row.placed.depth + (f"↳ {call.n} upstream" if call.n else "↳ upstream")
        )
        lead += (
            " " * max(1, self.indent + self.stage + 1 - cell_len(lead)) + pad(call.method, self.method) + " "
        )
        tail = (
            self.indent + self.stage + self.method + self.what + self.slack + self.host + self.connection + 6
        )
        status, style = call_status(call)
        return Text.assemble(
            (lead + pad(crop_middle(call_url(call), tail - cell_len(lead)), tail - cell_len(lead)), FAINT),
            (pad(status, 6, right=True), style or FAINT), " ",
            (pad(size(call.size), self.size, right=True), FAINT), " ",
            (pad(call_time(call), self.time, right=True), FAINT),
        )  # fmt: skip

    def failure(self, failed: ConnectionFailed) -> Iterator[Text]:
        """A connection that never came to a request: it has no number and no answer."""
        head = (
            pad(FAILED, 2)
            + pad(clock(failed.time) if self.wide else "", self.at)
            + pad(UNKNOWN, self.number, right=True)
        )
        head += "  " + pad("connect", self.stage) + " "
        for at, piece in enumerate(
            fold(failed_connection(failed), self.width - cell_len(head))[:MOST_NOTE_LINES]
        ):
            yield Text((head if at == 0 else " " * cell_len(head)) + piece, style=BAD)

    def note(self, row: _Row, label: str, note: str, style: str) -> Iterator[Text]:
        """The lines under a row: what a challenge asks, what a token grants, why it failed."""
        lead = " " * self.indent + "  " * row.placed.depth + "└ " + label
        lead += " " * max(1, self.indent + self.stage + 1 - cell_len(lead))
        for at, piece in enumerate(packed(note, self.width - cell_len(lead))[:MOST_NOTE_LINES]):
            yield Text((lead if at == 0 else " " * cell_len(lead)) + piece, style=style or FAINT)


def _cropped(what: str, width: int) -> str:
    """What was asked, cut where it hurts least: the try's number and the digest at the end stay."""
    if cell_len(what) <= width:
        return what
    head, _, tail = what.rpartition(" ")
    if head and 4 < len(tail) <= width // 2:
        return crop(head, width - 1 - len(tail)) + " " + tail
    return crop(what, width)
