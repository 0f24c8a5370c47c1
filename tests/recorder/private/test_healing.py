"""What breaks off upstream goes on in the same answer, and what cannot go on ends in a broken transfer."""

import asyncio

import pytest
from mitmproxy import http

from inspector.sources.metadata import unpack

CUTS = [
    ("h1", "fin"),
    ("h1", "rst"),
    ("h2", "fin"),
    ("h2", "rst"),
    ("h2", "reset"),
    ("h2", "goaway"),
    ("h2", "end"),
]
SIZE = 409_600


@pytest.mark.parametrize("client", ["h1", "h2"])
@pytest.mark.parametrize(("upstream", "kind"), CUTS)
async def test_a_body_that_is_cut_three_times_arrives_whole(
    origin, guarding, fetch, proxy, client, upstream, kind
) -> None:
    source = origin(faults=[(kind, 100_000), (kind, 50_000), (kind, 70_001)])
    guard = guarding()
    got = await fetch(source, guard, client=client, upstream=upstream)
    assert (got.status, got.clean, len(got.body)) == (200, True, SIZE)
    assert got.body == source.body
    assert [n for n, _, _ in guard.asked] == [1, 2, 3]
    assert "range" not in source.seen[0]
    assert [s for _, s in guard.noted()] == [206, 206, 206]
    assert sum(guard.sizes) == SIZE  # a callable sees each byte once
    assert guard.failed is None
    await proxy.stop()
    (flow,) = (f for f in proxy.flows() if isinstance(f, http.HTTPFlow) and f.request.method == "GET")
    facts = unpack(flow.metadata)
    assert flow.error is None
    assert (facts.response.size, facts.response.complete, f"sha256:{facts.response.sha256}") == (
        SIZE,
        True,
        guard.options["digest"],
    )


@pytest.mark.parametrize("client", ["h1", "h2"])
@pytest.mark.parametrize("upstream", ["h1", "h2"])
async def test_a_stall_counts_as_a_cut(origin, guarding, fetch, client, upstream) -> None:
    source = origin(faults=[("stall", 100_000), ("stall", 100_000)])
    guard = guarding(stall=0.15)
    got = await fetch(source, guard, client=client, upstream=upstream)
    assert (got.clean, got.body == source.body) == (True, True)
    assert [why for _, why, _ in guard.asked] == ["nothing came for 0.15 seconds"] * 2
    assert guard.noted() == [(100_000, 206), (200_000, 206)]


async def test_an_upstream_that_never_answers_is_asked_again(origin, guarding, fetch) -> None:
    source = origin()
    real = source.h1

    async def mute(reader, writer) -> None:
        source.h1 = real
        await reader.read()

    async def handle(reader, writer) -> None:
        await source.h1(reader, writer)

    source.h1, source.handle = mute, handle
    guard = guarding(stall=0.05)
    got = await fetch(source, guard, entry="handle")
    assert got.body == source.body
    assert guard.asked == [(1, "nothing came for 0.2 seconds", None)]


@pytest.mark.parametrize(
    ("asked", "first", "last"), [("bytes=1000-", 1000, SIZE - 1), ("bytes=500-300000", 500, 300_000)]
)
async def test_a_range_of_the_clients_is_healed_within_itself(
    origin, guarding, fetch, asked, first, last
) -> None:
    source = origin(faults=[("fin", 100_000)] * 3)
    if last < SIZE - 1:
        source.faults.pop()
    guard = guarding()
    got = await fetch(source, guard, headers=f"Range: {asked}\r\n")
    assert (got.status, got.clean) == (206, True)
    assert got.body == source.body[first : last + 1]
    assert source.seen[1]["range"] == f"bytes={first + 100_000}-{last}"
    assert source.seen[1]["if-range"] == '"a"'


async def test_where_range_is_ignored_what_is_there_already_is_passed_over(origin, guarding, fetch) -> None:
    source = origin(faults=[("fin", 150_000), ("fin", 200_000)], ranges=False)
    guard = guarding()
    got = await fetch(source, guard)
    assert (got.clean, got.body == source.body, sum(guard.sizes)) == (True, True, SIZE)
    assert guard.noted() == [(150_000, 200), (200_000, 200)]


