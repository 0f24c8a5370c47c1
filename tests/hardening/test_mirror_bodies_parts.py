"""hardening.md, part D, lines 39 and 46: parts of a blob, and codings of it."""

import gzip

import pytest
from kit.upstream import BLOB, reply

TOKEN = "Bearer token-x"


async def test_39_a_part_is_served_as_it_was_asked_for(mirror, world):
    up = await mirror()
    for asked, told in (
        ("bytes=10-19", "bytes 10-19"),
        (f"bytes={len(BLOB) - 5}-", f"bytes {len(BLOB) - 5}-{len(BLOB) - 1}"),
    ):
        answer = await up.ask(f"GET {world.blob_path()}", authorization=TOKEN, range=asked)
        assert (answer.status, answer.headers["content-range"]) == (206, f"{told}/{len(BLOB)}")
        first, last = map(int, told.removeprefix("bytes ").split("-"))
        assert answer.body == BLOB[first : last + 1]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("bytes=10-19", f"bytes 30-39/{len(BLOB)}"),
        ("bytes=10-19", f"bytes 10-99/{len(BLOB)}"),
        ("bytes=10-19", None),
        ("bytes=10-19", "bytes 9-1/3"),
        (None, f"bytes 10-19/{len(BLOB)}"),
    ],
)
async def test_39_another_part_is_refused(mirror, world, asked, told):
    fields = {"content_range": told} if told else {}
    world.cdn.handle = lambda _: reply(206, BLOB[30:40], **fields)
    up = await mirror()
    answer = await up.ask(
        f"GET {world.blob_path()}", authorization=TOKEN, **({"range": asked} if asked else {})
    )
    assert answer.status == 502
    assert "answered 206: a part that was not asked for" in answer.says
    assert answer.whole


async def test_39_ranges_that_are_ignored_or_stale_give_the_whole_blob(mirror, world):
    world.cdn.handle = lambda _: reply(200, BLOB, etag='"one"')
    up = await mirror()
    for fields in (
        {"range": "bytes=10-19"},
        {"range": "bytes=10-19", "if_range": '"old"'},
        {"range": "bytes=0-1,5-6"},
    ):
        answer = await up.ask(f"GET {world.blob_path()}", authorization=TOKEN, **fields)
        assert (answer.status, answer.body == BLOB, answer.whole) == (200, True, True)
    assert [(seen.headers.get("range"), seen.headers.get("if-range")) for seen in world.cdn.seen] == [
        ("bytes=10-19", None), ("bytes=10-19", '"old"'), (None, None),
    ]  # fmt: skip


async def test_39_beyond_the_end_is_416(mirror, world):
    world.cdn.handle = lambda _: reply(416, content_range=f"bytes */{len(BLOB)}")
    up = await mirror()
    answer = await up.ask(f"GET {world.blob_path()}", authorization=TOKEN, range="bytes=999999999-")
    assert (answer.status, answer.headers["content-range"]) == (416, f"bytes */{len(BLOB)}")


async def test_46_no_coding_is_asked_for_and_one_that_comes_is_told(mirror, world):
    up = await mirror()
    await up.ask(f"GET {world.blob_path()}", authorization=TOKEN, accept_encoding="gzip, zstd")
    assert {seen.headers["accept-encoding"] for seen in world.hub.seen + world.cdn.seen} == {"identity"}
    coded = gzip.compress(BLOB)
    world.cdn.handle = lambda _: reply(200, coded, content_encoding="gzip")
    answer = await up.ask(f"GET {world.blob_path()}", authorization=TOKEN)
    assert (answer.whole, answer.headers["content-encoding"], gzip.decompress(answer.body) == BLOB) == (
        True,
        "gzip",
        True,
    )
    world.cdn.handle = lambda _: reply(200, gzip.compress(BLOB[:-1] + b"!"), content_encoding="gzip")
    assert not (await up.ask(f"GET {world.blob_path()}", authorization=TOKEN)).whole
    assert "wrong content" in up.flows[-1].error.msg
