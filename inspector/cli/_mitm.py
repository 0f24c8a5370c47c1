"""Starting mitmdump with the recording addon, and stopping it: the master's side of `inspector.recorder.launch`.

Knows: mitmdump's options, the addon's options (registry_capture, registry_live, registry_redact). Must not know:
clients, how reports look.

The CA is mitmproxy's own, in mitmproxy's own folder (~/.mitmproxy), unless told otherwise: it must outlive one run, since
a daemon is told once to trust it; who has set mitmproxy up before trusts it already; and `mitmdump -s addons/record.py`
uses the same. Its key is made on the first run and stays readable by its owner only.
"""

import json
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from inspector.cli._clients import ParentProxy

_CA_FILE = "mitmproxy-ca-cert.pem"  # the certificate alone, PEM
_START_LIMIT = 60.0  # seconds; one is usual, but a laptop that has just woken takes its time
_STOP_LIMIT = 20.0
_CHATTER = re.compile(
    r"logged during startup, exiting|^\[[0-9:.]+\]\["
)  # the latter: time, then the client's address
_STAMP = re.compile(r"^\[[0-9:.]+\]\s*")  # mitmproxy's time of day before a line


class CannotRecord(Exception):  # noqa: N818 - it says what happened
    """mitmdump could not be started: one line that says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What mitmdump is started with.

    ``port`` 0 is any free one; ``live`` has reports printed as pulls end, on our own standard output; ``authorities`` is
    a PEM bundle by which servers are checked; ``redact`` None is the addon's own default.
    """

    script: Path
    capture: Path
    authorities: Path
    confdir: Path
    host: str = "127.0.0.1"
    port: int = 0
    live: bool = False
    redact: str | None = None
    insecure: bool = False
    parent: ParentProxy | None = None

    @property
    def ca(self) -> Path:
        """The file with the CA's certificate; it is there once mitmdump runs."""
        return self.confdir / _CA_FILE


def default_confdir() -> Path:
    """mitmproxy's own folder (mitmproxy.options.CONF_DIR)."""
    return Path("~/.mitmproxy").expanduser()


def arguments(settings: Settings) -> list[str]:
    """mitmdump's command line, without its name."""
    options = {
        "confdir": settings.confdir,
        "listen_host": settings.host,
        "listen_port": settings.port,
        "ssl_verify_upstream_trusted_ca": settings.authorities,
        "ssl_insecure": str(settings.insecure).lower(),
        "flow_detail": 0,
        "termlog_verbosity": "warn",
        "registry_capture": settings.capture,
        "registry_live": "on" if settings.live else "off",
    }
    if settings.redact is not None:
        options["registry_redact"] = settings.redact
    if settings.parent and settings.parent.auth:
        options["upstream_auth"] = settings.parent.auth
    # --mode, not --set mode: a set-up file of the user's own may name other modes, and this takes their place.
    mode = f"upstream:{settings.parent.address}" if settings.parent else "regular"
    words = ["--mode", mode, "-s", str(settings.script)]
    for name, value in options.items():
        words += ["--set", f"{name}={value}"]
    return words


def is_free(host: str, port: int) -> bool:
    """Whether ``port`` can be listened on. Somebody else may take it in the next moment."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError):
            return False
    return True


@dataclass(slots=True)
class Mitmdump:
    """A mitmdump that runs. ``port`` is where it listens."""

    process: subprocess.Popen[bytes]
    settings: Settings
    log: IO[bytes]
    port: int = field(default=0)

    @classmethod
    def start(cls, settings: Settings) -> Self:
        """Start it and wait until it listens. CannotRecord when it does not come up."""
        from inspector.recorder import __path__ as folder

        ready, ready_child = os.pipe()
        log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object; has no name, so nothing is left
        try:
            # -P: a file in the current folder that is named like a module must not be imported.
            process = subprocess.Popen(
                [sys.executable, "-P", str(Path(folder[0]) / "launch.py"), str(ready_child)],
                stdin=subprocess.PIPE,
                stdout=None if settings.live else log,
                stderr=None if settings.live else log,
                pass_fds=(ready_child,),
                start_new_session=True,  # Ctrl-C is for the command, not for the recorder
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        finally:
            os.close(ready_child)
        self = cls(process, settings, log)
        try:
            self._send(arguments(settings))
            self.port = self._read_port(ready)
        except BaseException:
            self.stop()
            log.close()
            raise
        finally:
            os.close(ready)
        return self

    def _send(self, words: list[str]) -> None:
        assert self.process.stdin is not None  # noqa: S101 - for the type checker: it was opened as a pipe
        with suppress(BrokenPipeError):  # it died at once; reading the port says so
            self.process.stdin.write(json.dumps(words).encode() + b"\n")
            self.process.stdin.flush()

    def _read_port(self, ready: int) -> int:
        if not select.select([ready], [], [], _START_LIMIT)[0]:
            raise CannotRecord(f"mitmdump did not come up within {_START_LIMIT:.0f} s")
        answer = os.read(ready, 4096)
        if not answer:
            self.process.wait()
            raise CannotRecord(f"mitmdump did not start: {_reason(self.words())}")
        return int(json.loads(answer)["port"])

    def words(self) -> list[str]:
        """What it has printed (only what was not printed live): the last lines, safe to print.

        Without what mitmproxy says of single connections: that is in the report.
        """
        from inspector.wire.clean import clean

        if self.settings.live:
            return []
        end = self.log.seek(0, os.SEEK_END)
        self.log.seek(max(0, end - 65536))
        lines = (clean(line.strip()) for line in self.log.read().decode(errors="replace").splitlines())
        return [line for line in lines if line and not _CHATTER.search(line)]

    def stop(self) -> int:
        """Let it write what is left, and end it, with force if need be. Its exit status."""
        if self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.close()  # means: stop
        for last_means in (self.process.terminate, self.process.kill):
            try:
                return self.process.wait(_STOP_LIMIT)
            except subprocess.TimeoutExpired:
                last_means()
        return self.process.wait()


def _reason(words: list[str]) -> str:
    """The line that says why, of what mitmdump printed: the first, and where a script of its own failed the last too."""
    if not words:
        return "it has said why above"
    first = _STAMP.sub("", words[0])
    return f"{first}: {words[-1]}" if any(word.startswith("Traceback") for word in words) else first


@contextmanager
def recording(settings: Settings) -> Iterator[Mitmdump]:
    """A mitmdump that runs within the block."""
    mitmdump = Mitmdump.start(settings)
    try:
        yield mitmdump
    finally:
        mitmdump.stop()
        mitmdump.log.close()
