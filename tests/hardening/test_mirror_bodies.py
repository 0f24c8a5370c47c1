"""hardening.md, part D, lines 36 to 38, 41 and 63: bodies that break off, lie about their size, or are others'."""

import asyncio
import hashlib

import pytest
from kit.upstream import BLOB, MANIFEST, reply

AUTH = "Bearer token-x"
SOME = 70_000
HEAD = f'HTTP/1.1 200 OK\r\nContent-Length: {len(BLOB)}\r\nETag: "one"\r\n'.encode()
CUTS = {
    "with a length": HEAD + b"\r\n" + BLOB[:SOME],
    "with a length, before the first byte": HEAD + b"\r\n",
    "in chunks, without the last": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (SOME, BLOB[:SOME]),
    "in the middle of a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b" % (len(BLOB), BLOB[:SOME]),
    "read until the end": b"HTTP/1.1 200 OK\r\n\r\n" + BLOB[:SOME],
    "in mid-head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "nothing": b"",
}  # fmt: skip


def pieces(*parts, reset=False):
    """An answer in pieces, after which the connection ends."""

    async def said():
        for part in parts:
            yield part
            await asyncio.sleep(0)
        if reset:
            raise ConnectionResetError  # the server in kit.upstream breaks off

    return said()


def why(up):
    """What the log and the report know: the last flow's error, or what the mirror answered by itself."""
    flow = up.flows[-1]
    return flow.error.msg if flow.error else flow.response.get_text()


@pytest.mark.parametrize("name", CUTS)
@pytest.mark.parametrize("holder", ["registry", "storage"])
async def test_36_a_cut_is_a_broken_transfer_and_names_the_hop(mirror, world, name, holder):
    up = await mirror(tries="1")
    served = world.cdn if holder == "storage" else world.hub
    real = served.handle
    served.handle = lambda seen: (
        pieces(CUTS[name])
        if "range" not in seen.headers or seen.headers["range"] != "bytes=0-0"
        else real(seen)
        if holder == "storage"
        else reply(206, BLOB[:1], content_range=f"bytes 0-0/{len(BLOB)}")
    )
    answer = await up.ask(f"GET {world.blob_path()}", authorization=AUTH)
    assert answer.status == 502 or not answer.whole
    assert answer.status != 200 or BLOB.startswith(answer.body)
    assert ("cdn.example.net" if holder == "storage" else "registry.example.org") in why(up)


async def test_36_after_a_cut_nothing_is_kept(mirror, world):
    world.cuts = [1000] * 9
    up = await mirror(tries="1")
    assert not (await up.ask(f"GET {world.blob_path()}", authorization=AUTH)).whole
    world.cuts = []
    again = await up.ask(f"GET {world.blob_path()}", authorization=AUTH)
    assert (again.body == BLOB, again.whole) == (True, True)


