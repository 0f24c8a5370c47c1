"""The capture file: whole records, one after another, readable by its owner only.

Knows: files, and mitmproxy's flow format (``mitmproxy.io``). Must not know: what a record says; it gets flows that are
already redacted. The law of this file:

* A record is there whole or not at all: one write, and what a failed write left behind is cut off again.
* Nothing is overwritten: a file that holds something is left alone, and the next free name is taken.
* A full disk ends the recording, once, with one sentence. It never ends the traffic: ``add`` does not raise.
* The file is created 0600 and opened without following a link in its last part.
"""

import asyncio
import contextlib
import logging
import os
import stat
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from mitmproxy import flow

from inspector.recorder.encode import encode

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_MOST_NAMES = 10_000
_GATHER = 0.02  # seconds for which records are gathered before the thread is woken
_MOST_GATHERED = 64
_MOST_BATCHES = 8  # that wait for the disk; beyond it the traffic waits too

logger = logging.getLogger(__name__)


class CaptureError(Exception):
    """The file cannot be opened. The message is for the user and says which file and why."""


class Capture:
    """A capture under way. ``path`` is where the current file is; ``files`` and ``records`` count what was written.

    Records are written by a thread of their own, in order: a slow disk holds no traffic up.
    """

    def __init__(
        self,
        wanted: Path,
        *,
        rotate: int = 0,
        keep_empty: bool = True,
        say: Callable[[str], None] | None = None,
    ) -> None:
        """Open ``wanted``, or the next free name beside it. Raises CaptureError.

        ``rotate``: bytes after which a new file begins, 0: never. ``keep_empty``: whether a file in which nothing was
        recorded stays when it is closed. ``say`` gets the sentence when the recording stops, in the writing thread.
        """
        self.records = 0
        self.files = 1
        self.stopped: str | None = None
        self._rotate = rotate
        self._keep_empty = keep_empty
        self._say = say
        self._size = 0
        self._gathered: list[flow.Flow] = []
        self._timer: asyncio.TimerHandle | None = None
        self._batches = 0  # with the thread
        self._last: Future[None] | None = None
        try:
            wanted.parent.mkdir(parents=True, exist_ok=True)
            self.path, self._fd = _open_free(_beside(wanted))
        except OSError as error:
            raise CaptureError(f"cannot write the capture {wanted}: {error.strerror or error}") from error
        self._first = self.path
        self._writer = ThreadPoolExecutor(1, "pull-inspector-capture")

    def add(self, record: flow.Flow) -> None:
        """Append one record, which is the capture's from now on. Does not raise; waits only when the disk is far behind."""
        if self.stopped is not None:
            return
        self._gathered.append(record)
        if len(self._gathered) >= _MOST_GATHERED:
            self._hand_over()
        elif self._timer is None:
            try:
                self._timer = asyncio.get_running_loop().call_later(_GATHER, self._hand_over)
            except RuntimeError:  # no loop: nothing to be held up
                self._hand_over()

    def _hand_over(self) -> None:
        """Give the thread what was gathered: waking it for each record would cost more than the record."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        records, self._gathered = self._gathered, []
        if self._last is not None and self._batches > _MOST_BATCHES:
            self._last.result()
        self._batches += 1
        self._last = self._writer.submit(self._write_all, records)

    def flush(self) -> None:
        """Wait until every record that was added is in the file."""
        self._hand_over()
        if self._last is not None:
            self._last.result()

    def _write_all(self, records: list[flow.Flow]) -> None:
        self._batches -= 1
        for record in records:
            if self.stopped is not None:
                return
            try:
                data = encode(record)
            except (
                Exception
            ) as error:  # one record less; the kind only, its text may hold what must not be shown
                logger.warning("pull-inspector could not store a flow (%s)", type(error).__name__)
                continue
            self._write(data)

    def _write(self, data: bytes) -> None:
        try:
            if self._rotate and self._size and self._size + len(data) > self._rotate:
                self._next_file()
            done = os.write(self._fd, data)
            while done < len(data):  # short when the disk is all but full: the rest then says why
                done += os.write(self._fd, data[done:])
        except OSError as error:
            self._stop(error)
        else:
            self._size += len(data)
            self.records += 1

    def _next_file(self) -> None:
        path, fd = _open_free(_after(self._first, self.files))
        os.close(self._fd)
        self.path, self._fd, self._size = path, fd, 0
        self.files += 1

    def _stop(self, error: OSError) -> None:
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, self._size)
        reason = error.strerror or str(error)
        self.stopped = (
            f"recording stopped: {reason} ({self.path}). The file is whole up to here, {self.records} "
            f"record{'' if self.records == 1 else 's'}; the traffic goes on without being recorded."
        )
        with contextlib.suppress(OSError):
            os.close(self._fd)
        if self._say is not None:
            self._say(self.stopped)

    def close(self) -> None:
        """Write what is left and end the recording. More than once does no harm."""
        if self.stopped is None:
            self.flush()
        self._writer.shutdown(wait=True)
        if self.stopped is not None:
            return
        self.stopped = "closed"
        unused = self.records == 0 and not self._keep_empty and stat.S_ISREG(os.fstat(self._fd).st_mode)
        with contextlib.suppress(OSError):
            os.close(self._fd)
            if unused:
                self.path.unlink()


def _beside(wanted: Path) -> list[Path]:
    """``pull.flow``, ``pull-2.flow``, ``pull-3.flow``…"""
    names = (wanted.with_name(f"{wanted.stem}-{n}{wanted.suffix}") for n in range(2, _MOST_NAMES))
    return [wanted, *names]


def _after(first: Path, files: int) -> list[Path]:
    """``pull.flow.1`` after the first file, and so on: in the order of their numbers they are one recording."""
    return [first.with_name(f"{first.name}.{n}") for n in range(files, files + _MOST_NAMES)]


def _open_free(names: list[Path]) -> tuple[Path, int]:
    """Open the first of ``names`` that holds nothing and that nobody else writes; OSError when that fails."""
    for path in names:
        fd = os.open(path, _FLAGS, 0o600)
        try:
            if _is_free(fd):
                return path, fd
        except OSError:
            os.close(fd)
            raise
        os.close(fd)
    raise OSError(None, "every name beside it is taken")


def _is_free(fd: int) -> bool:
    status = os.fstat(fd)
    if stat.S_ISCHR(status.st_mode):
        return True
    if not stat.S_ISREG(status.st_mode):
        raise OSError(None, "it is no regular file")
    if status.st_size or not _lock(fd):
        return False
    os.fchmod(fd, 0o600)  # the file may have been made by someone with a wider mask
    return True


def _lock(fd: int) -> bool:
    """Whether this process alone writes the file. Two recorders started in one second want the same name."""
    try:
        import fcntl
    except ImportError:  # not a POSIX system
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True
