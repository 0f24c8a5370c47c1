"""Streams by judged addresses: the first that accepts, soon."""

import asyncio
import socket
import ssl
from weakref import WeakSet

import pytest

from inspector.mirror.io import connect
from inspector.mirror.model import Credentials, Failure, Proxy, Secret, Trouble


@pytest.fixture(name="hole")
def _hole():
    """hole(host) -> port that never accepts: its queue is full, so SYNs are dropped, as a black hole drops them."""
    kept: list[socket.socket] = []

    def hole(host: str) -> int:
        listener = socket.socket()
        listener.bind((host, 0))
        listener.listen(0)
        kept.append(listener)
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            kept.append(filler)
        return listener.getsockname()[1]

    yield hole
    for each in kept:
        each.close()


async def echo(reader, writer):
    writer.write(await reader.readexactly(1))
    await writer.drain()


async def test_D44_a_black_hole_delays_and_does_not_decide(hole, listen):
    port = hole("127.0.0.1")
    await listen(echo, host="127.0.0.2", port=port)
    async with asyncio.timeout(2):
        _, writer = await connect.open_stream("hub.example", port, ["127.0.0.1", "127.0.0.2"])
    assert writer.get_extra_info("peername")[0] == "127.0.0.2"
    connect.close(writer)


async def test_D44_the_next_address_is_tried_while_the_first_still_hangs(hole, listen, monkeypatch):
    monkeypatch.setattr(connect, "EACH", 3600.0)
    port = hole("127.0.0.1")
    await listen(echo, host="127.0.0.2", port=port)
    async with asyncio.timeout(2):
        _, writer = await connect.open_stream("hub.example", port, ["127.0.0.1", "127.0.0.2"], each=3600)
    connect.close(writer)


async def test_a_refused_address_makes_way_at_once(listen):
    port = await listen(echo, host="127.0.0.2")
    reader, writer = await connect.open_stream("hub.example", port, ["127.0.0.1", "127.0.0.2"])
    writer.write(b"x")
    assert await reader.read() == b"x"
    connect.close(writer)


async def test_refused_everywhere_says_so_without_addresses(listen):
    port = await listen(echo, host="127.0.0.9")
    with pytest.raises(Failure) as failed:
        await connect.open_stream("hub.example", port, ["127.0.0.1", "127.0.0.2"])
    assert (failed.value.trouble, str(failed.value)) == (Trouble.CONNECT, "hub.example: connection refused")


async def test_nobody_accepts_in_time(hole):
    with pytest.raises(Failure) as failed:
        await connect.open_stream("hub.example", hole("127.0.0.1"), ["127.0.0.1"], each=0.05)
    assert failed.value.trouble is Trouble.TIMEOUT


async def test_no_addresses_is_no_lookup():
    with pytest.raises(Failure):
        await connect.open_stream("localhost", 80, [])


async def test_given_up_while_it_connects_nothing_is_left_open(hole):
    port = hole("127.0.0.1")
    task = asyncio.create_task(connect.open_stream("hub.example", port, ["127.0.0.1"] * 3, each=3600))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    left = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
    await asyncio.gather(*left, return_exceptions=True)
    assert all(t.cancelled() for t in left)


async def test_a_proxy_that_is_not_there_is_named(listen):
    port = await listen(echo, host="127.0.0.9")
    proxy = Proxy(scheme="socks5", host="127.0.0.1", port=port)
    with pytest.raises(Failure) as failed:
        await connect.open_stream("hub.example", 443, [], proxy)
    assert failed.value.trouble is Trouble.PROXY
    assert str(failed.value) == "127.0.0.1: the proxy is not reached: connection refused"


async def test_a_proxy_that_hangs_is_given_up(listen, monkeypatch):
    monkeypatch.setattr(connect.tunnel, "PATIENCE", 0.05)
    proxy = Proxy(scheme="http", host="127.0.0.1", port=await listen(lambda r, _: r.read()))
    with pytest.raises(Failure, match="did not answer in time"):
        await connect.open_stream("hub.example", 443, [], proxy)


async def test_an_https_proxy_is_checked_and_gets_nothing_before(authority, listen, monkeypatch):
    got = []

    async def handle(reader, _writer):
        got.append(await reader.read(100))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    login = Credentials(username="ada", password=Secret("word"))
    proxy = Proxy(scheme="https", host="127.0.0.1", port=await listen(handle, tls=context), credentials=login)
    with pytest.raises(Failure) as failed:  # certifi knows no CA of this test's
        await connect.open_stream("hub.example", 443, [], proxy)
    assert failed.value.trouble is Trouble.PROXY
    assert "its certificate is not accepted" in failed.value.sentence
    assert b"".join(got) == b""


async def test_of_many_connections_only_the_first_take_much_at_once(listen, monkeypatch):
    monkeypatch.setattr(connect, "_open", WeakSet())
    port = await listen(echo)
    held = [await connect.open_stream("a", port, ["127.0.0.1"]) for _ in range(connect.MOST_LARGE + 1)]
    sizes = [writer.transport.max_size for _, writer in held]
    for _, writer in held:
        connect.close(writer)
    assert sizes[-1] == connect.SMALL_READ
    assert min(sizes[:-1]) > connect.SMALL_READ
