"""hardening.md, line 61: crowds, slow heads, more connections than descriptors."""

import asyncio
import contextlib
import os
import socket
from pathlib import Path

import pytest
from kit.proxy import MITMDUMP, ask
from kit.upstream import BLOB

TOKEN = "Bearer token-x"
SCRIPT = str(Path(__file__).parents[2] / "addons" / "mirror.py")


@pytest.mark.parametrize("limit", [64, 180])
def test_61_a_crowd_without_requests_takes_no_place_from_others(start, limit):
    """More connections than the process has descriptors: the idlest go, and accepting begins again."""
    limited = ["bash", "-c", f'ulimit -n {limit}; exec "$0" "$@"', *MITMDUMP]
    mirror = start("--mode", "reverse:http://127.0.0.1:1", before=["-s", SCRIPT], command=limited)
    assert ask(mirror.port).endswith(b"ok\n")
    crowd = [socket.create_connection(("127.0.0.1", mirror.port), 10) for _ in range(2 * limit)]
    for one in crowd[::2]:
        with contextlib.suppress(ConnectionError):
            one.send(b"GET /v2/ HTTP/1.1\r\nHost: ")
    assert ask(mirror.port).endswith(b"ok\n")
    assert len(os.listdir(f"/proc/{mirror.process.pid}/fd")) < limit
    for one in crowd:
        one.close()
    assert ask(mirror.port).endswith(b"ok\n")
    assert "the most that are served" in mirror.stop()


async def test_61_heads_that_come_slowly_are_sent_away(mirror, world, monkeypatch):
    monkeypatch.setattr("inspector.mirror.guests.IDLE", 0.3)
    monkeypatch.setattr("inspector.mirror.house._TICK", 0.05)
    up = await mirror()

    async def slow():
        reader, writer = await asyncio.open_connection("127.0.0.1", up.port)
        with contextlib.suppress(ConnectionError):
            for letter in b"GET /v2/ HTTP/1.1\r\nHost: " + b"a" * 1000:
                writer.write(bytes((letter,)))
                await asyncio.sleep(0.05)
                if reader.at_eof() or writer.is_closing():
                    break
        writer.close()

    async with asyncio.timeout(8):
        crowd = [asyncio.create_task(slow()) for _ in range(30)]
        assert (await up.ask(f"GET {world.blob_path()}", authorization=TOKEN)).body == BLOB
        await asyncio.gather(*crowd)


async def test_61_a_head_without_end_is_given_up(mirror, world):
    up = await mirror()
    for head in (
        b"GET /" + b"a" * 300_000,
        b"GET /v2/ HTTP/1.1\r\n" + b"X: y\r\n" * 50_000,
        b"\x16\x03\x01\x40\x00\x01\x7f\xff\xff" + bytes(400_000),
    ):
        answer = await up.raw(head)
        assert answer == b"" or answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))
    assert (await up.ask("GET /v2/ HTTP/1.1", **{f"x{n}": "y" for n in range(200)})).status in {400, 431}
    assert world.hub.seen == []


async def test_61_where_all_are_busy_the_next_one_is_refused_and_they_go_on(mirror, world, monkeypatch):
    monkeypatch.setattr("inspector.mirror.house.most_connections", lambda: 2)
    go_on, real = asyncio.Event(), world.storage

    async def slow(seen):
        head, mark, body = real(seen).partition(b"\r\n\r\n")
        yield head + mark + body[:1000]
        await go_on.wait()
        yield body[1000:]

    world.cdn.handle = slow
    up = await mirror()
    pulls = [asyncio.create_task(up.ask(f"GET {world.blob_path()}", authorization=TOKEN)) for _ in range(2)]
    while len(world.cdn.seen) < 2:  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0.01)
    assert (await up.ask("GET /healthz")).status == 0
    go_on.set()
    assert [(await pull).body == BLOB for pull in pulls] == [True, True]
    assert (await up.ask("GET /healthz")).status == 200
