"""A peer that holds its HTTP/2 window stops the source instead of filling the memory, and nothing locks up."""

import asyncio
import contextlib

import h2.events
import pytest

from inspector.recorder.private import backpressure

MIB = 1 << 20
BLOB = f"/v2/x/y/blobs/sha256:{'0' * 64}"
SOCKETS = 12 * MIB  # what the kernel's buffers on two loopback connections may hold


class Source:
    """An HTTP/1.1 origin with a body of ``size`` bytes; ``sent`` counts what the sockets took."""

    def __init__(self, size: int) -> None:
        self.size, self.sent = size, 0

    async def __call__(self, reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {self.size}\r\n\r\n".encode())
        while self.sent < self.size:
            writer.write(b"x" * min(65536, self.size - self.sent))
            await writer.drain()
            self.sent += 65536
        await reader.read()


async def still(count) -> int:
    """The count once it has stopped to grow."""
    before = -1
    while count() != before:
        before = count()
        await asyncio.sleep(0.3)
    return before


async def read_frames(client) -> None:
    """Read whatever comes and open no window: as Go's client does while its reader is slow."""
    await client.until(lambda _: False, open_window=False)


@pytest.fixture(name="held")
async def _held(proxy, serve, http2):
    """(client, stream, source): a transfer of 64 MiB that stands because the client opens no window."""
    source = Source(64 * MIB)
    port = await serve(source, tls=True)
    await proxy.start("regular", connection_strategy="lazy")
    client = http2(*await proxy.tunnel(port, "h2"), client=True)
    stream = client.request(BLOB)
    reading = asyncio.create_task(read_frames(client))
    await still(lambda: source.sent)
    reading.cancel()
    await asyncio.wait([reading])
    yield client, stream, source
    client.writer.close()


async def test_the_source_waits_while_the_client_holds_its_window(held) -> None:
    _, _, source = held
    assert 0 < source.sent < backpressure.BOUND + SOCKETS


async def test_once_the_window_opens_everything_arrives(held) -> None:
    client, stream, source = held
    client.conn.increment_flow_control_window(2**31 - 1 - client.conn.inbound_flow_control_window)
    client.conn.increment_flow_control_window(2**31 - 1 - 65535, stream)
    client.flush()
    end = await client.end_of(stream)
    assert isinstance(end, h2.events.StreamEnded)
    assert len(client.body(stream)) == source.size


async def test_a_client_that_goes_ends_the_waiting(held, proxy) -> None:
    client, _, _ = held
    client.writer.transport.abort()
    for _ in range(400):
        if not proxy.master.addons.get("proxyserver").connections:
            break
        await asyncio.sleep(0.01)
    assert not proxy.master.addons.get("proxyserver").connections


async def test_another_stream_of_the_same_http2_upstream_does_not_hang(proxy, serve, http2) -> None:
    large = 14 * MIB

    async def origin(reader, writer) -> None:
        side = http2(reader, writer, client=False)

        async def send(stream: int, size: int) -> None:
            with contextlib.suppress(ConnectionError):
                await send_all(stream, size)

        async def send_all(stream: int, size: int) -> None:
            side.conn.send_headers(stream, [(":status", "200"), ("content-length", str(size))])
            while size:
                piece = min(size, 16384, side.conn.local_flow_control_window(stream))
                if piece <= 0:
                    await asyncio.sleep(0.01)
                    continue
                side.conn.send_data(stream, b"x" * piece, end_stream=piece == size)
                side.flush()
                await writer.drain()
                size -= piece

        tasks = []
        while event := await side.until(lambda e: isinstance(e, h2.events.RequestReceived)):
            path = dict(event.headers)[":path"]
            tasks.append(asyncio.create_task(send(event.stream_id, 1000 if "small" in path else large)))

    port = await serve(origin, tls=True, alpn="h2")
    await proxy.start("regular")
    client = http2(*await proxy.tunnel(port, "h2"), client=True)
    held = client.request(BLOB)
    reading = asyncio.create_task(read_frames(client))
    await asyncio.sleep(0.5)
    reading.cancel()
    await asyncio.wait([reading])
    client.conn.increment_flow_control_window(1 * MIB)  # of the connection: the held stream's own stays shut
    small = client.request("/v2/small")
    client.flush()
    end = await asyncio.wait_for(
        client.until(
            lambda e: isinstance(e, h2.events.StreamEnded) and e.stream_id == small, open_window=False
        ),
        20,
    )
    assert end is not None
    assert len(client.body(small)) == 1000
    assert len(client.body(held)) <= 65535
    client.writer.close()
