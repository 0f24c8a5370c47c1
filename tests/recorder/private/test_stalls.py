"""An upstream that says nothing has stalled; a client that is slow has not made it so; a client that is stuck is let go."""

import asyncio

import pytest

from inspector.recorder.private.stalls import Seen, Watch

MIB = 1 << 20


@pytest.mark.parametrize(
    ("looks", "seen"),
    [
        ([(5, 10, 0), (10, 20, 0), (19, 30, 0)], Seen.MOVES),
        ([(5, 10, 0), (10, 10, 0), (15, 10, 0)], Seen.UPSTREAM_STALLED),
        ([(5, 10, 0), (10, 10, 0), (14, 10, 0)], Seen.MOVES),  # nine seconds only
        (
            [(5, 10, 7), (10, 10, 6), (15, 10, 5)],
            Seen.MOVES,
        ),  # mitmproxy may not read while the client is slow
        ([(5, 10, 7), (15, 10, 7), (16, 10, 0)], Seen.MOVES),  # counts from when it was seen slow last
        ([(5, 10, 7), (15, 10, 0), (26, 10, 0)], Seen.UPSTREAM_STALLED),
        ([(5, 10, 7), (100, 10, 7), (106, 10, 7)], Seen.CLIENT_STUCK),
        ([(5, 10, 7), (100, 10, 6), (106, 10, 6)], Seen.MOVES),  # it took a byte
        ([(5, 10, 7), (100, 11, 7), (106, 11, 7)], Seen.MOVES),  # as many came as went
        ([(10, -1, 0)], Seen.UPSTREAM_STALLED),
    ],
)
def test_what_a_look_shows(looks, seen) -> None:
    watch = Watch(stall=10, stuck=100, now=0)
    assert [watch.look(*look) for look in looks][-1] is seen


def test_a_new_wait_has_a_length_and_a_beginning_of_its_own() -> None:
    watch = Watch(stall=10, stuck=100, now=0)
    watch.look(9, 0, 0)
    watch.start(40, 9)
    assert watch.interval == 10
    assert watch.look(48, 0, 0) is Seen.MOVES
    assert watch.look(49, 0, 0) is Seen.UPSTREAM_STALLED


async def _slowly(reader, size: int, pause: float) -> int:
    count = 0
    while count < size:
        piece = await asyncio.wait_for(reader.read(MIB), 10)
        if not piece:
            break
        count += len(piece)
        await asyncio.sleep(pause)
    return count


async def test_a_slow_client_over_http1_is_no_stall(origin, guarding, proxy, serve) -> None:
    source, guard = origin(body=bytes(16 * MIB)), guarding(digest=None, stall=0.2)
    port = await serve(source.h1)
    await proxy.start(f"reverse:http://127.0.0.1:{port}", addons=(guard,), connection_strategy="lazy")
    reader, writer = await proxy.connect()
    writer.write(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(1.0)  # takes nothing for five times as long as a stall
    assert await _slowly(reader, 16 * MIB, 0.01) == 16 * MIB
    assert (guard.asked, guard.failed) == ([], None)
    writer.close()


@pytest.mark.parametrize("upstream", ["h1", "h2"])
async def test_a_client_that_holds_its_http2_window_is_no_stall(
    origin, guarding, proxy, serve, http2, upstream
) -> None:
    source, guard = origin(), guarding(stall=0.2)
    guard.alpn = (b"h2",) if upstream == "h2" else ()
    port = await serve(getattr(source, upstream), tls=True, alpn=upstream if upstream == "h2" else None)
    await proxy.start("regular", addons=(guard,), connection_strategy="lazy")
    client = http2(*await proxy.tunnel(port, "h2"), client=True)
    stream = client.request("/v2/x")
    source.faults.append(("stall", 300_000))
    reading = asyncio.create_task(client.until(lambda _: False, open_window=False))
    await asyncio.sleep(1.0)
    reading.cancel()
    await asyncio.wait([reading])
    assert guard.asked == []  # upstream is quiet, and the client slow: nobody can tell
    client.conn.increment_flow_control_window(2**30)
    client.conn.increment_flow_control_window(2**30, stream)
    client.flush()
    await asyncio.wait_for(client.end_of(stream), 10)
    assert client.body(stream) == source.body
    assert [why for _, why, _ in guard.asked] == ["nothing came for 0.2 seconds"]
    client.writer.close()


async def test_a_client_that_takes_nothing_for_the_timeout_is_let_go(origin, guarding, proxy, serve) -> None:
    """The watch's own timer resets mitmproxy's timeout, so it has to stand in for it."""
    source, guard = origin(body=bytes(16 * MIB)), guarding(digest=None, stall=0.4)
    port = await serve(source.h1)
    await proxy.start(
        f"reverse:http://127.0.0.1:{port}", addons=(guard,), connection_strategy="lazy", tcp_timeout=1
    )
    _, writer = await proxy.connect()
    writer.write(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
    for _ in range(300):
        if guard.failed:
            break
        await asyncio.sleep(0.01)
    assert "the client takes nothing" in guard.failed
    writer.close()


async def test_no_watch_when_it_is_turned_off(origin, guarding, proxy, serve) -> None:
    source, guard = origin(faults=[("stall", 1000)]), guarding(stall=0)
    port = await serve(source.h1)
    await proxy.start(f"reverse:http://127.0.0.1:{port}", addons=(guard,), connection_strategy="lazy")
    _, writer = await proxy.connect()
    writer.write(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
    await asyncio.sleep(0.4)
    (handler,) = proxy.master.addons.get("proxyserver").connections.values()
    assert (guard.asked, len(handler.wakeup_timer)) == ([], 0)
    writer.close()


async def test_a_timer_that_is_left_keeps_no_stream(origin, guarding, fetch, proxy) -> None:
    import gc
    import weakref

    source, guard = origin(), guarding(stall=60)
    assert (await fetch(source, guard)).clean
    flow = weakref.ref(guard.flows.pop())
    for _ in range(200):
        gc.collect()
        if flow() is None:
            break
        await asyncio.sleep(0.01)
    assert flow() is None


async def test_a_connection_that_is_over_is_let_go(origin, guarding, proxy, serve) -> None:
    import gc
    import weakref

    source, guard = origin(), guarding(stall=60)
    port = await serve(source.h1)
    await proxy.start(f"reverse:http://127.0.0.1:{port}", addons=(guard,), connection_strategy="lazy")
    reader, writer = await proxy.connect()
    writer.write(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(len(source.body))
    (handler,) = map(weakref.ref, proxy.master.addons.get("proxyserver").connections.values())
    writer.close()
    guard.flows.clear()
    for _ in range(100):
        gc.collect()
        if handler() is None:
            break
        await asyncio.sleep(0.01)
    assert handler() is None
