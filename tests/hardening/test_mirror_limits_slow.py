"""hardening.md, line 40: a byte a second, up and down; clients that stop reading. Deadlines go by progress."""

import asyncio
import contextlib
import functools
import re
import socket
import time
from pathlib import Path

import pytest
from kit.origin import Origin
from kit.upstream import BLOB, HUB, sha

from inspector.mirror.model import Call

TOKEN = "Bearer token-x"
HEAD = f'HTTP/1.1 200 OK\r\nContent-Length: {len(BLOB)}\r\nETag: "one"\r\n\r\n'.encode()
SCRIPT = str(Path(__file__).parents[2] / "addons" / "mirror.py")
MIB = 1 << 20


async def dripping(first: bytes, rest: bytes, times: int, pause: float):
    yield first
    for n in range(times):
        await asyncio.sleep(pause)
        yield rest[n : n + 1]
    yield rest[times:]


async def silent(first: bytes):
    yield first
    await asyncio.sleep(60)


async def test_40_an_upstream_that_drips_is_heard_out_and_one_that_is_silent_is_not(mirror, world):
    up = await mirror(stall="0.4")
    world.cdn.handle = lambda _: dripping(HEAD + BLOB[:1000], BLOB[1000:], 8, 0.1)
    answer = await up.ask(f"GET {world.blob_path()}", authorization=TOKEN)
    assert (answer.body == BLOB, answer.whole, len(world.cdn.seen)) == (True, True, 1)
    world.cdn.handle = lambda seen: (
        world.storage(seen) if "range" in seen.headers else silent(HEAD + BLOB[:1000])
    )
    answer = await up.ask(f"GET {world.blob_path()}", authorization=TOKEN)
    assert (answer.body == BLOB, answer.whole) == (True, True)
    assert world.cdn.seen[-1].headers["range"] == f"bytes=1000-{len(BLOB) - 1}"


async def test_40_a_blob_that_never_begins_is_given_up(mirror, world):
    world.cdn.handle = lambda _: silent(b"HTTP/1.1 200")
    up = await mirror(stall="0.1", tries="1")
    answer = await up.ask(f"GET {world.blob_path()}", authorization=TOKEN)
    assert answer.status == 502
    assert "cdn.example.net: nothing came for 0.4 seconds" in answer.says


async def test_40_a_document_that_drips_has_a_deadline(mirror, world, monkeypatch):
    """It is small: no progress of a byte a second is one."""
    monkeypatch.setattr("inspector.mirror.service.Call", functools.partial(Call, deadline=0.4))
    world.hub.handle = lambda _: dripping(
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", bytes(100), 100, 0.1
    )
    up = await mirror()
    answer = await up.ask("GET /v2/team/app/manifests/1", authorization=TOKEN)
    assert answer.status == 504
    assert f"mirror of {HUB}: no whole answer within 0.4 seconds" in answer.says


@pytest.mark.parametrize(
    "line", ["POST /token", "PUT /v2/team/app/blobs/uploads/x", "POST /v2/team/app/blobs/uploads/"]
)
async def test_40_a_request_whose_body_drips_is_not_waited_for(mirror, world, monkeypatch, line):
    monkeypatch.setattr("inspector.mirror.guests.IDLE", 0.3)
    monkeypatch.setattr("inspector.mirror.house._TICK", 0.05)
    up = await mirror()
    reader, writer = await asyncio.open_connection("127.0.0.1", up.port)
    writer.write(f"{line} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n".encode())

    async def drip():
        with contextlib.suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b"x")
                await asyncio.sleep(0.05)

    dripper = asyncio.create_task(drip())
    async with asyncio.timeout(8):
        with contextlib.suppress(ConnectionError):
            while await reader.read(1000):
                pass
    dripper.cancel()
    writer.close()
    assert world.auth.seen == world.hub.seen == []


async def slow_reader(up, path: str):
    """A connection with a small window that has asked for a blob."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    sock.connect(("127.0.0.1", up.port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=4096)
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: {TOKEN}\r\nConnection: close\r\n\r\n".encode()
    )
    return reader, writer


async def test_40_a_client_that_pauses_is_no_stalled_upstream(mirror, world):
    world.blob = bytes(16 * MIB)
    world.digest = sha(world.blob)
    up = await mirror(stall="0.2")
    reader, writer = await slow_reader(up, world.blob_path())
    await reader.readexactly(100)
    await asyncio.sleep(0.8)
    came = 100 + len(await reader.read())
    writer.close()
    assert came > len(world.blob)
    assert len(world.cdn.seen) == 1


async def test_40_a_client_that_takes_nothing_is_let_go_in_time(mirror, world):
    """The time is mitmproxy's own tcp_timeout, 600 seconds by default."""
    world.blob = bytes(16 * MIB)
    world.digest = sha(world.blob)
    up = await mirror(stall="0.4", more={"tcp_timeout": 1})
    _, writer = await slow_reader(up, world.blob_path())
    async with asyncio.timeout(8):
        while not up.flows:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.05)
    assert "the client takes nothing" in up.flows[0].error.msg
    writer.transport.abort()


def endless(stream: socket.socket) -> None:
    """A registry with one blob of 64 MiB under every name."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := stream.recv(65536)):
            return
        data += more
    if b"bytes=0-0" in data:
        stream.sendall(
            b"HTTP/1.1 206 OK\r\nContent-Length: 1\r\nContent-Range: bytes 0-0/67108864\r\nConnection: close\r\n\r\nx"
        )
        return
    stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n")
    for _ in range(1024):
        stream.sendall(bytes(65536))


def memory(pid: int, field: str) -> int:
    """MB that a process has (VmRSS), or had at most (VmHWM)."""
    found = re.search(rf"{field}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) // 1024


def test_40_64_clients_that_stop_reading_cost_a_bounded_memory(start):
    origin = Origin(endless)
    target = f"reverse:http://127.0.0.1:{origin.port}"
    proxy = start("--mode", target, before=["-s", SCRIPT, "--set", "mirror_stall=60"])
    clients = []
    for n in range(64):
        one = socket.create_connection(("127.0.0.1", proxy.port), 10)
        one.sendall(f"GET /v2/a/b/blobs/sha256:{n:064x} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        clients.append(one)
    assert all(one.recv(12) == b"HTTP/1.1 200" for one in clients)
    before, calm = 0, 0
    while calm < 3:
        now = memory(proxy.process.pid, "VmRSS")
        before, calm = now, calm + 1 if now <= before else 0
        time.sleep(0.1)
    for one in clients:
        one.close()
    origin.close()
    assert memory(proxy.process.pid, "VmHWM") < 150
