"""Bodies of refused requests are thrown away, and a connection can be closed: with a real mitmproxy on loopback."""

import asyncio
import contextlib

import pytest
from mitmproxy import http, options
from mitmproxy.tools.dump import DumpMaster

from inspector.recorder.private import guests


class Refusing:
    """Answers every request at its head, or, ``late``, when it is whole."""

    def __init__(self):
        self.flows = []
        self.clients = []
        self.late = False

    def client_connected(self, client):
        self.clients.append(client)

    def requestheaders(self, flow):
        self.flows.append(flow)
        if not self.late:
            flow.response = http.Response.make(405, b"no")

    def request(self, flow):
        if self.late:
            flow.response = http.Response.make(200, b"%d" % len(flow.request.raw_content))


@pytest.fixture
async def proxy(tmp_path):
    assert guests.install() == []
    made = options.Options(confdir=str(tmp_path), listen_host="127.0.0.1", listen_port=0)
    master = DumpMaster(made, with_termlog=False, with_dumper=False)
    refusing = Refusing()
    master.addons.add(refusing)
    made.update(mode=["reverse:http://127.0.0.1:1"], connection_strategy="lazy")
    task = asyncio.create_task(master.run())
    while not (addresses := master.addons.get("proxyserver").listen_addrs()):  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0.01)
    yield master, refusing, addresses[0][1]
    master.shutdown()
    await task
    for instance in list(master.addons.get("proxyserver").servers):
        await instance.stop()


async def upload(port, body, length=None):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: {length or len(body)}\r\n\r\n".encode())
    try:
        writer.write(body)
        await writer.drain()
        async with asyncio.timeout(10):
            return await reader.read(100)
    except ConnectionError:
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_the_body_of_a_refused_request_is_not_kept_and_the_client_sees_the_answer(proxy):
    _, refusing, port = proxy
    assert (await upload(port, bytes(3_000_000))).startswith(b"HTTP/1.1 405 ")
    assert refusing.flows[0].request.raw_content == b""


async def test_one_that_does_not_end_is_not_read_for_ever(proxy, monkeypatch):
    monkeypatch.setattr(guests, "MOST_DISCARDED", 100_000)
    _, _, port = proxy
    assert await upload(port, bytes(3_000_000), length=10**12) == b""


@pytest.mark.parametrize(("size", "taken"), [(60_000, True), (3_000_000, False)])
async def test_of_a_request_that_is_not_refused_a_little_is_taken(proxy, size, taken):
    _, refusing, port = proxy
    refusing.late = True
    answer = await upload(port, bytes(size))
    assert answer.endswith(b"60000") if taken else answer == b""


async def test_a_connection_is_closed_whatever_it_does(proxy):
    master, refusing, port = proxy
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHo")
    while not refusing.clients:  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0.01)
    guests.close(master, refusing.clients[0])
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
    writer.close()


def test_it_is_installed_once():
    guests.install()
    assert guests.install() == []
