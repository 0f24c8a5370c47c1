"""The recording addon in transparent mode, in a network of its own: no rule of the machine's own network is touched."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kit.proxy import ROOT
from kit.story import IMAGE, MANIFEST_TYPE, image, sha

MANIFEST = image(b"layer")
ORIGIN = f"""
from http.server import BaseHTTPRequestHandler, HTTPServer
class Registry(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", {MANIFEST_TYPE!r})
        self.send_header("Docker-Content-Digest", {sha(MANIFEST)!r})
        self.send_header("Content-Length", "{len(MANIFEST)}")
        self.end_headers()
        self.wfile.write({MANIFEST!r})
HTTPServer(("10.77.0.1", 80), Registry).serve_forever()
"""
# What nobody sends to port 80 goes to mitmdump, which itself is another user.
SETUP = """
set -e
ip link set lo up
ip addr add 10.77.0.1/32 dev lo
iptables -w -t nat -A OUTPUT -p tcp --dport 80 -m owner --uid-owner 65534 -j REDIRECT --to-ports 8080
"$1" origin.py >/dev/null 2>&1 &
shift
exec "$@"
"""


def possible() -> bool:
    if os.getuid() or not all(map(shutil.which, ("unshare", "nsenter", "ip", "iptables", "curl", "setpriv"))):
        return False
    words = "ip link set lo up && iptables -t nat -A OUTPUT -p tcp -m owner --uid-owner 1 -j REDIRECT --to-ports 1"
    return subprocess.run(["unshare", "-n", "sh", "-c", words], capture_output=True).returncode == 0


@pytest.mark.skipif(not possible(), reason="needs root, network namespaces, iptables with nat, and curl")
def test_transparent_mode(tmp_path: Path, confdir: Path, report) -> None:
    (tmp_path / "origin.py").write_text(ORIGIN)
    (tmp_path / "setup.sh").write_text(SETUP)
    mitmdump = [
        sys.executable,
        "-c",
        "from mitmproxy.tools.main import mitmdump; mitmdump()",
        "--mode",
        "transparent@8080",
    ]
    options = [
        "-s",
        str(ROOT / "addons" / "record.py"),
        "--set",
        "registry_capture=x.flow",
        "--set",
        f"confdir={confdir}",
    ]
    log = tmp_path / "output.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["unshare", "-n", "sh", "setup.sh", sys.executable, *mitmdump, *options], cwd=tmp_path, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    try:
        inside = ["nsenter", "-t", str(process.pid), "-n", "setpriv", "--reuid", "65534", "--clear-groups"]
        fetch = [
            "curl",
            "-sS",
            "--retry",
            "30",
            "--retry-connrefused",
            "--retry-delay",
            "0",
            "--max-time",
            "5",
            "--noproxy",
            "*",
        ]
        while b"listening" not in log.read_bytes():
            assert process.poll() is None, log.read_text()
            time.sleep(0.02)
        done = subprocess.run(
            [*inside, *fetch, f"http://10.77.0.1/v2/{IMAGE}/manifests/latest"], capture_output=True
        )
        assert done.stdout == MANIFEST, (done.stderr, log.read_text())
        process.send_signal(signal.SIGINT)
        process.wait(20)
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # the origin too
        process.wait()
    (pull,) = report(tmp_path / "x.flow").pulls
    (one,) = pull["exchanges"]
    assert (one["host"], one["stage"], one["verified"]) == ("10.77.0.1", "manifest", True)
    assert pull["client"]["name"] == "curl"
