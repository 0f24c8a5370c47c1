"""An answer that is left leaves nothing behind: no event for the next try, no stream, no memory."""

import asyncio
import gc

import h2.events
import pytest
from mitmproxy.proxy.layers.http._http2 import Http2Client

SIZE = 409_600


@pytest.mark.parametrize("client", ["h1", "h2"])
@pytest.mark.parametrize("upstream", ["h1", "h2"])
async def test_nothing_of_a_left_answer_gets_into_the_next(origin, guarding, fetch, client, upstream) -> None:
    """The refusal's body is still coming while the next request is under way."""
    source = origin(faults=[("fin", 100_000)])
    noise = b"!" * 200_000

    def alter(n, status, headers, body):
        return (503, {"content-length": str(len(noise))}, noise) if n in {2, 3} else (status, headers, body)

    source.alter = alter
    guard = guarding()
    got = await fetch(source, guard, client=client, upstream=upstream)
    assert (got.status, got.clean, got.body == source.body) == (200, True, True)
    assert guard.noted() == [(100_000, 503), (100_000, 503), (100_000, 206)]


@pytest.mark.parametrize("upstream", ["h1", "h2"])
async def test_a_refusal_without_end_does_not_fill_the_memory(origin, guarding, fetch, upstream) -> None:
    """While it is asked where to go on, nobody holds upstream back."""
    sent = []

    async def endless(reader, writer) -> None:
        if sent:
            await source.h1(reader, writer)
            return
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 X\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent.append(65536)

    async def endless_h2(reader, writer) -> None:
        side = source.http2(reader, writer, client=False)
        event = await side.until(lambda e: isinstance(e, h2.events.RequestReceived))
        if sent:
            side.conn.send_headers(event.stream_id, [(":status", "404")], end_stream=True)
            side.flush()
            await side.until(lambda _: False)
        side.conn.send_headers(event.stream_id, [(":status", "503")])
        reading = asyncio.create_task(
            side.until(lambda e: isinstance(e, h2.events.StreamReset | h2.events.RequestReceived))
        )
        while not reading.done():
            side.conn.send_data(event.stream_id, b"x" * 16384)
            side.flush()
            await writer.drain()
            sent.append(16384)
            await asyncio.sleep(0)
        event = await reading
        if isinstance(event, h2.events.StreamReset):
            event = await side.until(lambda e: isinstance(e, h2.events.RequestReceived))
        side.conn.send_headers(event.stream_id, [(":status", "404")], end_stream=True)
        side.flush()

    async def slowly(flow) -> bool:
        await asyncio.sleep(0.5)
        return True

    source, guard = origin(), guarding()
    guard.answers = [slowly]
    source.endless, source.endless_h2 = endless, endless_h2
    got = await fetch(source, guard, upstream=upstream, entry="endless" if upstream == "h1" else "endless_h2")
    assert got.status == (200 if upstream == "h1" else 404)
    assert sum(sent) < 24_000_000


async def test_an_answer_that_ended_leaves_its_connection_in_use(origin, guarding, fetch) -> None:
    def short(n, status, headers, body):
        if n == 2:
            return status, {k: v for k, v in headers.items() if k != "content-length"}, body[:10]
        return status, headers, body

    source, guard = origin(faults=[("fin", 1000)], alter=short), guarding()
    got = await fetch(source, guard)
    assert (got.body == source.body, source.connections, len(source.seen)) == (True, 2, 3)


async def test_a_left_stream_is_no_stream_of_its_connection_any_more(origin, guarding, fetch) -> None:
    """Else the connection's end would be told to the next try, which may run on the same connection."""
    known = {id(o) for o in gc.get_objects() if isinstance(o, Http2Client)}
    source, guard = origin(faults=[("reset", 1000), ("stall", 1000)]), guarding(stall=0.2)
    got = await fetch(source, guard, upstream="h2")
    assert got.body == source.body
    (speaker,) = [o for o in gc.get_objects() if isinstance(o, Http2Client) and id(o) not in known]
    assert speaker.streams == {}
    assert len(speaker.their_stream_id) == 3


async def test_a_stalled_http1_upstream_is_closed(origin, guarding, fetch, proxy) -> None:
    source, guard = origin(faults=[("stall", 1000)]), guarding(stall=0.2)
    got = await fetch(source, guard)
    assert got.body == source.body
    (handler,) = proxy.master.addons.get("proxyserver").connections.values()
    assert len(handler.transports) == 2  # the client's, and that of the rest
