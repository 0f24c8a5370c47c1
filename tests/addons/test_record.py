"""The addon in a real mitmdump: it starts, refuses, stops and is killed as a user would have it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mitmproxy.io import FlowReader

from inspector.core.events import Ended
from inspector.sources.flowfile import FlowFile
from inspector.sources.redact import Redactor

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "addons" / "record.py"
MITMDUMP = [sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()"]
BLOB = f"/v2/library/x/blobs/sha256:{'0' * 64}"


class Origin(threading.Thread):
    """Answers each request with a whole small body, or, under /slow, with one that never ends."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open: list[socket.socket] = []
        self.start()

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self.open.append(self.listener.accept()[0])
                threading.Thread(target=self.serve, args=(self.open[-1],), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while head := client.recv(65536):
                if b"/slow" in head:
                    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 40)
                else:
                    client.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello")

    def close(self) -> None:
        self.listener.close()
        for client in self.open:
            client.close()


@pytest.fixture(name="origin")
def _origin() -> Iterator[Origin]:
    made = Origin()
    yield made
    made.close()


class Mitmdump:
    """A mitmdump under way."""

    def __init__(self, folder: Path, confdir: Path, *words: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        listen = [
            "--listen-host",
            "127.0.0.1",
            "--listen-port",
            str(self.port),
            "--set",
            f"confdir={confdir}",
        ]
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        self.process = subprocess.Popen(
            [*MITMDUMP, *listen, *words],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait(self) -> None:
        while self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.02)
        raise AssertionError(self.process.communicate()[0])

    def send(self, path: str) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: registry.test\r\n\r\n".encode())
        client.settimeout(10)
        client.recv(10)  # the answer has begun
        return client

    def end(self, how: signal.Signals = signal.SIGTERM) -> str:
        self.process.send_signal(how)
        return self.process.communicate(timeout=20)[0]


@pytest.fixture(name="start")
def _start(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Mitmdump]]:
    started: list[Mitmdump] = []

    def start(*words: str) -> Mitmdump:
        started.append(Mitmdump(tmp_path, tmp_path_factory.getbasetemp() / "confdir", *words))
        return started[-1]

    yield start
    for mitmdump in started:
        mitmdump.process.kill()
        mitmdump.process.wait()
        mitmdump.process.stdout.close()


def events(path: Path) -> list:
    with path.open("rb") as file:
        return list(FlowFile(file, Redactor()))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_what_is_under_way_and_the_report_is_printed(
    start, origin, tmp_path: Path, how
) -> None:
    mitmdump = start(
        "--mode",
        f"reverse:http://127.0.0.1:{origin.port}",
        "-s",
        str(SCRIPT),
        "--set",
        "registry_capture=x.flow",
    )
    mitmdump.wait()
    whole, part = mitmdump.send("/v2/library/x/manifests/latest"), mitmdump.send(BLOB + "/../slow")
    time.sleep(0.2)
    output = mitmdump.end(how)
    whole.close()
    part.close()
    assert mitmdump.process.returncode == 0
    ends = [event for event in events(tmp_path / "x.flow") if isinstance(event, Ended)]
    assert sorted(end.cut_by_end for end in ends) == [False, True]
    assert "recording to x.flow · redaction: default" in output
    assert "library/x" in output
    assert "server connect" not in output
    assert "<< 404" not in output  # mitmdump's own lines would tell it twice


def test_after_kill_9_every_whole_record_is_readable(start, origin, tmp_path: Path) -> None:
    mitmdump = start(
        "--mode",
        f"reverse:http://127.0.0.1:{origin.port}",
        "-s",
        str(SCRIPT),
        "--set",
        "registry_capture=x.flow",
    )
    mitmdump.wait()
    for _ in range(3):
        mitmdump.send("/v2/library/x/manifests/latest").close()
    part = mitmdump.send(BLOB + "/../slow")
    time.sleep(0.3)
    mitmdump.end(signal.SIGKILL)
    part.close()
    with (tmp_path / "x.flow").open("rb") as file:
        assert len(list(FlowReader(file).stream())) == 3


def test_without_options_the_capture_is_in_the_current_folder_under_the_time(
    start, origin, tmp_path: Path
) -> None:
    mitmdump = start("--mode", f"reverse:http://127.0.0.1:{origin.port}", "-s", str(SCRIPT))
    mitmdump.wait()
    mitmdump.send("/v2/").close()
    time.sleep(0.2)
    mitmdump.end()
    (path,) = tmp_path.glob("pull-*.flow")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_is_read_as_it_was_recorded_and_none_is_written(start, origin, tmp_path: Path) -> None:
    recorded = start(
        "--mode",
        f"reverse:http://127.0.0.1:{origin.port}",
        "-s",
        str(SCRIPT),
        "--set",
        "registry_capture=x.flow",
    )
    recorded.wait()
    recorded.send("/v2/library/x/manifests/latest").close()
    time.sleep(0.2)
    recorded.end()
    read = start("-n", "-s", str(SCRIPT), "-r", "x.flow")
    output = read.process.communicate(timeout=20)[0]
    assert read.process.returncode == 0
    assert "library/x:latest" in output
    assert [path.name for path in tmp_path.iterdir()] == ["x.flow"]


def test_a_stranger_to_the_package_gets_one_line_and_not_a_traceback(start, tmp_path: Path) -> None:
    alone = tmp_path / "addons" / "record.py"
    alone.parent.mkdir()
    alone.write_text(SCRIPT.read_text())
    hide = (
        "import sys; sys.modules['inspector'] = None; from mitmproxy.tools.main import mitmdump; mitmdump()"
    )
    done = subprocess.run(
        [sys.executable, "-c", hide, "-n", "-s", alone], capture_output=True, text=True, cwd=tmp_path
    )
    lines = [line for line in done.stdout.splitlines() if "Loading script" not in line]
    assert done.returncode == 1
    assert len(lines) == 1
    assert "pip install pull-inspector" in lines[0]
    assert sys.executable in lines[0]
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("version", ["12.1.2", "13.0.0", "14.0.0.dev"])
def test_another_mitmproxy_gets_one_line_and_not_a_traceback(tmp_path: Path, version: str) -> None:
    pretend = f"from mitmproxy import version; version.VERSION = '{version}'; from mitmproxy.tools.main import mitmdump; mitmdump()"
    done = subprocess.run(
        [sys.executable, "-c", pretend, "-n", "-s", SCRIPT], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 1
    assert f"mitmproxy {version}" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("registry_redact=some", "registry_redact is one of default, strict, none"),
        ("registry_live=perhaps", "registry_live is one of auto, on, off"),
        ("registry_rotate=big", "registry_rotate is a size such as"),
        ("registry_capture=+x.flow", "does not append"),
        ("registry_capture=/dev/null/x.flow", "cannot write the capture"),
    ],
)
def test_a_mistake_in_an_option_ends_the_start_with_one_line(start, option: str, says: str) -> None:
    mitmdump = start("-s", str(SCRIPT), "--set", option)
    output = mitmdump.process.communicate(timeout=20)[0]
    assert mitmdump.process.returncode == 1
    assert says in output
    assert "Traceback" not in output
