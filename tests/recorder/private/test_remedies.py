"""Each remedy does what it is for, on mitmproxy's own classes."""

import asyncio

import h2.events
import pytest

from inspector.recorder.private import remedies
from inspector.recorder.private.remedies import PatientLock


async def test_a_cancelled_waiter_still_gets_the_lock_and_is_cancelled_at_its_next_wait() -> None:
    lock = PatientLock()
    told = []

    async def handler() -> None:
        async with lock:
            told.append("closed")  # what must not be lost
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            told.append("cancelled")
            raise

    async with lock:
        task = asyncio.create_task(handler())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told == ["closed", "cancelled"]


async def test_a_plain_lock_would_lose_it() -> None:
    lock, told = asyncio.Lock(), []

    async def handler() -> None:
        async with lock:
            told.append("closed")

    async with lock:
        task = asyncio.create_task(handler())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
    assert task.cancelled()
    assert told == []


class Sizes(list):
    """The sizes of the pieces in which a body goes through."""

    def responseheaders(self, flow) -> None:
        flow.response.stream = lambda data: (self.append(len(data)), data)[1]


async def megabytes(reader, writer) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n" + b"x" * 4_000_000)


async def test_every_handler_has_the_patient_lock_and_large_reads(proxy, serve) -> None:
    sizes = Sizes()
    port = await serve(megabytes)
    await proxy.start(f"reverse:http://127.0.0.1:{port}", addons=(sizes,))
    reader, writer = await proxy.connect()
    writer.write(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
    await reader.readexactly(4_000_000)
    (handler,) = proxy.master.addons.get("proxyserver").connections.values()
    assert isinstance(handler._server_event_lock, PatientLock)
    assert max(sizes) > remedies.READ_SMALL
    writer.close()


async def test_beyond_the_first_few_reads_are_of_whole_blocks(proxy, serve, monkeypatch) -> None:
    monkeypatch.setattr(remedies, "MOST_LARGE", 0)
    sizes = Sizes()
    port = await serve(megabytes)
    await proxy.start(f"reverse:http://127.0.0.1:{port}", addons=(sizes,))
    reader, writer = await proxy.connect()
    writer.write(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
    await reader.readexactly(4_000_000)
    assert max(sizes) == 65_536  # one less would leave one over each time
    writer.close()


async def test_what_was_read_at_once_goes_out_in_one_write(proxy, serve, monkeypatch) -> None:
    written: list[int] = []
    write = asyncio.StreamWriter.write
    monkeypatch.setattr(
        asyncio.StreamWriter, "write", lambda self, data: (written.append(len(data)), write(self, data))[1]
    )
    sizes = Sizes()
    port = await serve(megabytes, tls=True)
    await proxy.start("regular", addons=(sizes,))
    reader, writer = await proxy.tunnel(port)
    written.clear()
    writer.write(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(4_000_000)
    assert head.startswith(b"HTTP/1.1 200")
    pieces = [size for size in written if 1000 < size < 4_000_000]  # the rest is heads, and the origin's own
    assert max(sizes) > remedies.SEND_STOCK
    assert len(pieces) <= len(sizes) + 1
    writer.close()


async def test_streams_that_wait_for_a_free_one_end_with_the_connection(proxy, serve, http2) -> None:
    async def origin(reader, writer) -> None:
        side = http2(reader, writer, client=False)
        side.conn.update_settings({3: 1})  # MAX_CONCURRENT_STREAMS
        side.flush()
        await side.until(lambda e: isinstance(e, h2.events.RequestReceived))
        await asyncio.sleep(0.2)
        writer.transport.abort()

    port = await serve(origin, tls=True, alpn="h2")
    await proxy.start("regular")
    client = http2(*await proxy.tunnel(port, "h2"), client=True)
    streams = {client.request(f"/v2/{n}") for n in range(14)}  # 10 is the limit before the server's settings
    ended: set[int] = set()

    def over(event: object) -> bool:
        if isinstance(event, h2.events.StreamEnded | h2.events.StreamReset):
            ended.add(event.stream_id)
        return ended >= streams

    assert await asyncio.wait_for(client.until(over), 10)
    client.writer.close()


async def test_an_error_for_head_over_http2_has_no_data(proxy, http2, serve) -> None:
    async def origin(reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    port = await serve(origin, tls=True)
    await proxy.start("regular", connection_strategy="lazy")
    client = http2(*await proxy.tunnel(port, "h2"), client=True)
    stream = client.request("/v2/x/y/manifests/latest", method="HEAD")
    assert isinstance(await client.end_of(stream), h2.events.StreamEnded)
    (answer,) = [e for e in client.events if isinstance(e, h2.events.ResponseReceived)]
    assert dict(answer.headers)[":status"] == "502"
    assert not any(isinstance(e, h2.events.DataReceived) for e in client.events)
    stream = client.request("/v2/x/y/manifests/latest")  # and the connection lives on; GET is told why
    await client.end_of(stream)
    assert b"502" in client.body(stream)
    client.writer.close()


async def test_mitmproxys_own_addons_are_asked_only_for_hooks_that_they_have(proxy, monkeypatch) -> None:
    await proxy.start("reverse:http://127.0.0.1:9", connection_strategy="lazy")
    asked = []
    manager = type(proxy.master.addons)
    original = manager.invoke_addon

    async def invoke_addon(self, addon, event) -> None:
        asked.append((type(addon).__name__, event.name))
        await original(self, addon, event)

    monkeypatch.setattr(manager, "invoke_addon", invoke_addon)
    await proxy.get("/v2/")
    names = {name for name, event in asked if event == "requestheaders"}
    assert {"Record", "ScriptLoader"} <= names  # ours, and whatever scripts there are
    assert "TlsConfig" not in names
    assert ("Save", "error") in asked
