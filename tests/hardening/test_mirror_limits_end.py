"""hardening.md, line 62: the mirror is told to stop, and mistakes in its configuration."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from kit.origin import Origin
from kit.proxy import MITMDUMP, ask
from kit.upstream import BLOB, MANIFEST, reply, sha
from mitmproxy.exceptions import OptionsError

TOKEN = "Bearer token-x"
MANIFESTS = "/v2/team/app/manifests/1"
SCRIPT = str(Path(__file__).parents[2] / "addons" / "mirror.py")


class Pulls:
    """Pulls of one blob each from a mirror of its own process; the registry holds the second half back."""

    def __init__(self, start, count: int) -> None:
        self.go_on, self.begun, self.got = threading.Event(), threading.Semaphore(0), []
        self.origin = Origin(self.serve)
        self.mirror = start("--mode", f"reverse:http://127.0.0.1:{self.origin.port}", before=["-s", SCRIPT])
        self.threads = [threading.Thread(target=self.pull) for _ in range(count)]
        for thread in self.threads:
            thread.start()
        for _ in self.threads:
            assert self.begun.acquire(timeout=10)

    def pull(self) -> None:
        with contextlib.suppress(ConnectionError):
            self.got.append(ask(self.mirror.port, f"/v2/a/b/blobs/{sha(BLOB)}"))

    def serve(self, stream: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            if not (more := stream.recv(65536)):
                return
            data += more
        if data.startswith(b"GET /v2/ "):
            stream.sendall(reply(200, connection="close"))
            return
        if b"bytes=0-0" in data:
            stream.sendall(reply(206, BLOB[:1], content_range=f"bytes 0-0/{len(BLOB)}", connection="close"))
            return
        head, mark, body = reply(200, BLOB, connection="close").partition(b"\r\n\r\n")
        stream.sendall(head + mark + body[:1000])
        self.begun.release()
        self.go_on.wait(20)
        stream.sendall(body[1000:])

    def wait_for_the_end_to_begin(self) -> None:
        """Whoever comes now is told to come again."""
        while not (answer := ask(self.mirror.port, "/v2/")).startswith(b"HTTP/1.1 503 "):
            time.sleep(0.02)
        assert b"retry-after: " in answer

    def close(self) -> None:
        self.go_on.set()
        for thread in self.threads:
            thread.join(10)
        self.origin.close()


def test_62_pulls_under_way_may_end_when_it_is_told_to_stop(start):
    pulls = Pulls(start, 32)
    pulls.mirror.process.send_signal(signal.SIGTERM)
    pulls.wait_for_the_end_to_begin()
    pulls.close()
    assert [answer.endswith(BLOB) for answer in pulls.got] == [True] * 32
    assert pulls.mirror.process.wait(8) == 0


def test_62_a_second_signal_ends_it_at_once(start):
    pulls = Pulls(start, 2)
    pulls.mirror.process.send_signal(signal.SIGTERM)
    pulls.wait_for_the_end_to_begin()
    pulls.mirror.process.send_signal(signal.SIGTERM)
    assert pulls.mirror.process.wait(6) == 0
    pulls.close()
    assert not any(answer.endswith(BLOB) for answer in pulls.got)


async def test_62_it_does_not_wait_longer_than_it_says(mirror, world, monkeypatch):
    monkeypatch.setattr("inspector.mirror.flows.DRAIN", 0.3)
    reached = asyncio.Event()

    async def never(_):
        reached.set()
        yield b"HTTP/1.1 200 OK\r\n"
        await asyncio.sleep(60)

    world.cdn.handle = never
    up = await mirror()
    pull = asyncio.create_task(up.ask(f"GET {world.blob_path()}", authorization=TOKEN))
    await reached.wait()
    addon = next(one for one in up.master.addons.chain if type(one).__name__ == "Mirror")
    async with asyncio.timeout(6):
        await addon.done()
    pull.cancel()


def test_62_a_mistake_at_the_start_is_one_line(tmp_path, confdir):
    (tmp_path / "mirror.toml").write_text('auth = "relay"\ntries = "many"\n')
    for words, line in (
        (
            ["--set", f"mirror_config={tmp_path}/mirror.toml"],
            "mirror.toml:2: tries: is a number from 0 to 100, not 'many'",
        ),
        (["--set", "http2=true"], "http2: the mirror serves HTTP/1.1 only"),
    ):
        done = subprocess.run(
            [*MITMDUMP, "--set", f"confdir={confdir}", "--listen-port", "0", "-s", SCRIPT, *words],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=tmp_path, timeout=20,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert done.returncode != 0
        assert line in said
        assert "Traceback" not in said


async def test_62_a_mistake_later_on_leaves_things_as_they_were(mirror, world):
    up = await mirror()
    for wrong in ({"mirror_auth": "maybe"}, {"mirror_tries": "many"}, {"mirror_upstreams": ["a b"]}):
        with pytest.raises(OptionsError, match=r"mirror_|upstream"):
            up.master.options.update(**wrong)
        assert (await up.ask(f"GET {MANIFESTS}", authorization=TOKEN)).body == MANIFEST
    up.master.options.update(mirror_auth="pass")
    assert "auth.example.org" in (await up.ask("GET /v2/")).headers["www-authenticate"]
