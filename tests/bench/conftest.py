"""What the benches share: an origin, a proxy with or without the addon, and interleaved rounds.

The benches measure and print; they assert no time. They run only when asked for: ``pytest -m bench tests/bench -s``.
"""

import contextlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "addons" / "record.py"
MITMDUMP = [sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()"]

NGINX = """
{user}
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type application/octet-stream;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{plain}; root {folder}/www; }}
  server {{ listen 127.0.0.1:{tls} ssl; ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; root {folder}/www; }}
}}
"""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "bench" in (config.option.markexpr or ""):
        return
    for item in items:
        if item.get_closest_marker("bench"):
            item.add_marker(pytest.mark.skip(reason="a bench: ask for it with -m bench"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(400):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on {port}")


class Origin:
    """nginx with one worker, plain and TLS, over a folder of sparse files: page cache only, no disk."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.plain, self.tls = folder, free_port(), free_port()
        (folder / "www").mkdir()
        certificate = trustme.CA().issue_cert("127.0.0.1")
        certificate.private_key_pem.write_to_path(folder / "key.pem")
        for part in certificate.cert_chain_pems:
            part.write_to_path(folder / "cert.pem", append=True)
        user = "user root;" if os.geteuid() == 0 else ""  # the worker has to read a folder that is ours alone
        (folder / "nginx.conf").write_text(
            NGINX.format(user=user, folder=folder, plain=self.plain, tls=self.tls)
        )
        self.process = subprocess.Popen(
            ["nginx", "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL
        )
        wait_for(self.plain)

    def file(self, name: str, size: int) -> str:
        """The path of a blob of ``size`` bytes."""
        folder = self.folder / "www" / "v2" / "bench" / "blobs"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("wb") as file:
            file.truncate(size)
        return f"/v2/bench/blobs/{name}"


class Proxy:
    """A mitmdump. ``addon`` None is the bare one, which streams as ours does."""

    def __init__(self, folder: Path, mode: str, *, addon: bool, options: tuple[str, ...] = ()) -> None:
        self.port = free_port()
        words = ["-q", "--mode", mode, "--listen-host", "127.0.0.1", "--listen-port", str(self.port)]
        words += ["--set", f"confdir={folder}", "--set", "ssl_insecure=true"]
        if addon:
            words += ["-s", str(SCRIPT)]
            if not any(
                option.startswith("registry_capture=") for option in options
            ):  # mitmproxy takes each once
                words += ["--set", f"registry_capture={folder}/{self.port}.flow"]
        else:
            words += ["--set", "stream_large_bodies=1"]
        for option in options:
            words += ["--set", option]
        self.process = subprocess.Popen([*MITMDUMP, *words], stdout=subprocess.DEVNULL)
        wait_for(self.port)

    def peak(self) -> float:
        """The most memory that it has had resident, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return (
            next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
            * 1024
            / 1e6
        )

    def cpu(self) -> float:
        """Seconds of processor time that it has used: what other processes do does not count here."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def fetch(url: str, *words: str) -> float:
    """Seconds that curl needs for ``url``."""
    command = ["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code} %{time_total}", *words, url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    status, seconds = done.stdout.split()
    assert status == "200", done
    return float(seconds)


def interleaved(rounds: int, cases: dict[str, Callable[[], float]]) -> dict[str, float]:
    """The median of each case, run in turns so that whatever else the machine does falls on all alike."""
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for case in cases.values():
        case()  # warm: certificates, imports, page cache
    for _ in range(rounds):
        for name, case in cases.items():
            taken[name].append(case())
    return {name: statistics.median(values) for name, values in taken.items()}


@pytest.fixture(name="origin")
def _origin(tmp_path: Path) -> Iterator[Origin]:
    if shutil.which("nginx") is None or shutil.which("curl") is None:
        pytest.skip("needs nginx and curl")
    made = Origin(tmp_path)
    yield made
    made.process.terminate()
    made.process.wait(10)


@pytest.fixture(name="start")
def _start(tmp_path: Path) -> Iterator[Callable[..., Proxy]]:
    """start(mode, addon=…) -> Proxy, stopped at the end."""
    started: list[Proxy] = []

    def start(mode: str, *, addon: bool, options: tuple[str, ...] = ()) -> Proxy:
        started.append(Proxy(tmp_path, mode, addon=addon, options=options))
        return started[-1]

    yield start
    for proxy in started:
        proxy.stop()


@pytest.fixture(name="bench")
def _bench() -> dict[str, Callable[..., object]]:
    return {"fetch": fetch, "interleaved": interleaved}
