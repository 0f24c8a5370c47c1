"""Running the watched command as if it had been started without us.

It stays in our process group, as under `time` or `env`: it has the terminal, may prompt, and a pipeline around us works.
Ctrl-C and Ctrl-\\ reach it from the terminal; we outlive them, to report. Ctrl-Z stops us both, and `fg` wakes us both.
A SIGTERM or SIGHUP that is sent to us is passed on.

Knows: processes, signals, the terminal. Must not know: proxies, reports.
"""

import ctypes
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

NOT_FOUND = 127  # POSIX shell, 2.8.2 Exit Status for Commands
NOT_EXECUTABLE = 126
_PATIENCE = 10  # seconds that a command has to end after a signal was passed on

_PR_SET_PDEATHSIG = 1  # prctl(2)


class CannotRun(Exception):  # noqa: N818 - it says what happened
    """The command could not be started: one line, and the exit status that a shell would give."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def find(program: str, environment: Mapping[str, str]) -> str:
    """The file that ``program`` names, as a shell would look for it. CannotRun when there is none that runs."""
    places = [""] if os.sep in program else environment.get("PATH", os.defpath).split(os.pathsep)
    refused = False
    for path in (Path(place) / program for place in places):
        if path.is_file() and os.access(path, os.X_OK):
            return str(path.absolute())  # with a slash in it, lest it is looked for once more
        refused |= path.exists()
    if refused:
        raise CannotRun(f"{program}: is there, but is no program that may be run", NOT_EXECUTABLE)
    raise CannotRun(f"{program}: command not found", NOT_FOUND)


def run(command: Sequence[str], environment: Mapping[str, str], *, stdout: int | None = None) -> int:
    """Run ``command`` to its end. Its exit status, or 128 and the number of the signal that ended it.

    ``stdout`` is a descriptor to take its standard output in place of ours. CannotRun when it does not start.
    """
    program = find(command[0], environment)
    current: list[subprocess.Popen[bytes]] = []
    with _signals(current) as early, _terminal() as restore_modes:
        try:
            process = subprocess.Popen(
                list(command),
                executable=program,
                env=dict(environment),
                stdout=stdout,
                preexec_fn=_die_with_parent(),  # noqa: PLW1509 - this process has one thread
            )
        except OSError as problem:
            raise CannotRun(f"{command[0]}: {problem.strerror or problem}", NOT_EXECUTABLE) from problem
        current.append(process)
        for number in early:  # it came while the command was being started
            os.kill(process.pid, number)
        code = process.wait()
        if code < 0:
            restore_modes()  # it had no time to do so itself: a password prompt leaves the echo off
    return 128 - code if code < 0 else code


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux: what makes the command get SIGTERM when we are killed without a chance to pass anything on."""
    if not sys.platform.startswith("linux"):
        return None
    parent, prctl = os.getpid(), ctypes.CDLL(None).prctl

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(128 + signal.SIGTERM)

    return before_exec


@contextmanager
def _signals(current: Sequence[subprocess.Popen[bytes]]) -> Iterator[list[int]]:
    """The signals as described above. What it gives are those that came before there was a command to pass them to."""
    early: list[int] = []

    def survive(_number: int, _frame: FrameType | None) -> None:
        """The terminal has sent it to the command as well."""

    def pass_on(number: int, _frame: FrameType | None) -> None:
        for process in current:
            if process.returncode is None:  # not yet waited for, so the number is still its own
                os.kill(process.pid, number)
        if not current:
            early.append(number)
        signal.alarm(_PATIENCE)

    def end(_number: int, _frame: FrameType | None) -> None:
        for process in current:
            if process.returncode is None:
                os.kill(process.pid, signal.SIGKILL)

    wanted: dict[int, Any] = {
        signal.SIGINT: survive,
        signal.SIGQUIT: survive,
        signal.SIGTERM: pass_on,
        signal.SIGHUP: pass_on,
        signal.SIGALRM: end,
    }
    # What is ignored stays ignored, in the command too: nohup and `&` in a script rely on it.
    before = {number: signal.getsignal(number) for number in wanted}
    for number, handler in wanted.items():
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield early
    finally:
        signal.alarm(0)
        for number, previous in before.items():
            signal.signal(number, previous if previous is not None else signal.SIG_DFL)


@contextmanager
def _terminal() -> Iterator[Callable[[], None]]:
    """Afterwards the terminal is ours again, if it was: a shell that ran as the command may have kept it."""
    try:
        ours = os.tcgetpgrp(0) == os.getpgrp()
        modes = termios.tcgetattr(0)
    except (OSError, termios.error):
        yield lambda: None
        return

    def take_back() -> None:
        with suppress(OSError):
            if ours and os.tcgetpgrp(0) != os.getpgrp():
                _take_terminal()

    def restore_modes() -> None:
        take_back()  # first: whoever sets modes from the background is stopped
        with suppress(OSError, termios.error):
            termios.tcsetattr(0, termios.TCSADRAIN, modes)

    try:
        yield restore_modes
    finally:
        take_back()


def _take_terminal() -> None:
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # we are in the background until this is done
    try:
        os.tcsetpgrp(0, os.getpgrp())
    finally:
        signal.signal(signal.SIGTTOU, before)
