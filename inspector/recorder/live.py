"""What is printed while the recording runs: a line for each exchange, progress of large bodies, each pull's report.

Knows: updates of the engine, rich. Must not know: flows, captures, the engine itself. Everything goes to one console.
On a terminal, large bodies show a bar that is replaced by their line; elsewhere there is one line at the end.
"""

from collections.abc import Iterable
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from inspector.core.events import ConnectionFailed
from inspector.core.exchange import Exchange
from inspector.core.finding import Finding
from inspector.core.pull import Pull
from inspector.core.updates import Finished
from inspector.report import units
from inspector.report.lines import Lines, crop, crop_middle, pad, safe
from inspector.report.wording import failed_connection

LARGE = 1_000_000
"""Bytes from which on a body has a bar, and its line has a size and a rate."""

WIDE = 118
"""Columns from which on a line has room for everything."""

_NARROW = 69  # columns of a narrow line without its host: 8, 28, 9, 3, "300 MB in 12.3 s", and 5 between them

_MOST_BARS = 8
_UNCUT = 2000  # columns: no line is longer


class Progressing(NamedTuple):
    """A large body under way."""

    id: str
    label: str
    received: int
    expected: int | None
    seconds: float


class Live:
    """The live output. Use it from one thread."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, markup=False, emoji=False)
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def say(self, text: str) -> None:
        """One line of the recorder's own."""
        self._print(safe(text))

    def exchange(self, update: Finished) -> None:
        """An exchange that ended; what is no registry traffic is not shown."""
        if update.stage is not None:
            self._print(exchange_line(update, self._width))

    def failed(self, failure: ConnectionFailed) -> None:
        """A connection that never came to a request."""
        self._print(failure_line(failure, self._width))

    def brief(self, pull: Pull) -> bool:
        """What a pull fails on and what to change, in two lines, at once; False where nothing is found that explains it."""
        from inspector.report.brief import Brief, root_of
        from inspector.rules import diagnose

        diagnose(pull)
        finding = root_of(pull)
        if finding is None:
            return False
        self._print_lines(Brief(pull, finding))
        return True

    def remedy(self, finding: Finding) -> None:
        """What to change, under the line of a connection that failed."""
        from inspector.report.brief import Remedy

        self._print_lines(Remedy(finding))

    def pull(self, pull: Pull) -> None:
        """The report of a pull that has settled."""
        from inspector.report.render import print_pull
        from inspector.rules import diagnose

        diagnose(pull)
        self._stop_bars()
        self.console.print()
        print_pull(self.console, pull)
        self.console.print()

    def findings(self, findings: list[Finding]) -> None:
        """Findings that belong to no pull."""
        from inspector.report.findings import Findings

        self._stop_bars()
        self.console.print()
        self.console.print(Findings(findings))

    def progress(self, bodies: Iterable[Progressing]) -> None:
        """Show how far the large bodies are; on a terminal only."""
        if not self.console.is_terminal or self.console.is_dumb_terminal:
            return
        shown = list(bodies)[:_MOST_BARS]
        if not shown:
            self._stop_bars()
            return
        bars = self._started()
        for gone in self._tasks.keys() - {body.id for body in shown}:
            bars.remove_task(self._tasks.pop(gone))
        for body in shown:
            if body.id not in self._tasks:
                self._tasks[body.id] = bars.add_task("", total=body.expected, label=body.label, so_far="")
            so_far = (
                f"{units.part(body.received, body.expected)}  {units.rate(body.received, body.seconds) or ''}"
            )
            bars.update(self._tasks[body.id], completed=body.received, so_far=so_far)

    def close(self) -> None:
        """Take the bars off the screen."""
        self._stop_bars()

    def label(self, exchange: Exchange, repository: str | None) -> str:
        """What a bar begins with: who asks, and for what."""
        return label(exchange, repository, self._width)

    @property
    def _width(self) -> int:
        """Columns of a terminal; a file has room."""
        return max(self.console.width, 60) if self.console.is_terminal else max(self.console.width, WIDE)

    def _started(self) -> Progress:
        if self._bars is None:
            bar = BarColumn(bar_width=24 if self._width >= WIDE else 16)
            columns = (_text("label"), bar, _text("so_far"))
            self._bars = Progress(*columns, console=self.console, transient=True, refresh_per_second=4)
            self._bars.start()
        return self._bars

    def _stop_bars(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
            self._tasks.clear()

    def _print_lines(self, lines: Lines) -> None:
        """On a terminal as wide as it is; elsewhere whole: nothing is cut that somebody greps for."""
        if self.console.is_terminal:
            self.console.print(lines)
            return
        for line in lines.lines(_UNCUT):
            self._print(safe(line.plain))

    def _print(self, line: str) -> None:
        if self._bars is None:  # a tenth of the cost, and there may be hundreds a second
            self.console.file.write(line + "\n")
            self.console.file.flush()
        else:
            self.console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)


