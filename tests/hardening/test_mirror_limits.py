"""hardening.md, part G: limits of registries (60), and addresses that come and go (63)."""

import asyncio
import json

import pytest
from kit.upstream import AUTH, BLOB, HUB, MANIFEST, REFUSED, reply

TOKEN = "Bearer token-x"
MANIFESTS = "/v2/team/app/manifests/1"
LIMIT = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}'
SECOND = "second.example.org"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("status", "fields"), [
    (429, {"retry_after": "77", "ratelimit_remaining": "0;w=21600"}), (429, {}), (403, {}), (500, {}), (503, {"retry_after": "9"}),
])  # fmt: skip
async def test_60_a_limit_is_passed_on_as_it_was_said(mirror, world, method, status, fields):
    world.hub.handle = lambda _: reply(status, LIMIT, content_type="application/json", **fields)
    up = await mirror()
    for path in (MANIFESTS, world.blob_path()):
        answer = await up.ask(f"{method} {path}", authorization=TOKEN)
        assert answer.status == status
        told = {
            name: answer.headers.get(name.replace("_", "-"))
            for name in ("retry_after", "ratelimit_remaining")
        }
        assert told == {"retry_after": None, "ratelimit_remaining": None} | fields
        assert method == "HEAD" or answer.body == LIMIT
    assert len(world.hub.seen) == 2


async def test_60_a_limit_that_is_a_web_page_becomes_a_registrys_error(mirror, world):
    world.hub.handle = lambda _: reply(
        429, b"<html><title>Slow down</title></html>", content_type="text/html", retry_after="5"
    )
    up = await mirror()
    answer = await up.ask(f"GET {MANIFESTS}", authorization=TOKEN)
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (429, "TOOMANYREQUESTS", "5")
    assert answer.says == f"{HUB} answered 429: Slow down"


async def test_60_a_limit_of_the_token_service(mirror, world):
    """Passed on with what is left of the time, and not asked again before it is over."""
    world.auth.handle = lambda _: reply(429, LIMIT, content_type="application/json", retry_after="30")
    up = await mirror()
    for _ in range(3):
        answer = await up.ask("GET /token?service=x&scope=repository:team/app:pull")
        assert (answer.status, answer.body) == (429, LIMIT)
        assert 0 < int(answer.headers["retry-after"]) <= 30
    assert len(world.auth.seen) == 1


async def test_60_a_limit_of_the_storage(mirror, world):
    """It is not asked again, and the client hears when it may come."""
    world.cdn.handle = lambda _: reply(429, b"<Error><Code>SlowDown</Code></Error>", retry_after="12")
    up = await mirror()
    answer = await up.ask(f"GET {world.blob_path()}", authorization=TOKEN)
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (429, "TOOMANYREQUESTS", "12")
    assert "the storage of registry.example.org, cdn.example.net, answered 429" in answer.says
    assert len(world.cdn.seen) == 1


async def test_60_a_refusal_without_end_is_told_at_once(mirror, world):
    async def endless():
        yield b"HTTP/1.1 404 X\r\nTransfer-Encoding: chunked\r\n\r\n"
        while True:
            yield b"5\r\nhello\r\n"
            await asyncio.sleep(0.01)

    world.cdn.handle = lambda _: endless()
    up = await mirror()
    reader, writer = await asyncio.open_connection("127.0.0.1", up.port)
    writer.write(f"GET {world.blob_path()} HTTP/1.1\r\nHost: a\r\nAuthorization: {TOKEN}\r\n\r\n".encode())
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length"))
        error = json.loads(await reader.readexactly(int(length.split(b":")[1])))["errors"][0]
    writer.transport.abort()
    assert (error["code"], b"connection: close" in head) == ("BLOB_UNKNOWN", True)


@pytest.fixture
async def second(world):
    """Another address of the registry, with the same content."""
    return await world.host(SECOND, world.registry)


BOTH = [f"{HUB}=http://{HUB},http://{SECOND}"]
DEAD = {
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "half a document": reply(200, MANIFEST)[:-5],
}


@pytest.mark.parametrize("name", DEAD)
async def test_63_the_next_address_is_asked_while_the_client_has_had_nothing(mirror, world, second, name):
    async def broken():
        yield DEAD[name]

    world.hub.handle = lambda _: broken()
    up = await mirror(upstreams=BOTH)
    for _ in range(2):
        assert (await up.ask(f"GET {MANIFESTS}", authorization=TOKEN)).body == MANIFEST
    asked = len(world.hub.seen)
    assert (await up.ask(f"GET {world.blob_path()}", authorization=TOKEN)).body == BLOB
    assert len(world.hub.seen) == asked  # it is tried last for a while
    assert len(second.seen) == 3


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
async def test_63_what_has_answered_is_the_answer(mirror, world, second, status):
    world.hub.handle = lambda _: reply(status, REFUSED)
    up = await mirror(upstreams=BOTH)
    assert (await up.ask(f"GET {MANIFESTS}", authorization=TOKEN)).status == status
    assert second.seen == []


@pytest.mark.parametrize(("etag", "whole"), [('"one"', True), ('"two"', False)])
async def test_63_after_the_first_byte_another_address_serves_the_rest_of_the_same_alone(
    mirror, world, second, etag, whole
):
    """A registry that has its blobs itself, and breaks off; the second address has the same, or another edition."""
    world.cuts = [70_000]
    world.hub.handle = lambda seen: world.storage(bare(seen))
    second.handle = lambda seen: world.storage(bare(seen)).replace(b'"one"', etag.encode())
    real = world.hub.handle
    world.hub.handle = lambda seen: (
        reply(206, BLOB[:1]) if seen.headers.get("range") == "bytes=0-0" else real(seen)
    )
    up = await mirror(upstreams=BOTH, tries="1")
    answer = await up.ask(f"GET {world.blob_path()}", authorization=TOKEN)
    assert (answer.whole, BLOB.startswith(answer.body)) == (whole, True)
    assert second.seen[-1].headers["range"] == f"bytes=70000-{len(BLOB) - 1}"


def bare(seen):
    seen.headers.pop("authorization", None)
    return seen


async def test_63_what_is_not_repeatable_is_not_repeated(mirror, world, net):
    """A password grant that was not answered may have been taken, whatever other addresses there are."""
    net.route("11.0.0.99", 80, world.auth.place)
    net.names[AUTH] = [[world.auth.address, "11.0.0.99"]]
    world.auth.handle = lambda _: None
    up = await mirror()
    form = b"grant_type=password&username=alice&password=secret&service=x&scope=repository:team/app:pull"
    for _ in range(2):
        answer = await up.ask("POST /token", form, content_type="application/x-www-form-urlencoded")
        assert answer.status == 502
    assert len(world.auth.seen) == 2
