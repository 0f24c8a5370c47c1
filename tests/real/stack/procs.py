"""Start and stop processes: own process group, own environment, own /etc/hosts.

Knows: Linux namespaces and signals. Must not know: what is started.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from types import MappingProxyType

from stack.place import Place

# Debian's own packages before what else a machine may have: daemon and command line must fit each other.
PATH = "/usr/bin:/usr/sbin:/bin:/sbin:/usr/local/bin:/usr/local/sbin"
# /run last: what stands in /etc may be a link into it.
TARGETS = ("/etc/hosts", "/etc/resolv.conf", "/etc/docker", "/var/lib", "/run")
MOUNTS = (
    f'for to in {" ".join(TARGETS)}; do [ ! -e $to ] || mount --bind "$1" $to || exit 126; shift; done; '
    'exec "$@"'
)


def environment(place: Place, **more: str) -> dict[str, str]:
    """A clean environment: nothing of the caller's proxies, certificates, logins or configuration gets in."""
    base = {
        "PATH": PATH,
        "LANG": "C.UTF-8",
        "HOME": str(place.folder("home")),
        "TMPDIR": str(place.folder("tmp")),
        "XDG_RUNTIME_DIR": str(place.folder("xdg")),
    }
    return base | more


def private(place: Place, argv: list[str], lead: Mapping[str, int] = MappingProxyType({})) -> list[str]:
    """``argv`` in a mount namespace of its own: the hub's names lead to the hub (but for ``lead``,
    see ``Place.hosts``), and what clients write to /etc/docker, /var/lib and /run, whatever their options say, stays with us.
    """
    folders = (place.folder("private", name) for name in ("etc-docker", "var-lib", "run"))
    sources = place.hosts(lead), place.resolv_conf(), *folders
    return ["unshare", "-m", "--propagation", "private", "sh", "-c", MOUNTS, "sh", *map(str, sources), *argv]


class Service:
    """A process in the background. It dies with us, whatever becomes of us."""

    def __init__(self, argv: list[str], *, log: Path, env: dict[str, str]) -> None:
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *argv],
                env=env,
                cwd=env["HOME"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self, *, first: signal.Signals = signal.SIGTERM, patience: float = 8.0) -> int:
        """Ask, wait, then force; afterwards nothing of the process group is left. Returns the exit status."""
        if self.alive:
            self.process.send_signal(first)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()

    def wait_for(self, ready: Callable[[], bool], *, limit: float = 30.0) -> None:
        """Return when ``ready()`` says so; RuntimeError with the end of the log when the process ends or time is up."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if not self.alive:
                break
            if ready():
                return
            time.sleep(0.02)
        state = "is not ready" if self.alive else f"ended with {self.process.returncode}"
        self.stop()
        raise RuntimeError(f"{' '.join(map(str, self.process.args))[:200]} {state}:\n{tail(self.log)}")


def until(found: Callable[[], bool], *, limit: float = 20.0) -> None:
    """Return when ``found()`` says so; RuntimeError when time is up."""
    end = time.monotonic() + limit
    while not found():
        if time.monotonic() > end:
            raise RuntimeError(f"not seen within {limit:g} s")
        time.sleep(0.02)


def tail(log: Path, size: int = 1500) -> str:
    """The end of a log, as text."""
    return log.read_bytes()[-size:].decode(errors="replace")


def listens(address: str, port: int) -> Callable[[], bool]:
    """Whether something accepts connections there, asked again at every call."""

    def ready() -> bool:
        with closing(socket.socket()) as probe:
            probe.settimeout(1)
            return probe.connect_ex((address, port)) == 0

    return ready
