"""A body that is not what its digest says never ends well for the client; a right one is not touched."""

import asyncio
import hashlib

import pytest

from inspector.recorder.private import breaking

RIGHT = b"layer"


def sha(name: str, data: bytes = RIGHT) -> str:
    return f"{name}:{hashlib.new(name, data).hexdigest()}"


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
async def test_a_check_tells_right_from_wrong(name) -> None:
    for data, right in [(RIGHT, True), (b"Layer", False), (b"", False)]:
        check = breaking.check_of(sha(name))
        check.feed(data[:2], 0.0)
        check.feed(data[2:], 0.0)
        said = await check.verdict()
        assert (said is None) is right
        if not right:
            assert f"{sha(name)} was asked for, {sha(name, data)} came" in said


def test_content_that_is_coded_on_the_way_is_right_when_it_decodes_to_it() -> None:
    import gzip

    check = breaking.check_of(sha("sha256"), coding="gzip")
    check.feed(gzip.compress(RIGHT), 0.0)
    assert check.verdict_now() is None


@pytest.mark.parametrize("text", [None, "", "latest", "sha256:xyz", f"blake3:{'0' * 64}"])
def test_what_cannot_be_computed_is_not_checked(text) -> None:
    assert breaking.check_of(text) is None


def test_no_bytes_are_wrong_but_for_their_own_digest() -> None:
    assert breaking.empty_is_wrong(sha("sha256"))
    assert not breaking.empty_is_wrong(sha("sha256", b""))
    assert not breaking.empty_is_wrong(None)


def test_the_last_piece_is_always_held() -> None:
    held = breaking.Held()
    assert [held.exchange(b"a"), held.exchange(b"b"), held.release(), held.release()] == [
        None,
        b"a",
        b"b",
        None,
    ]


async def test_a_digest_that_cannot_be_computed_counts_as_wrong() -> None:
    class Fails:
        async def verdict(self) -> str:
            raise MemoryError

    said: list[str | None] = []
    await breaking.settle(Fails(), said.append)
    assert said == ["its digest could not be computed (MemoryError)"]


@pytest.mark.parametrize(
    ("client", "upstream", "length"),
    [
        ("h1", "h1", True),
        ("h1", "h1", False),
        ("h1", "h2", False),
        ("h2", "h1", True),
        ("h2", "h1", False),
        ("h2", "h2", True),
    ],
)
@pytest.mark.parametrize("size", [1, 409_600])
async def test_a_wrong_body_is_broken(origin, guarding, fetch, client, upstream, length, size) -> None:
    source = origin(length=length)
    source.body = source.body[: size - 1] + b"!"
    guard = guarding()
    got = await fetch(source, guard, client=client, upstream=upstream)
    assert not got.clean
    assert len(got.body) < size  # the last piece stays here
    for _ in range(100):
        await asyncio.sleep(0 if guard.failed else 0.01)
    assert f"{guard.options['digest']} was asked for" in guard.failed
    assert sum(guard.sizes) == size  # who looks on has seen all of it


async def test_a_wrong_body_that_ends_with_its_connection_is_broken_too(origin, guarding, fetch) -> None:
    async def until_eof(reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + source.body[:1000])
        await writer.drain()

    source, guard = origin(), guarding()
    source.h1 = until_eof
    got = await fetch(source, guard)
    assert (got.headers.get("transfer-encoding"), got.clean) == ("chunked", False)


async def test_a_right_body_that_ends_with_its_connection_ends_well(origin, guarding, fetch, proxy) -> None:
    async def until_eof(reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + source.body)
        await writer.drain()

    source, guard = origin(), guarding()
    source.h1 = until_eof
    got = await fetch(source, guard)
    assert (got.body == source.body, got.clean) == (True, True)
    (handler,) = proxy.master.addons.get("proxyserver").connections.values()
    for _ in range(100):
        await asyncio.sleep(0.01)
        if len(handler.transports) == 1:
            break
    assert list(handler.transports) == [handler.client]  # nothing of upstream's is kept


async def test_a_wrong_body_that_was_cut_and_healed_is_broken(origin, guarding, fetch) -> None:
    source, guard = origin(faults=[("fin", 100_000)]), guarding()
    source.body = source.body[:-1] + b"!"
    got = await fetch(source, guard)
    assert (got.clean, guard.noted()) == (False, [(100_000, 206)])


@pytest.mark.parametrize("client", ["h1", "h2"])
async def test_a_body_of_no_bytes_is_asked_for_again(origin, guarding, fetch, client) -> None:
    """An upstream's poisoned cache."""

    def empty(n, status, headers, body):
        return (status, headers | {"content-length": "0"}, b"") if n == 1 else (status, headers, body)

    source, guard = origin(alter=empty), guarding()
    got = await fetch(source, guard, client=client)
    assert (got.status, got.body == source.body) == (200, True)
    assert guard.asked == [(1, "upstream sent a body of no bytes", None)]


async def test_a_body_of_no_bytes_is_no_answer_when_there_is_no_other(origin, guarding, fetch) -> None:
    source, guard = origin(alter=lambda n, s, h, b: (s, h | {"content-length": "0"}, b"")), guarding(tries=0)
    got = await fetch(source, guard)
    assert got.status == 502


async def test_a_part_is_not_checked_against_the_digest_of_the_whole(origin, guarding, fetch) -> None:
    source, guard = origin(), guarding()
    got = await fetch(source, guard, headers="Range: bytes=5-9\r\n")
    assert (got.status, got.body, got.clean) == (206, source.body[5:10], True)


@pytest.mark.parametrize("client", ["h1", "h2"])
async def test_a_flow_that_is_killed_in_its_midst_is_broken_at_once(origin, guarding, fetch, client) -> None:
    source, guard = origin(faults=[("stall", 300_000)]), guarding()

    def responseheaders(flow) -> None:
        flow.response.stream = lambda data: (flow.kill(), data)[1]

    guard.responseheaders = responseheaders
    got = await asyncio.wait_for(fetch(source, guard, client=client), 3)
    assert not got.clean


def test_many_bodies_under_way_gather_no_more_than_the_bound(monkeypatch) -> None:
    monkeypatch.setattr(breaking, "_hashers", [])
    checks = [breaking.check_of(sha("sha256")) for _ in range(64)]
    for check in checks:
        check.feed(b"x", 0.0)
    assert breaking._hashers[0].batch * 64 <= breaking.GATHERED
    for check in checks:
        check.verdict_now()
