"""The recording addon in mitmproxy's modes and programs, over real sockets with curl, and beside other addons."""

import json
import os
import pty
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from kit.origin import Origin, http1, reply
from kit.proxy import MITMDUMP, ROOT
from kit.story import IMAGE, MANIFEST_TYPE, image, sha
from mitmproxy.io import FlowReader

from inspector.core.events import Ended
from inspector.sources.flowfile import FlowFile
from inspector.sources.redact import Redactor

MANIFEST = image(b"layer")
PATH = f"/v2/{IMAGE}/manifests/latest"
HERE = {"PATH": os.environ["PATH"], "NO_PROXY": "", "no_proxy": ""}
MITMWEB = [sys.executable, "-c", "from mitmproxy.tools.main import mitmweb; mitmweb()"]

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")


def answer(request: bytes) -> bytes:
    if b"/manifests/" in request.split(b"\r\n")[0]:
        return reply(
            "200 OK", MANIFEST, f"Content-Type: {MANIFEST_TYPE}", f"Docker-Content-Digest: {sha(MANIFEST)}"
        )
    return reply("404 Not Found", b'{"errors":[{"code":"NAME_UNKNOWN"}]}', "Content-Type: application/json")


@pytest.fixture
def origin():
    made = Origin(http1(answer))
    yield made
    made.close()