@pytest.mark.parametrize(
    "said", [reply(200), b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\n"]
)
async def test_37_no_bytes_in_place_of_a_blob(mirror, world, said):
    world.cdn.handle = lambda _: said
    up = await mirror(tries="1")
    answer = await up.ask(f"GET {world.blob_path()}", authorization=AUTH)
    assert answer.status == 502 or not answer.whole
    assert "cdn.example.net" in why(up)


async def test_37_a_blob_that_is_empty_is_served(mirror, world):
    world.blob, world.digest = b"", "sha256:" + hashlib.sha256(b"").hexdigest()
    world.cdn.handle = lambda _: reply(200)
    up = await mirror()
    answer = await up.ask(f"GET {world.blob_path()}", authorization=AUTH)
    assert (answer.status, answer.body, answer.whole) == (200, b"", True)


FRAMES = {
    "two lengths": b"Content-Length: %d\r\nContent-Length: 9\r\n" % len(BLOB),
    "a list of lengths": b"Content-Length: %d, 9\r\n" % len(BLOB),
    "negative": b"Content-Length: -5\r\n",
    "a number with a sign": b"Content-Length: +%d\r\n" % len(BLOB),
    "both": b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % len(BLOB),
    "a coding nobody knows": b"Transfer-Encoding: xchunked\r\n",
    "two codings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "a name with a space": b"Content-Length : %d\r\n" % len(BLOB),
}


@pytest.mark.parametrize("name", FRAMES)
async def test_38_contradicting_lengths_of_an_upstream_are_refused(mirror, world, name):
    raw = (
        b"HTTP/1.1 200 OK\r\n"
        + FRAMES[name]
        + b"\r\n"
        + (b"5\r\nhello\r\n0\r\n\r\n" if b"chunked" in FRAMES[name] else BLOB)
    )
    world.cdn.handle = lambda _: raw
    up = await mirror(tries="0")
    blob = await up.ask(f"GET {world.blob_path()}", authorization=AUTH)
    assert blob.status == 502
    assert len(world.cdn.seen) == world.cdn.connections  # what went wrong carries nothing more
    world.hub.handle = lambda _: raw
    manifest = await up.ask("GET /v2/team/app/manifests/1", authorization=AUTH)
    assert manifest.status == 502
    assert "registry.example.org" in manifest.says
    assert BLOB[:50] not in manifest.body + blob.body


async def test_38_more_than_was_said_is_not_passed_on(mirror, world):
    world.cdn.handle = lambda _: reply(200, BLOB).replace(str(len(BLOB)).encode(), b"9", 1)
    up = await mirror(tries="0")
    answer = await up.ask(f"GET {world.blob_path()}", authorization=AUTH)
    assert not answer.whole
    assert len(answer.body) < 9


async def test_38_a_part_that_is_longer_than_it_says_is_not_passed_on(mirror, world):
    """In chunks nothing but its Content-Range says how long it is."""
    chunk = b"64\r\n" + BLOB[:100] + b"\r\n0\r\n\r\n"
    head = f"HTTP/1.1 206 X\r\nTransfer-Encoding: chunked\r\nContent-Range: bytes 10-19/{len(BLOB)}\r\n\r\n".encode()
    world.cdn.handle = lambda _: head + chunk
    up = await mirror(tries="0")
    answer = await up.ask(f"GET {world.blob_path()}", authorization=AUTH, range="bytes=10-19")
    assert (answer.status, answer.whole, len(answer.body) <= 10) == (206, False, True)
    assert "upstream sent more than it had said" in why(up)


async def test_38_trailers_are_dropped(mirror, world):
    """mitmproxy would fail over them, and the client hang until the upstream counts as stalled."""
    world.cdn.handle = lambda _: (
        b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\nX-Evil: 1\r\n\r\n"
        % (len(BLOB), BLOB)
    )
    up = await mirror()
    answer = await up.ask(f"GET {world.blob_path()}", authorization=AUTH)
    assert (answer.status, answer.body == BLOB, answer.whole) == (200, True, True)


async def test_38_a_second_answer_is_for_nobody(mirror, world):
    """Of the metadata and of the blob: the connection that brought it carries no further request."""
    evil = reply(200, b"evil")
    up = await mirror()
    world.hub.handle = lambda seen: world.registry(seen) + (b"" if "/blobs/" in seen.path else evil)
    for _ in range(3):
        assert (await up.ask("GET /v2/team/app/manifests/1", authorization=AUTH)).body == MANIFEST
    assert world.hub.connections == 3
    world.cdn.handle = lambda seen: world.storage(seen) + evil
    ask = f"GET {world.blob_path()} HTTP/1.1\r\nHost: a\r\nAuthorization: {AUTH}\r\n"
    both = await up.raw(f"{ask}\r\n{ask}Connection: close\r\n\r\n".encode())
    assert both.count(BLOB) == 2
    assert b"evil" not in both


async def test_38_contradicting_lengths_of_a_client_are_refused(mirror, world):
    up = await mirror()
    smuggled = b"GET /v2/team/app/manifests/1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer token-x\r\n\r\n"
    for lengths in (
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: 1\r\nContent-Length: 2\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Content-Length : 5\r\n",
    ):
        head = b"GET /v2/ HTTP/1.1\r\nHost: a\r\n" + lengths + b"\r\n"
        answer = await up.raw(head)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b'"errors"' in answer
        assert (await up.raw(head + smuggled)).count(b"HTTP/1.1 ") <= 1
    assert world.hub.seen == []


async def test_41_one_who_leaves_and_one_whose_fetch_fails_take_nothing_from_the_others(mirror, world):
    """This mirror keeps nothing: each client has a fetch of its own, with its own credentials."""
    go_on = asyncio.Event()

    async def slow(cut):
        yield HEAD + b"\r\n" + BLOB[:SOME]
        await go_on.wait()
        if not cut:
            yield BLOB[SOME:]

    def storage(seen):
        number = len(world.cdn.seen)
        return slow(number == 2) if number <= 4 else reply(503)

    world.cdn.handle = storage
    up = await mirror(tries="0")
    reader, leaver = await asyncio.open_connection("127.0.0.1", up.port)
    leaver.write(
        f"GET {world.blob_path()} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer token-0\r\n\r\n".encode()
    )
    await reader.readexactly(100)
    others = []
    for number in (1, 2, 3):
        others.append(
            asyncio.create_task(up.ask(f"GET {world.blob_path()}", authorization=f"Bearer token-{number}"))
        )
        while len(world.cdn.seen) <= number:  # noqa: ASYNC110 - one after another
            await asyncio.sleep(0.01)
    leaver.transport.abort()
    go_on.set()
    answers = await asyncio.gather(*others)
    assert [one.whole for one in answers] == [False, True, True]
    assert [one.body == BLOB for one in answers] == [False, True, True]
    assert [seen.headers["authorization"] for seen in world.hub.seen] == [
        f"Bearer token-{n}" for n in range(4)
    ]


async def test_41_a_blob_is_no_clients_who_has_no_right_to_it(mirror, world):
    up = await mirror()
    assert (await up.ask(f"GET {world.blob_path()}", authorization=AUTH)).whole
    assert (await up.ask(f"GET {world.blob_path()}")).status == 401
    assert (await up.ask(f"GET {world.blob_path()}", authorization="Bearer other")).status == 401
    assert len(world.cdn.seen) == 1


async def test_63_a_body_without_length_is_not_asked_for_again(mirror, world):
    world.cdn.handle = lambda _: pieces(CUTS["in chunks, without the last"])
    up = await mirror(tries="3")
    answer = await up.ask(f"GET {world.blob_path()}", authorization=AUTH)
    assert not answer.whole
    assert len(world.cdn.seen) == 1


async def test_63_the_rest_of_a_body_is_never_that_of_another(mirror, world):
    """A storage that flaps: after a cut another content answers, under another ETag, or as a whole without one."""
    other = bytes(len(BLOB))
    rest = reply(206, other[SOME:], etag='"two"', content_range=f"bytes {SOME}-{len(BLOB) - 1}/{len(BLOB)}")
    for second in (
        rest,
        rest.replace(b'"two"', b'"one"'),
        reply(200, other),
        reply(200, other, etag='"one"'),
    ):
        before = len(world.cdn.seen)
        world.cdn.handle = lambda _, before=before, second=second: (
            pieces(CUTS["with a length"]) if len(world.cdn.seen) == before + 1 else second
        )
        up = await mirror(tries="2")
        answer = await up.ask(f"GET {world.blob_path()}", authorization=AUTH)
        assert not answer.whole
        assert world.cdn.seen[before + 1].headers["if-range"] == '"one"'
