"""A mitmproxy of its own process with the recording addon, as a user starts it.

Knows: processes and ports. Must not know: what is recorded.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
MITMDUMP = [sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()"]


class Proxy:
    """A mitmdump (mitmweb, …) of its own process with the addon, as a user starts it. ``out`` is what it has said."""

    def __init__(
        self,
        folder: Path,
        confdir: Path,
        *words: str,
        command: list[str] = MITMDUMP,
        before: list[str] | None = None,
    ) -> None:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = one.getsockname()[1]
        self.folder, self.capture, self.ca = folder, folder / "x.flow", confdir / "mitmproxy-ca-cert.pem"
        self.log = folder / "output.txt"
        listen = [
            "--listen-host",
            "127.0.0.1",
            "--listen-port",
            str(self.port),
            "--set",
            f"confdir={confdir}",
        ]
        addon = ["-s", str(ROOT / "addons" / "record.py"), "--set", f"registry_capture={self.capture}"]
        environment = {
            key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "NO_COLOR")
        }
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [*command, *listen, *(before or []), *addon, *words], cwd=folder, env=environment,
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        while not self.answers():
            assert self.process.poll() is None, self.out
            time.sleep(0.02)

    def answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    @property
    def out(self) -> str:
        return self.log.read_text(errors="surrogateescape")

    def stop(self) -> str:
        """End it as Ctrl-C does; all that it said."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
        return self.out


def ask(port: int, path: str = "/healthz") -> bytes:
    """All that comes back for one request on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), 10) as one:
        one.settimeout(10)
        one.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: one.recv(65536), b""))
