"""A mitmdump of one's own: on a free port of loopback, with a private folder, and gone when the block ends.

Knows: how mitmdump is started and stopped. Must not know: what is recorded, or what for.
"""

import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

NAMES = Path(__file__).with_name("names.py")
START_LIMIT = 30.0
"""Seconds that mitmdump may take to listen; a cold start on a slow disk takes a few."""
STOP_LIMIT = 10.0
"""Seconds that it may take to save what is in flight."""


class ProxyError(Exception):
    """mitmdump did not start. The text is one sentence and mitmdump's own last words."""


class Mitmdump:
    """Runs ``mitmdump`` with these arguments from ``with Mitmdump(...) as proxy`` until the block ends.

    ``names`` leads host names to (IP, port), ``trust`` is a PEM file with the CAs that the servers may have.
    ``address`` is where it listens, ``ca_file`` the CA that its clients are to trust, ``output`` what it has said.
    """

    def __init__(
        self, *arguments: str, names: Mapping[str, tuple[str, int]] | None = None, trust: Path | None = None
    ) -> None:
        self.address: tuple[str, int] = ("127.0.0.1", 0)
        self._stack = ExitStack()
        self._folder = Path()
        self._arguments = [*arguments, *_names_arguments(names or {})]
        if trust is not None:
            self._arguments += ["--set", f"ssl_verify_upstream_trusted_ca={trust}"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def ca_file(self) -> Path:
        """The CA that this mitmdump signs with, PEM."""
        return self._folder / "mitmproxy-ca-cert.pem"

    @property
    def output(self) -> str:
        """What mitmdump has printed, both streams."""
        return self._log.read_text("utf-8", "replace") if self._log.is_file() else ""

    @property
    def last_words(self) -> str:
        """The last line that mitmdump printed, as a sentence for an error message."""
        lines = self.output.strip().splitlines()
        return f"It said: {lines[-1]}" if lines else "It said nothing."

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._process.pid if self._process else None

    @property
    def _log(self) -> Path:
        return self._folder / "output.log"

    @property
    def _ready(self) -> Path:
        return self._folder / "port"

    def __enter__(self) -> Self:
        """Start it and wait until it listens. Raises ProxyError."""
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="pull-inspector-proxy-"))
        self._folder = Path(folder)
        try:
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    self._command(), stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
                )
            self.address = ("127.0.0.1", self._wait())
        except BaseException:
            self.stop()
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop it and remove its folder, keys and all."""
        self.stop()
        self._stack.close()

    def stop(self) -> int | None:
        """Ask it to end (SIGTERM), wait until it has saved what it has, and return its exit status."""
        process = self._process
        if process is None:
            return None
        process.terminate()
        try:
            process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        finally:
            if process.stdin:
                process.stdin.close()
        return process.returncode

    def _command(self) -> Sequence[str]:
        settings = {"confdir": str(self._folder), "lab_ready": str(self._ready)}
        return [
            str(mitmdump()),
            *("--listen-host", "127.0.0.1", "--listen-port", "0", "--scripts", str(NAMES)),
            *(word for key, value in settings.items() for word in ("--set", f"{key}={value}")),
            *self._arguments,
        ]

    def _wait(self) -> int:
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            if self._ready.exists():
                return int(self._ready.read_text())
            if self._process is None or self._process.poll() is not None:
                raise ProxyError(f"mitmdump ended before it listened. {self.last_words}")
            time.sleep(0.02)
        raise ProxyError(f"mitmdump did not listen within {START_LIMIT:.0f} s. {self.last_words}")


def mitmdump() -> Path:
    """The mitmdump that belongs to this very Python; another one would not find this package."""
    beside = Path(sys.executable).with_name("mitmdump")
    return beside if beside.exists() else Path(sysconfig.get_path("scripts"), "mitmdump")


def _names_arguments(names: Mapping[str, tuple[str, int]]) -> list[str]:
    return [word for name, (ip, port) in names.items() for word in ("--set", f"lab_names={name}={ip}:{port}")]
