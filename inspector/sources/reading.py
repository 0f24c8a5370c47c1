"""Files in, a report out: the whole way, for whoever wants no part of it singly.

Knows: sources, the engine, the rules. Must not know: how a report is shown, or where the files' names came from.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path

from inspector.core.engine import Engine
from inspector.core.pull import Pull
from inspector.core.report import Report, Source
from inspector.core.updates import Closed
from inspector.rules import capture_findings, diagnose
from inspector.rules.failures import Reached
from inspector.sources.detect import open_capture
from inspector.sources.redact import Redactor

type Progress = Callable[[int, int | None], None]


def read(
    paths: list[str],
    *,
    on_pull: Callable[[Pull], None] | None = None,
    progress: Progress | None = None,
    redactor: Redactor | None = None,
) -> Report:
    """Read captures (``-`` is standard input) one after the other. Pulls are numbered from 1 across all of them.

    With ``on_pull`` each pull is handed over when it is over, and not kept: memory stays flat. ``progress`` gets bytes
    done and bytes in all (None: not known). Raises CaptureError for a file that cannot be read as a capture.
    """
    report = Report()
    meter = _Meter(paths, progress)
    for path in paths:
        _read_one(path, report, on_pull, redactor or Redactor(), meter)
    return report


def _read_one(
    path: str, report: Report, on_pull: Callable[[Pull], None] | None, redactor: Redactor, meter: "_Meter"
) -> None:
    engine = Engine()
    capture = open_capture(path, redactor, meter.step)
    reached = Reached()
    keep = report.pulls.append if on_pull is None else on_pull

    def take(pull: Pull) -> None:
        meter.pulls += 1
        pull.n = meter.pulls
        pull.source = capture.source.file
        diagnose(pull)
        reached.add(pull)
        keep(pull)

    with contextlib.closing(capture.events):
        for event in capture.events:
            for update in engine.feed(event):
                if isinstance(update, Closed):
                    take(update.pull)
    for pull in engine.finish():
        take(pull)
    meter.next_file()
    _tell_damaged(capture.source, capture.events.damaged)
    report.sources.append(capture.source)
    report.other_exchanges += engine.other + capture.events.foreign
    report.connections_failed += len(engine.unclaimed)
    report.findings += capture_findings(engine.unclaimed, reached)


def _tell_damaged(source: Source, records: int) -> None:
    """A record that is no flow is left out; the file goes on behind it, but is not the whole story."""
    if records:
        said = f"{records:,} records in it are" if records > 1 else "1 record in it is"
        also = f"{source.missing} Also, " if source.missing else ""
        source.missing = f"{also}{said} damaged and left out."
        source.complete = False


class _Meter:
    """Adds up progress and numbers over several files."""

    def __init__(self, paths: list[str], progress: Progress | None) -> None:
        self.pulls = 0
        self._progress = progress
        self._before = 0
        self._last = 0
        self._total: int | None = 0
        for path in paths:
            size = _size(path)
            self._total = None if size is None or self._total is None else self._total + size

    def step(self, done: int, _total: int | None) -> None:
        self._last = done
        if self._progress is not None:
            self._progress(self._before + done, self._total)

    def next_file(self) -> None:
        self._before += self._last
        self._last = 0


def _size(path: str) -> int | None:
    """The size of a regular file; None for a pipe or what cannot be looked at."""
    if path == "-":
        return None
    try:
        return Path(path).stat().st_size if Path(path).is_file() else None
    except (OSError, ValueError):
        return None