@pytest.mark.parametrize("client", ["h1", "h2"])
@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"etags": ['"a"', '"b"'], "ranges": False}, "another ETag"),
        ({"etags": ['"a"', '"b"']}, "another ETag"),
        (
            {"alter": lambda n, s, h, b: (s, h | {"content-range": "bytes 0-9/409600"} if n > 1 else h, b)},
            "another part",
        ),
        (
            {"alter": lambda n, s, h, b: (s, h | {"content-encoding": "gzip"} if n > 1 else h, b)},
            "Content-Encoding",
        ),
        ({"alter": lambda n, s, h, b: (204, {}, b"") if n > 1 else (s, h, b)}, "status 204"),
    ],
)
async def test_what_is_not_the_rest_is_not_taken(origin, guarding, fetch, client, words, why) -> None:
    source = origin(faults=[("fin", 100_000)], **words)
    guard = guarding()
    got = await fetch(source, guard, client=client)
    assert not got.clean
    assert len(got.body) < SIZE
    assert source.body.startswith(got.body)
    await _until(lambda: guard.failed)
    assert why in guard.failed
    assert "at byte 100000 of 409600" in guard.failed


async def _until(true) -> None:
    for _ in range(300):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError


async def test_a_body_of_unknown_length_is_not_healed_and_seen_as_broken(origin, guarding, fetch) -> None:
    source = origin(faults=[("fin", 100_000)], length=False)
    guard = guarding()
    got = await fetch(source, guard)
    assert (got.clean, guard.asked) == (False, [])


async def test_when_the_tries_are_used_up_the_client_sees_the_cut(origin, guarding, fetch) -> None:
    source = origin(faults=[("fin", 1000)] * 9)
    guard = guarding(tries=2)
    got = await fetch(source, guard)
    assert (got.clean, len(source.seen)) == (False, 3)
    await _until(lambda: guard.failed)
    assert guard.noted() == [(1000, 206), (2000, 206)]


async def test_the_one_who_is_asked_can_give_up(origin, guarding, fetch) -> None:
    source, guard = origin(faults=[("fin", 1000)]), guarding()
    guard.answers = [False]
    got = await fetch(source, guard)
    assert (got.clean, len(source.seen)) == (False, 1)


async def test_a_failing_question_gives_up_and_does_not_hang(origin, guarding, fetch) -> None:
    async def fails(flow) -> bool:
        raise RuntimeError

    source, guard = origin(faults=[("fin", 1000)]), guarding()
    guard.answers = [fails]
    got = await fetch(source, guard)
    assert (got.clean, len(source.seen)) == (False, 1)


@pytest.mark.parametrize("client", ["h1", "h2"])
@pytest.mark.parametrize("upstream", ["h1", "h2"])
async def test_an_expired_url_is_replaced_and_the_rest_comes_from_there(
    origin, guarding, fetch, client, upstream
) -> None:
    async def renew(flow) -> bool:
        assert flow.response.status_code == 403
        flow.request.path = "/v2/x/blobs/y?signature=new"
        return True

    source, guard = origin(faults=[("fin", 100_000), (403, {})]), guarding()
    guard.answers = [True, renew]
    got = await fetch(source, guard, client=client, upstream=upstream)
    assert (got.status, got.clean, got.body == source.body) == (200, True, True)
    assert [(n, s) for n, _, s in guard.asked] == [(1, None), (2, 403)]
    assert "signature=new" in (source.seen[-1].get("line") or source.seen[-1][":path"])
    assert guard.flows[0].response.status_code == 200
    assert guard.noted() == [(100_000, 403), (100_000, 206)]


@pytest.mark.parametrize("client", ["h1", "h2"])
@pytest.mark.parametrize("upstream", ["h1", "h2"])
async def test_redirects_are_followed_before_the_client_hears_of_them(
    origin, guarding, fetch, client, upstream
) -> None:
    async def follow(flow) -> bool:
        flow.request.path = flow.response.headers["location"]
        return True

    source = origin(
        faults=[
            (307, {"location": "/there"}),
            (302, {"location": "/over"}),
            ("fin", 1000),
            (307, {"location": "/end"}),
        ]
    )
    guard = guarding(tries=1)
    guard.answers = [follow, follow, True, follow]
    got = await fetch(source, guard, client=client, upstream=upstream)
    assert (got.status, got.clean, got.body == source.body) == (200, True, True)
    assert [why for _, why, _ in guard.asked if why.startswith("status")] == [
        "status 307",
        "status 302",
        "status 307",
    ]
    assert "/end" in (source.seen[-1].get("line") or source.seen[-1][":path"])