def _text(field: str) -> TextColumn:
    return TextColumn("{task.fields[" + field + "]}", markup=False)


def label(exchange: Exchange, repository: str | None, width: int) -> str:
    """Who asks, and for what: the first part of a line or a bar. A narrow terminal has no room for the address."""
    name, address = safe(exchange.product.name or "unknown"), safe(exchange.request.client.address or "")
    asked = safe(repository or (exchange.route.repository if exchange.route else None) or "–")
    if width < WIDE:
        return f"{pad(crop(name, 8), 8)} {pad(crop_middle(asked, 19), 19)}"
    return f"{pad(f'{crop(name, 12)} {address}'.strip(), 24)}  {pad(crop_middle(asked, 26), 26)}"


def exchange_line(update: Finished, width: int) -> str:
    """``14:31:00  docker 127.0.0.1  library/hello-world  challenge  401  registry-1.docker.io  4 ms``.

    Below ``WIDE`` columns it is shorter, so that it stays one line on the usual terminal.
    """
    exchange = update.exchange
    wide = width >= WIDE
    took = _took(exchange, wide=wide)
    if exchange.error:
        took = f"{took}  ✘ {safe(exchange.error)}"
    status = str(exchange.status) if exchange.status is not None else "–"
    host = 30 if wide else min(max(width - _NARROW, 11), 30)
    words = (
        units.clock(exchange.last_time)[:8],
        label(exchange, update.repository, width),
        pad(str(update.stage), 9),
        pad(status, 3),
        pad(crop_middle(safe(exchange.host), host), host),
        took,
    )
    return ("  " if wide else " ").join(words)[: max(width, 200)]


def _took(exchange: Exchange, *, wide: bool) -> str:
    """How long, and of what is large how much and how fast."""
    seconds = exchange.last_time - exchange.request.time
    size = exchange.response_body.size if exchange.response_body else None
    took = units.duration(max(seconds, 0.0))
    if size is None or size < LARGE:
        return took
    rate = units.rate(size, seconds) if wide else None
    return f"{units.size(size)} in {took}" + (f"  {rate}" if rate else "")


def failure_line(failure: ConnectionFailed, width: int) -> str:
    """``14:31:00  127.0.0.1  ✘ client-tls  registry-1.docker.io:443  The client does not trust…``.

    Below ``WIDE`` columns what went wrong is said in a few words, and the peer's own are cut.
    """
    clock = units.clock(failure.time)[:8]
    if width < WIDE:
        return crop(f"{clock} ✘ {safe(failed_connection(failure))}", width)
    place = f"{failure.host or 'unknown'}:{failure.port}" if failure.port else failure.host or "unknown"
    client = pad(failure.client.address or "unknown client", 22)
    line = f"{clock}  {client}  ✘ {failure.trouble}  {safe(place)}  {safe(failure.message)}"
    return crop(line, max(width, 240))
