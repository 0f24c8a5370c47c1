"""What makes no sense yet is kept up to a bound, on both sides, and trailers are no trouble: with a real mitmproxy on loopback."""

import asyncio
import contextlib
import struct

import pytest
from mitmproxy import options
from mitmproxy.tools.dump import DumpMaster

from inspector.recorder.private import heads

LONG = b"x" * (3 * heads.MOST)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Upstream:
    """Answers each connection's first request with ``answer`` once ``go_on`` is set."""

    def __init__(self):
        self.answer, self.go_on = OK, asyncio.Event()
        self.go_on.set()
        self.seen = 0

    async def serve(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            self.seen += 1
            await self.go_on.wait()
            writer.write(self.answer)
            await writer.drain()
            await reader.read()
        writer.close()


class Streaming:
    def responseheaders(self, flow):
        flow.response.stream = True


@pytest.fixture
async def proxy(tmp_path):
    assert heads.install() == []
    upstream = Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    made = options.Options(confdir=str(tmp_path), listen_host="127.0.0.1", listen_port=0)
    master = DumpMaster(made, with_termlog=False, with_dumper=False)
    master.addons.add(Streaming())
    target = f"reverse:http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    made.update(mode=[target], connection_strategy="lazy")
    task = asyncio.create_task(master.run())
    while not (addresses := master.addons.get("proxyserver").listen_addrs()):  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0.01)
    yield upstream, addresses[0][1]
    upstream.go_on.set()
    master.shutdown()
    await task
    for instance in list(master.addons.get("proxyserver").servers):
        await instance.stop()
    server.close()


async def said(port, *parts):
    """What comes back until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = b""
    try:
        async with asyncio.timeout(10):
            for part in parts:
                writer.write(part)
                await writer.drain()
            while piece := await reader.read(65536):
                got += piece
    except ConnectionError:
        pass
    finally:
        writer.close()
    return got


ASK = b"GET / HTTP/1.1\r\nHost: x\r\n"


async def test_a_clients_head_without_end_is_given_up(proxy):
    upstream, port = proxy
    answer = await said(port, ASK + b"X: " + LONG)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")
    assert (await said(port, ASK + b"X: " + LONG[:100] + b"\r\nConnection: close\r\n\r\n")).endswith(b"ok")
    assert upstream.seen == 1


async def test_a_client_that_talks_on_while_it_is_answered_is_given_up(proxy):
    upstream, port = proxy
    upstream.go_on.clear()
    assert await said(port, ASK + b"\r\n", LONG, LONG) == b""


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 OK\r\nX: " + LONG, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + LONG],
)
async def test_an_upstreams_head_or_chunk_without_end_is_given_up(proxy, answer):
    upstream, port = proxy
    upstream.answer = answer
    got = await said(port, ASK + b"\r\n")
    assert got.startswith(b"HTTP/1.1 502 ") or b"Transfer-Encoding" in got
    assert b"xxxx" not in got
    assert not got.endswith(b"0\r\n\r\n")


async def test_a_client_hello_without_end_is_given_up(proxy):
    _, port = proxy
    record = b"\x16\x03\x01" + struct.pack("!H", 16000)
    hello = b"\x01" + (1 << 23).to_bytes(3) + bytes(15996)
    assert await said(port, record + hello, *[record + bytes(16000)] * 40) == b""


async def test_trailers_are_dropped(proxy):
    upstream, port = proxy
    upstream.answer = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Digest: y\r\n\r\n"
    )
    got = await said(port, ASK + b"Connection: close\r\n\r\n")
    assert got.endswith(b"2\r\nok\r\n0\r\n\r\n")


def test_it_is_installed_once():
    heads.install()
    assert heads.install() == []