async def test_redirects_that_never_end_are_let_through_in_the_end(origin, guarding, fetch) -> None:
    source, guard = origin(faults=[(307, {"location": "/x"})] * 30), guarding()
    got = await fetch(source, guard)
    assert (got.status, len(source.seen)) == (307, 11)


@pytest.mark.parametrize("status", [403, 429, 500, 503])
async def test_a_refusal_is_asked_about_and_goes_through_when_nothing_better_is_known(
    origin, guarding, fetch, status
) -> None:
    source, guard = origin(faults=[(status, {})]), guarding()
    guard.answers = [False]
    got = await fetch(source, guard)
    assert (got.status, got.body, got.clean) == (status, b"error", True)
    assert guard.asked == [(1, f"status {status}", status)]


async def test_a_503_once_is_not_seen_by_the_client(origin, guarding, fetch) -> None:
    source, guard = origin(faults=[(503, {})]), guarding()
    got = await fetch(source, guard)
    assert (got.status, got.body == source.body) == (200, True)


async def test_a_404_is_nobodys_question(origin, guarding, fetch) -> None:
    source, guard = origin(faults=[(404, {})]), guarding()
    got = await fetch(source, guard)
    assert (got.status, got.body, guard.asked) == (404, b"error", [])


@pytest.mark.parametrize("client", ["h1", "h2"])
@pytest.mark.parametrize("fault", [(503, {}), ("rst", 0), ("fin", None)])
async def test_an_answer_of_ones_own_takes_the_place_of_what_did_not_come(
    origin, guarding, fetch, client, fault
) -> None:
    async def answer(flow) -> bool:
        flow.response = http.Response.make(502, b'{"errors": []}', {"content-type": "application/json"})
        return False

    source, guard = origin(faults=[fault]), guarding()
    if fault[1] is None:

        async def closes(reader, writer) -> None:
            await reader.readuntil(b"\r\n\r\n")

        source.h1 = closes
    elif fault[0] == "rst":
        source.alter = lambda *_: 1 / 0
        source.h1 = _resets
    guard.answers = [answer]
    got = await fetch(source, guard, client=client)
    assert (got.status, got.body, got.clean) == (502, b'{"errors": []}', True)


async def _resets(reader, writer) -> None:
    writer.transport.abort()


async def test_a_connection_that_fails_is_tried_again_on_another(origin, guarding, fetch, serve) -> None:
    async def elsewhere(flow) -> bool:
        flow.request.port = good
        return True

    source, guard = origin(), guarding()
    good = await serve(source.h1)

    guard.answers = [elsewhere]
    closed = origin()
    closed.h1 = _resets
    guard.request = _to_port_9(guard)
    got = await fetch(closed, guard)
    assert (got.status, got.body == source.body) == (200, True)
    assert guard.asked[0][2] is None


def _to_port_9(guard):
    original = guard.request

    def request(flow) -> None:
        flow.request.port = 9
        original(flow)

    return request


async def test_a_connection_that_failed_once_is_dialled_again(origin, guarding, fetch) -> None:
    """mitmproxy itself remembers a failed connection for as long as the client's lasts."""
    guard, source = guarding(), origin()
    listening = []

    async def repaired(flow) -> bool:
        listening.append(await asyncio.start_server(source.h1, "127.0.0.1", guard.flows[0].request.port))
        return True

    guard.answers = [True, repaired]
    original = guard.request

    def request(flow) -> None:
        flow.request.port = dead
        original(flow)

    guard.request = request
    probe = await asyncio.start_server(source.h1, "127.0.0.1", 0)
    dead = probe.sockets[0].getsockname()[1]
    probe.close()
    await probe.wait_closed()
    got = await fetch(source, guard)
    assert (got.status, got.body == source.body, [n for n, _, _ in guard.asked]) == (200, True, [1, 2])
    for server in listening:
        server.close()