def curl(*words: str) -> bytes:
    done = subprocess.run(["curl", "-sS", "--max-time", "20", *words], capture_output=True, env=HERE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def recorded(report, proxy, port: int) -> dict:
    """The one pull that was recorded, checked."""
    said = proxy.stop()
    assert "Traceback" not in said
    (pull,) = report(proxy.capture).pulls
    (one,) = pull["exchanges"]
    assert (one["stage"], one["verified"], one["size"]) == ("manifest", True, len(MANIFEST))
    assert one["url"].endswith(PATH)
    assert f":{port}" in one["host"] or port in (80, 443)
    return pull


def test_regular_mode(start, origin, report):
    proxy = start()
    assert curl("-x", f"http://127.0.0.1:{proxy.port}", f"http://127.0.0.1:{origin.port}{PATH}") == MANIFEST
    recorded(report, proxy, origin.port)


def test_reverse_mode_keeps_the_name_that_the_client_used(start, origin, report):
    proxy = start("--mode", f"reverse:http://127.0.0.1:{origin.port}", "--set", "keep_host_header=true")
    assert curl(f"http://127.0.0.1:{proxy.port}{PATH}") == MANIFEST
    recorded(report, proxy, proxy.port)


def test_upstream_mode(start, origin, report):
    outer = start()
    inner = start("--mode", f"upstream:http://127.0.0.1:{outer.port}")
    assert curl("-x", f"http://127.0.0.1:{inner.port}", f"http://127.0.0.1:{origin.port}{PATH}") == MANIFEST
    recorded(report, inner, origin.port)
    recorded(report, outer, origin.port)


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_socks5_mode(start, origin, report, scheme):
    proxy = start("--mode", "socks5")
    assert (
        curl("-x", f"{scheme}://127.0.0.1:{proxy.port}", f"http://localhost:{origin.port}{PATH}") == MANIFEST
    )
    recorded(report, proxy, origin.port)


def test_several_modes_at_once(start, origin, report):
    proxy = start("--mode", "regular", "--mode", "socks5@0")
    assert curl("-x", f"http://127.0.0.1:{proxy.port}", f"http://127.0.0.1:{origin.port}{PATH}") == MANIFEST
    recorded(report, proxy, origin.port)


# -- files -----------------------------------------------------------------------------------------------------------------


def run(folder: Path, *words: str) -> str:
    command = [
        *MITMDUMP,
        "-n",
        "-s",
        str(ROOT / "addons" / "record.py"),
        "--set",
        f"confdir={folder}/conf",
        *words,
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout


def test_a_file_is_read_with_w_and_with_a_capture_of_its_own(start, origin, report, tmp_path):
    proxy = start("-w", str(tmp_path / "raw.flow"))
    curl("-x", f"http://127.0.0.1:{proxy.port}", f"http://127.0.0.1:{origin.port}{PATH}")
    told = recorded(report, proxy, origin.port)
    for file in (proxy.capture, tmp_path / "raw.flow"):
        said = run(tmp_path, "-r", str(file))
        assert f"{IMAGE}:latest" in said
        again, saved = tmp_path / f"again-{file.name}", tmp_path / f"saved-{file.name}"
        run(tmp_path, "-r", str(file), "--set", f"registry_capture={again}", "-w", str(saved))
        for copy in (again, saved):
            (pull,) = report(copy).pulls
            assert pull["exchanges"] == told["exchanges"]
        assert report(again).document["sources"][0]["redaction"] == "default"


# -- other addons ----------------------------------------------------------------------------------------------------------

OTHERS = {
    "changes headers": "def request(flow): flow.request.headers['x-mine'] = 'y'\ndef response(flow): flow.response.headers['x-mine'] = 'z'",
    "answers itself": "from mitmproxy import http\ndef request(flow): flow.response = http.Response.make(200, BODY, {'content-type': KIND})",
    "answers at the head": "from mitmproxy import http\ndef requestheaders(flow): flow.response = http.Response.make(200, BODY, {'content-type': KIND})",
    "streams": "def responseheaders(flow): flow.response.stream = True",
    "streams and counts": "def responseheaders(flow): flow.response.stream = lambda data: data",
    "streams to a list": "def responseheaders(flow): flow.response.stream = lambda data: [data[:3], data[3:]]",
    "marks": "def request(flow): flow.marked = ':x:'; flow.comment = 'mine'",
    "is asynchronous": "import asyncio\nasync def request(flow): await asyncio.sleep(0.05)\nasync def response(flow): await asyncio.sleep(0.05)",
    "fails": "def request(flow): raise ValueError('not ours')\ndef response(flow): raise ValueError('not ours')",
}


@pytest.mark.parametrize(
    ("name", "first"),
    [*((name, first) for name in OTHERS for first in (True, False)), ("fails while it streams", True)],
)
def test_beside_an_addon_that(start, origin, report, tmp_path, name, first):
    other = tmp_path / "other.py"
    script = OTHERS.get(name, "def responseheaders(flow): flow.response.stream = lambda data: 1 / 0")
    other.write_text(f"BODY, KIND = {MANIFEST!r}, {MANIFEST_TYPE!r}\n{script}\n")
    proxy = start(*([] if first else ["-s", str(other)]), before=["-s", str(other)] if first else [])
    assert curl("-x", f"http://127.0.0.1:{proxy.port}", f"http://127.0.0.1:{origin.port}{PATH}") == MANIFEST
    said = proxy.stop()
    assert ("not ours" in said) == (name == "fails")
    (pull,) = report(proxy.capture).pulls
    assert [(one["stage"], one["status"]) for one in pull["exchanges"]] == [("manifest", 200)]
    assert pull["exchanges"][0]["verified"] is not False
    with proxy.capture.open("rb") as file:
        assert [one.cut_by_end for one in FlowFile(file, Redactor()) if isinstance(one, Ended)] == [False]


def test_an_addon_that_kills_is_told_as_the_proxys_doing(start, origin, report, tmp_path):
    other = tmp_path / "other.py"
    other.write_text("def request(flow): flow.kill()\n")
    proxy = start("-s", str(other))
    subprocess.run(
        ["curl", "-sS", "-x", f"http://127.0.0.1:{proxy.port}", f"http://127.0.0.1:{origin.port}{PATH}"],
        capture_output=True,
        env=HERE,
    )
    proxy.stop()
    (pull,) = report(proxy.capture).pulls
    assert "killed" in pull["exchanges"][0]["error"]


# -- mitmweb and the console -----------------------------------------------------------------------------------------------


def test_mitmweb_shows_stage_and_pull(start, origin):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        web = probe.getsockname()[1]
    proxy = start("--set", f"web_port={web}", "--no-web-open-browser", command=MITMWEB)
    curl("-x", f"http://127.0.0.1:{proxy.port}", f"http://127.0.0.1:{origin.port}{PATH}")
    found = None
    for _ in range(100):
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\w+)", proxy.out)
        if found:
            break
        time.sleep(0.05)
    assert found, proxy.out
    with urllib.request.urlopen(f"http://127.0.0.1:{found[1]}/flows?token={found[2]}") as page:
        (flow,) = json.load(page)
    assert flow["comment"] == f"manifest · {IMAGE} · pull 1"
    assert flow["marked"] == "\N{PAGE FACING UP}"
    assert "Traceback" not in proxy.stop()


def test_the_console_shows_the_marker_and_takes_no_harm(tmp_path, confdir, origin):
    master, slave = pty.openpty()
    subprocess.run(["stty", "rows", "40", "cols", "140"], stdin=slave, check=True)
    capture, parts = tmp_path / "x.flow", []

    def drain() -> None:
        try:
            while data := os.read(master, 65536):
                parts.append(data)
        except OSError:
            pass

    reader = threading.Thread(target=drain, daemon=True)
    reader.start()
    command = [
        sys.executable,
        "-c",
        "from mitmproxy.tools.main import mitmproxy; mitmproxy()",
        "--mode",
        f"reverse:http://127.0.0.1:{origin.port}@127.0.0.1:0",
    ]
    options = [
        "-s",
        str(ROOT / "addons" / "record.py"),
        "--set",
        f"registry_capture={capture}",
        "--set",
        f"confdir={confdir}",
        "--set",
        "keep_host_header=true",
    ]
    process = subprocess.Popen(
        [*command, *options],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=os.environ | {"TERM": "xterm-256color"},
        cwd=tmp_path,
    )
    try:
        wait_for(lambda: re.search(rb"127\.0\.0\.1:(\d+)", b"".join(parts)), parts)
        (port,) = {int(one) for one in listening(process.pid)}
        assert curl(f"http://127.0.0.1:{port}{PATH}") == MANIFEST
        wait_for(lambda: "\N{PAGE FACING UP}".encode() in b"".join(parts), parts)
        os.write(master, b"\r")  # the flow itself; its comment stands under "Comment"
        os.write(master, b"l" * 2)
        wait_for(lambda: b"pull 1" in b"".join(parts) or b"manifest" in b"".join(parts), parts)
    finally:
        process.terminate()
        process.wait(20)
        os.close(slave)
        os.close(master)
    with capture.open("rb") as file:
        assert len(list(FlowReader(file).stream())) == 1


def wait_for(condition, parts) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(b"".join(parts)[-3000:])


def listening(pid: int) -> list[str]:
    done = subprocess.run(["ss", "-ltnpH"], capture_output=True, text=True)
    return [re.search(r":(\d+) ", line)[1] for line in done.stdout.splitlines() if f"pid={pid}," in line]
