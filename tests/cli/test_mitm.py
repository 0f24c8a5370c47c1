"""mitmdump is started as wanted, says why when it is not, and never stays behind."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import certifi
import pytest

from inspector.cli._clients import ParentProxy
from inspector.cli._mitm import CannotRecord, Mitmdump, Settings, arguments, is_free, recording
from inspector.cli._trust import certificates_in

ROOT = Path(__file__).parents[2]
RECORDER = """
from pathlib import Path
from mitmproxy import ctx
class Recorder:
    def load(self, loader):
        for name in ("registry_capture", "registry_live", "registry_redact"):
            loader.add_option(name, str, "", "")
    def running(self):
        if ctx.options.registry_redact == "crash":
            raise SystemExit(3)
    def done(self):
        Path(ctx.options.registry_capture).write_text("written at the end")
addons = [Recorder()]
"""


@pytest.fixture(scope="module")
def confdir(tmp_path_factory):
    return tmp_path_factory.mktemp("conf")


@pytest.fixture
def settings(tmp_path, confdir):
    def make(**more):
        (tmp_path / "record.py").write_text(RECORDER)
        (tmp_path / "servers.pem").write_bytes(Path(certifi.where()).read_bytes())
        given = {
            "script": tmp_path / "record.py",
            "capture": tmp_path / "pull.flow",
            "authorities": tmp_path / "servers.pem",
            "confdir": confdir,
        }
        return Settings(**given | more)

    return make


def gone(pid):
    for _ in range(1000):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def option(words, name):
    return next((word.partition("=")[2] for word in words if word.startswith(f"{name}=")), None)


def test_the_addon_is_told_where_to_write_and_to_be_silent(settings):
    words = arguments(settings())
    assert words[:2] == ["--mode", "regular"]
    assert words[words.index("-s") + 1] == str(settings().script)
    assert option(words, "registry_capture") == str(settings().capture)
    assert option(words, "registry_live") == "off"
    assert option(words, "listen_host") == "127.0.0.1"
    assert option(words, "ssl_insecure") == "false"
    assert option(words, "registry_redact") is None, "the addon's own default is best"


def test_what_was_asked_for_is_passed_on(settings):
    words = arguments(settings(live=True, redact="all", insecure=True, host="0.0.0.0", port=4711))
    assert option(words, "registry_live") == "on"
    assert option(words, "registry_redact") == "all"
    assert option(words, "ssl_insecure") == "true"
    assert option(words, "listen_port") == "4711"


def test_a_proxy_that_was_there_before_stays_in_between(settings):
    words = arguments(settings(parent=ParentProxy("http://proxy.test:3128", "me:secret")))
    assert words[:2] == ["--mode", "upstream:http://proxy.test:3128"]
    assert option(words, "upstream_auth") == "me:secret"


def test_it_listens_in_the_block_and_is_gone_behind_it_with_the_capture_written(settings):
    with recording(settings()) as mitmdump:
        pid = mitmdump.process.pid
        socket.create_connection(("127.0.0.1", mitmdump.port)).close()
        assert certificates_in(settings().ca)
        assert not settings().capture.exists()
    assert mitmdump.process.returncode == 0
    assert gone(pid)
    assert settings().capture.read_text() == "written at the end"


def test_an_error_in_the_block_leaves_nothing_running(settings):
    with pytest.raises(ZeroDivisionError), recording(settings()) as mitmdump:
        raise ZeroDivisionError
    assert mitmdump.process.returncode == 0


def test_an_addon_that_does_not_load_is_one_line(settings, tmp_path):
    with pytest.raises(CannotRecord, match=r"mitmdump did not start: .") as caught:
        Mitmdump.start(settings(script=tmp_path / "missing.py"))
    assert "\n" not in str(caught.value)


def test_what_is_said_of_single_connections_is_left_to_the_report(settings):
    with recording(settings()) as mitmdump:
        mitmdump.log.write(
            b"[12:00:00.000][127.0.0.1:4711] Client TLS handshake failed.\n\x1b[2Jdisk full\n\n"
        )
        assert mitmdump.words() == ["\\x1b[2Jdisk full"]


def test_a_port_that_is_taken_is_not_free(settings):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free("127.0.0.1", port)
        with pytest.raises(CannotRecord, match="address already in use"):
            Mitmdump.start(settings(port=port))
    assert is_free("127.0.0.1", port)


def test_what_is_under_way_comes_to_its_end_when_the_recording_stops(settings):
    with socket.create_server(("127.0.0.1", 0)) as server, recording(settings()) as mitmdump:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with socket.create_connection(("127.0.0.1", mitmdump.port)) as client:
            client.settimeout(20)
            client.sendall(f"GET {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            upstream, _ = server.accept()
            with upstream:
                upstream.recv(4096)
                mitmdump.process.stdin.close()  # stop
                time.sleep(0.3)
                upstream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole")
                seen = b""
                while part := client.recv(4096):
                    seen += part
    assert seen.endswith(b"whole")


MASTER = """
import sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from inspector.cli._mitm import Mitmdump, Settings
folder = Path({folder!r})
mitmdump = Mitmdump.start(Settings(script=folder / "record.py", capture=folder / "pull.flow",
                                   authorities=folder / "servers.pem", confdir=Path({confdir!r})))
print(mitmdump.process.pid, flush=True)
time.sleep(60)
"""


def test_a_master_that_is_killed_outright_leaves_nothing_running(settings, tmp_path, confdir):
    settings()
    script = MASTER.format(root=str(ROOT), folder=str(tmp_path), confdir=str(confdir))
    master = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    pid = int(master.stdout.readline())
    os.kill(pid, 0)
    master.kill()
    master.communicate()
    assert gone(pid)
    assert (tmp_path / "pull.flow").read_text() == "written at the end", "and what was recorded is kept"