async def test_surplus_of_a_rest_never_reaches_the_client(origin, guarding, fetch) -> None:
    def longer(n, status, headers, body):
        if n == 1:
            return status, headers, body
        return (
            status,
            {k: v for k, v in headers.items() if k != "content-length"},
            body + b"HTTP/1.1 200 OK\r\n",
        )

    source, guard = origin(faults=[("fin", 100_000)], alter=longer), guarding()
    got = await fetch(source, guard)
    assert not got.clean or got.body == source.body
    assert source.body.startswith(got.body)
    await _until(lambda: guard.failed)
    assert "more than it had said" in guard.failed


async def test_a_rest_that_is_too_short_is_a_cut_too(origin, guarding, fetch) -> None:
    def shorter(n, status, headers, body):
        if n != 2:
            return status, headers, body
        return status, {k: v for k, v in headers.items() if k != "content-length"}, body[:5000]

    source, guard = origin(faults=[("fin", 100_000)], alter=shorter), guarding()
    got = await fetch(source, guard)
    assert (got.clean, got.body == source.body) == (True, True)
    assert guard.noted() == [(100_000, 206), (105_000, 206)]


@pytest.mark.parametrize(
    "fault", [("fin", 1000), (503, {}), None], ids=["a cut", "a refusal with a body", "no connection"]
)
async def test_a_client_that_goes_away_ends_the_trying(origin, guarding, fetch, proxy, serve, fault) -> None:
    gone = asyncio.Event()

    async def wait(flow) -> bool:
        writer.transport.abort()
        await asyncio.sleep(0.1)
        gone.set()
        return True

    source, guard = origin(faults=[fault]), guarding()
    guard.answers = [wait]
    port = await serve(source.h1) if fault else 9
    await proxy.start(f"reverse:http://127.0.0.1:{port}", addons=(guard,), connection_strategy="lazy")
    _, writer = await proxy.connect()
    writer.write(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
    await asyncio.wait_for(gone.wait(), 5)
    await _until(lambda: guard.failed)
    assert "disconnect" in guard.failed
    assert len(source.seen) == (1 if fault else 0)
    await _until(lambda: not proxy.master.addons.get("proxyserver").connections)


async def test_a_connection_serves_on_after_a_healed_answer(origin, guarding, proxy, serve) -> None:
    source, guard = origin(faults=[("fin", 1000), None, ("stall", 10), None]), guarding(stall=0.2)
    port = await serve(source.h1)
    await proxy.start(f"reverse:http://127.0.0.1:{port}", addons=(guard,), connection_strategy="lazy")
    reader, writer = await proxy.connect()
    for _ in range(3):
        writer.write(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        assert head.startswith(b"HTTP/1.1 200")
        assert await asyncio.wait_for(reader.readexactly(SIZE), 5) == source.body
    writer.close()
    assert guard.failed is None


async def test_one_stream_of_a_shared_upstream_is_healed_without_the_others(
    origin, guarding, proxy, serve, http2
) -> None:
    source, guard = origin(faults=[None, ("reset", 50_000), None, ("reset", 60_000)]), guarding()
    guard.alpn = (b"h2",)
    port = await serve(source.h2, tls=True, alpn="h2")
    await proxy.start("regular", addons=(guard,), connection_strategy="lazy")
    client = http2(*await proxy.tunnel(port, "h2"), client=True)
    client.conn.increment_flow_control_window(2**30)
    streams = [client.request(f"/v2/{n}") for n in range(4)]
    for stream in streams:
        if not any(
            getattr(e, "stream_id", None) == stream and type(e).__name__ == "StreamEnded"
            for e in client.events
        ):
            await client.end_of(stream)
    assert [client.body(stream) == source.body for stream in streams] == [True] * 4
    assert source.connections == 1
    client.writer.close()


async def test_a_flow_that_nobody_guards_is_mitmproxys(origin, guarding, fetch) -> None:
    source, guard = origin(faults=[("fin", 1000)]), guarding()
    guard.request = lambda flow: None
    got = await fetch(source, guard)
    assert (got.clean, len(got.body), guard.asked) == (False, 1000, [])


@pytest.mark.parametrize("kind", ["fin", "reset", "stall"])
async def test_where_only_the_end_is_lost_there_is_nothing_to_ask_for(origin, guarding, fetch, kind) -> None:
    """HTTP/2 tells the end apart from the last byte."""
    source, guard = origin(faults=[(kind, SIZE)]), guarding(stall=0.2)
    got = await fetch(source, guard, upstream="h2")
    assert (got.clean, got.body == source.body, len(source.seen), guard.failed) == (True, True, 1, None)
