"""The fault addon in a real mitmdump: alone, beside the recorder in either order, in reverse mode; and its refusals."""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.core.engine import Engine
from inspector.lab.client import PullClient, PullError
from inspector.lab.hub import REGISTRY, Hub
from inspector.lab.proxy import Mitmdump
from inspector.rules import diagnose
from inspector.sources.flowfile import FlowFile
from inspector.sources.redact import Redactor

ADDONS = Path(__file__).parents[2] / "addons"
FAULT, RECORD = str(ADDONS / "fault.py"), str(ADDONS / "record.py")
MITMDUMP = [sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()"]
BLOB = f"/v2/library/x/blobs/sha256:{'0' * 64}"
BODY = b"x" * 100_000


class Origin(threading.Thread):
    """Answers each request with a body of 100,000 bytes."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.start()

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            while client.recv(65536):
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + BODY)


@pytest.fixture(name="origin")
def _origin() -> Iterator[Origin]:
    made = Origin()
    yield made
    made.listener.shutdown(socket.SHUT_RDWR)
    made.listener.close()
    made.join(5)


def ask(proxy: Mitmdump, path: str) -> tuple[bytes, bytes]:
    """Head and body of one answer, as far as they came."""
    with socket.create_connection(proxy.address, 10) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: r.test\r\nConnection: close\r\n\r\n".encode())
        client.settimeout(10)
        came = b""
        with contextlib.suppress(ConnectionError):
            while data := client.recv(65536):
                came += data
    head, _, body = came.partition(b"\r\n\r\n")
    return head, body


def findings(capture: Path) -> list[str]:
    engine = Engine()
    with capture.open("rb") as file:
        for event in FlowFile(file, Redactor()):
            engine.feed(event)
    pulls = engine.finish()
    for pull in pulls:
        diagnose(pull)
    return [finding.code for pull in pulls for finding in pull.findings]


@pytest.mark.parametrize("scripts", [[FAULT, RECORD], [RECORD, FAULT]], ids=["fault first", "record first"])
def test_beside_the_recorder_in_either_order_what_the_client_got_is_recorded(
    tmp_path: Path, scripts: list[str]
) -> None:
    words = [word for script in scripts for word in ("--scripts", script)]
    settings = {
        "fault": "body-truncated:1,digest-mismatch:1",
        "registry_capture": str(tmp_path / "x.flow"),
        "registry_live": "off",
    }
    words += [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    with Hub() as hub, Mitmdump(*words, names=hub.addresses, trust=hub.ca_file) as proxy:
        with pytest.raises(PullError, match="bytes expected"):
            PullClient(proxy.address, proxy.ca_file).pull(REGISTRY, "demo/app", "latest")
        assert proxy.stop() == 0
        said = [line for line in proxy.output.splitlines() if "fault " in line and "strikes" in line]
    assert ["fault body-truncated:" in said[0], "fault digest-mismatch:" in said[1], len(said)] == [
        True,
        True,
        2,
    ]
    assert set(findings(tmp_path / "x.flow")) >= {"digest-mismatch", "body-truncated"}


def test_in_reverse_mode_it_breaks_as_often_as_was_asked(origin: Origin) -> None:
    with Mitmdump("--mode", f"reverse:{origin.url}", "-s", FAULT, "--set", "fault=blob-unknown:2") as proxy:
        heads = [ask(proxy, BLOB)[0].split(b"\r\n")[0] for _ in range(3)]
    assert [head.split()[1] for head in heads] == [b"404", b"404", b"200"]


def test_a_repeated_option_is_a_sequence_and_the_filter_chooses(origin: Origin) -> None:
    words = [
        "--set",
        "fault=blob-unknown:1",
        "--set",
        "fault=server-error:1",
        "--set",
        "fault_filter=~u library",
    ]
    with Mitmdump("--mode", f"reverse:{origin.url}", "-s", FAULT, *words) as proxy:
        paths = [BLOB.replace("library", "other"), BLOB, BLOB, BLOB]
        heads = [ask(proxy, path)[0].split(b"\r\n")[0] for path in paths]
    assert [head.split()[1] for head in heads] == [b"200", b"404", b"503", b"200"]


def test_a_stall_does_not_keep_mitmdump_from_ending(origin: Origin) -> None:
    with Mitmdump("--mode", f"reverse:{origin.url}", "-s", FAULT, "--set", "fault=stalled") as proxy:
        with socket.create_connection(proxy.address, 10) as client:
            client.sendall(f"GET {BLOB} HTTP/1.1\r\nHost: r.test\r\n\r\n".encode())
            came = b""
            while len(came) < 50_000:
                came += client.recv(65536)
            began = time.monotonic()
            assert proxy.stop() == 0
            assert time.monotonic() - began < 9  # stop() itself kills after ten seconds
        # asyncio of Python 3.12.1 shows a traceback of its own for a client that is connected at the end.
        assert "inspector/" not in proxy.output.partition("Traceback")[2]


@pytest.mark.parametrize("word", ["help", "list"])
def test_help_prints_the_list_and_ends(word: str) -> None:
    done = run("--set", f"fault={word}")
    assert done.returncode == 0
    assert "  cdn-denied                the storage answers 403 AccessDenied" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "listening" not in done.stdout


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("fault=cdn-deneid", "there is no fault 'cdn-deneid': did you mean cdn-denied?"),
        ("fault_filter=~nonsense (", "fault_filter is a filter expression"),
    ],
)
def test_a_mistake_ends_the_start_with_one_line(setting: str, says: str) -> None:
    done = run("--set", setting)
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if "Loading" not in line and "listening" not in line]
    assert len(lines) == 1, lines
    assert says in lines[0]
    assert "Traceback" not in done.stdout + done.stderr


def test_a_stranger_to_the_package_gets_one_line_and_not_a_traceback(tmp_path: Path) -> None:
    alone = tmp_path / "addons" / "fault.py"
    alone.parent.mkdir()
    alone.write_text(Path(FAULT).read_text())
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


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*MITMDUMP, "--listen-host", "127.0.0.1", "--listen-port", "0", "-s", FAULT, *words],
        capture_output=True,
        text=True,
        timeout=60,
    )
