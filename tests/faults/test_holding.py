"""While an answer is held back its server is not read: what comes does not pile up in memory."""

import asyncio
import contextlib

import pytest

SIZE = 64 << 20
SLACK = 16 << 20  # what sockets, their buffers and mitmproxy's reads may hold between the two ends
PATH = "/v2/a/blobs/sha256:" + "0" * 64


class Fountain:
    """Sends as much as it is let. ``sent`` is what it got rid of."""

    def __init__(self):
        self.sent = 0

    async def serve(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n".encode())
            while self.sent < SIZE:
                writer.write(b"x" * 65536)
                await writer.drain()
                self.sent += 65536
        writer.close()


@pytest.mark.parametrize("fault", ["stalled", "slow"])
async def test_a_held_body_is_left_where_it_is(world, fault):
    world.order(fault, fault_after="1000")
    fountain = Fountain()
    server = await asyncio.start_server(fountain.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection(*world.address)
    writer.write(f"GET http://127.0.0.1:{port}{PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in head.split(b"\r\n")[0]
    await reader.readexactly(1000)
    before = -1
    while before != fountain.sent:  # until it is stuck, as it would not be if somebody went on reading
        before = fountain.sent
        await asyncio.sleep(0.3)
    assert fountain.sent < SLACK
    writer.close()
    await writer.wait_closed()
    server.close()
    world.came(None)
