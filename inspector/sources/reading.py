"""Files in, a report out: the whole way, for whoever wants no part of it singly.

Knows: sources, the engine, the rules. Must not know: how a report is shown, or where the files' names came from.
Several files are read side by side, by their times, so that the two sides of a mirror meet wherever in them they are.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from inspector.core.engine import Engine
from inspector.core.events import Ended, Event
from inspector.core.pull import Pull
from inspector.core.report import Report, Source
from inspector.core.updates import Closed
from inspector.rules import capture_findings, diagnose
from inspector.rules.elsewhere import Elsewhere
from inspector.rules.failures import Reached
from inspector.sources.detect import open_capture
from inspector.sources.pool import Pool
from inspector.sources.redact import Redactor

type Progress = Callable[[int, int | None], None]

AT_ONCE = 4
"""Files that are open side by side; the next one is opened when one of them has come to its end."""
_MOST_ENDED = 16  # files whose last pulls still wait for the end of another


def read(
    paths: list[str],
    *,
    on_pull: Callable[[Pull], None] | None = None,
    progress: Progress | None = None,
    redactor: Redactor | None = None,
) -> Report:
    """Read captures (``-`` is standard input). Pulls are numbered from 1 across all of them, file by file where they fit.

    What a mirror did upstream, in the same file or in another, is told with the pull that it did it for.
    With ``on_pull`` each pull is handed over when it is over, and not kept: memory stays flat. ``progress`` gets bytes
    done and bytes in all (None: not known). Raises CaptureError for a file that cannot be read as a capture.
    """
    report = Report()
    readings: list[_Reading] = []
    told = _Telling(readings, report.pulls.append if on_pull is None else on_pull)
    pool = Pool()
    ended: deque[_Reading] = deque()
    with contextlib.ExitStack() as files:
        meter = _Meter(paths, progress)
        for reading in _side_by_side(paths, redactor or Redactor(), meter, files, readings):
            pool.add(reading.go_on(), reading.number)
            if reading.over:
                ended.append(reading)
            if len(ended) > _MOST_ENDED:
                pool.add(ended[0].rest(), ended.popleft().number)
            told.take(pool.surplus())
        for reading in ended:
            pool.add(reading.rest(), reading.number)
        told.take(pool.rest())
    for reading in readings:
        reading.add_to(report)
    return report


class _Telling:
    """Numbers the pulls, has them diagnosed, and hands them over."""

    def __init__(self, readings: "list[_Reading]", keep: Callable[[Pull], None]) -> None:
        self._readings = readings
        self._keep = keep
        self._count = 0
        self._elsewhere = Elsewhere()

    def take(self, pulls: Iterable[Pull]) -> None:
        batch = deque(pulls)  # they have waited together: what a later one shows counts as well
        for pull in batch:
            self._count += 1
            pull.n = self._count
            self._elsewhere.add(pull)
        while batch:
            pull = batch.popleft()
            diagnose(pull, self._elsewhere)
            for one in (pull, *(side.pull for side in pull.behind)):
                for reading in self._readings:
                    if reading.source.file == one.source:
                        reading.reached.add(one)
            self._keep(pull)


def _side_by_side(
    paths: list[str],
    redactor: Redactor,
    meter: "_Meter",
    files: contextlib.ExitStack,
    readings: "list[_Reading]",
) -> "Iterator[_Reading]":
    """Which file is next, again and again: the one that is behind the others in time. Adds to ``readings`` as they open."""
    waiting = iter(paths)
    reading: list[_Reading] = []
    while True:
        for path in islice(waiting, AT_ONCE - len(reading)):
            one = _Reading(len(readings), path, redactor, meter)
            files.enter_context(contextlib.closing(one))
            readings.append(one)
            reading.append(one)
        if not reading:
            return
        behind = min(reading, key=lambda one: one.time)
        yield behind
        if behind.over:
            reading.remove(behind)


class _Reading:
    """One file on its way through an engine of its own."""

    def __init__(self, number: int, path: str, redactor: Redactor, meter: "_Meter") -> None:
        self.number = number
        self.time = 0.0
        self.over = False
        self.reached = Reached()
        self._capture = open_capture(path, redactor, lambda done, _: meter.step(number, done))
        self._events: Iterator[Event] = iter(self._capture.events)
        self._engine = Engine()
        self._finished = False

    @property
    def source(self) -> Source:
        return self._capture.source

    def close(self) -> None:
        self._capture.events.close()

    def go_on(self) -> Iterator[Pull]:
        """Up to the end of the next exchange, or of the file. The pulls that are over by then."""
        for event in self._events:
            for update in self._engine.feed(event):
                if isinstance(update, Closed):
                    yield self._own(update.pull)
            if isinstance(event, Ended):
                self.time = max(self.time, event.time or 0.0)
                return
        self.over = True
        self.close()

    def rest(self) -> Iterator[Pull]:
        """The pulls that are still open at the end of the file."""
        for pull in self._engine.finish():
            yield self._own(pull)

    def _own(self, pull: Pull) -> Pull:
        pull.source = self.source.file
        return pull

    def add_to(self, report: Report) -> None:
        """What belongs to no pull."""
        _tell_damaged(self.source, self._capture.events.damaged)
        report.sources.append(self.source)
        report.other_exchanges += self._engine.other + self._capture.events.foreign
        report.connections_failed += len(self._engine.unclaimed)
        report.findings += capture_findings(self._engine.unclaimed, self.reached)


def _tell_damaged(source: Source, records: int) -> None:
    """A record that is no flow is left out; the file goes on behind it, but is not the whole story."""
    if records:
        said = f"{records:,} records in it are" if records > 1 else "1 record in it is"
        also = f"{source.missing} Also, " if source.missing else ""
        source.missing = f"{also}{said} damaged and left out."
        source.complete = False


class _Meter:
    """Adds up progress over several files."""

    def __init__(self, paths: list[str], progress: Progress | None) -> None:
        self._progress = progress
        self._done = [0] * len(paths)
        self._total: int | None = 0
        for path in paths:
            size = _size(path)
            self._total = None if size is None or self._total is None else self._total + size

    def step(self, number: int, done: int) -> None:
        self._done[number] = done
        if self._progress is not None:
            self._progress(sum(self._done), self._total)


def _size(path: str) -> int | None:
    """The size of a regular file; None for a pipe or what cannot be looked at."""
    if path == "-":
        return None
    try:
        return Path(path).stat().st_size if Path(path).is_file() else None
    except (OSError, ValueError):
        return None
