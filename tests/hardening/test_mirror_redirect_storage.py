"""hardening.md, part B, lines 20 to 26: what holds the blobs, and links that lead elsewhere, on real sockets."""

import json

import pytest
from kit.upstream import CDN, HUB, reply, sha

EXPIRED = reply(
    403,
    b'<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>',
    content_type="application/xml",
)


@pytest.mark.parametrize("status", [400, 401, 403, 405, 501])
async def test_B20_a_head_whose_redirect_is_signed_for_get_alone_is_answered(mirror, world, status):
    real = world.cdn.handle
    world.cdn.handle = lambda seen: reply(status) if seen.method == "HEAD" else real(seen)
    up = await mirror()
    got = await up.ask(f"HEAD {world.blob_path()}", authorization=await up.token())
    assert (got.status, got.headers["content-length"]) == (200, str(len(world.blob)))
    assert "content-range" not in got.headers
    assert [(seen.method, seen.headers.get("range")) for seen in world.cdn.seen] == [
        ("HEAD", None),
        ("GET", "bytes=0-0"),
    ]


async def test_B21_a_signature_that_has_expired_is_asked_for_anew(mirror, world):
    real = world.cdn.handle
    world.cdn.handle = lambda seen: EXPIRED if seen.query["signature"] == ["1"] else real(seen)
    up = await mirror()
    got = await up.ask(f"GET {world.blob_path()}", authorization=await up.token())
    assert (got.status, got.body == world.blob, got.whole) == (200, True, True)
    assert [seen.query["signature"] for seen in world.cdn.seen] == [["1"], ["2"]]


async def test_B21_so_is_one_that_expires_before_the_rest_is_taken(mirror, world):
    world.cuts = [1000]
    real = world.cdn.handle
    world.cdn.handle = lambda seen: (
        EXPIRED if "range" in seen.headers and seen.query["signature"] == ["2"] else real(seen)
    )
    up = await mirror()
    got = await up.ask(f"GET {world.blob_path()}", authorization=await up.token())
    assert (got.status, got.body == world.blob, got.whole) == (200, True, True)
    assert [seen.query["signature"] for seen in world.cdn.seen] == [["1"], ["2"], ["3"]]
    assert world.cdn.seen[-1].headers["range"] == f"bytes=1000-{len(world.blob) - 1}"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_B21_no_redirect_is_ever_used_twice(mirror, world, method):
    real = world.hub.handle
    world.hub.handle = lambda seen: real(seen).replace(
        b"\r\n\r\n",
        b"\r\ncache-control: public, max-age=31536000\r\nexpires: Thu, 01 Jan 2099 00:00:00 GMT\r\n\r\n",
        1,
    )
    up = await mirror()
    auth = await up.token()
    for _ in range(3):
        assert (await up.ask(f"{method} {world.blob_path()}", authorization=auth)).status == 200
    assert [seen.query["signature"] for seen in world.cdn.seen] == [["1"], ["2"], ["3"]]


async def test_B22_a_storage_that_refuses_is_named_with_its_code(mirror, world):
    world.cdn.handle = lambda _: EXPIRED
    up = await mirror()
    got = await up.ask(f"GET {world.blob_path()}", authorization=await up.token())
    assert (got.status, got.code) == (403, "DENIED")
    assert got.says == f"mirror of {HUB}: the storage of {HUB}, {CDN}, answered 403: AccessDenied"


PAGE = b"<!doctype html><title>Blocked</title><p>This site is blocked by your administrator."


@pytest.mark.parametrize("page", [PAGE, PAGE + bytes(500_000), b"<Error><Code>NoSuchKey</Code></Error>"],
                         ids=["HTML", "long", "XML"])  # fmt: skip
async def test_B23_a_page_in_place_of_a_blob_is_no_blob(mirror, world, page):
    world.cdn.handle = lambda _: reply(200, page, content_type="text/html")
    up = await mirror()
    got = await up.ask(f"GET {world.blob_path()}", authorization=await up.token())
    assert not got.whole
    assert "wrong content" in up.flows[-1].error.msg


async def test_B23_nor_is_an_empty_one(mirror, world):
    world.cdn.handle = lambda _: reply(200, b"", content_type="text/html")
    up = await mirror()
    got = await up.ask(f"GET {world.blob_path()}", authorization=await up.token())
    assert (got.status, got.says) == (502, f"mirror of {HUB}: {CDN}: upstream sent a body of no bytes")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_B24_no_token_goes_to_where_a_signature_is_enough(mirror, world, method, tmp_path):
    (tmp_path / "password").write_text("canary-password")
    own = {"auth": "own", "credentials": [f"{HUB}=alice:{tmp_path / 'password'}"]}
    for options in ({}, own, {"redirects": "rewrite"}):
        up = await mirror(**options)
        auth = {} if options is own else {"authorization": await up.token()}
        got = await up.ask(f"{method} {world.blob_path()}", **auth)
        if options.get("redirects"):
            path = got.headers["location"].removeprefix(f"http://{up.host}")
            got = await up.ask(f"{method} {path}", **auth)
        assert (got.status, got.headers["content-length"]) == (200, str(len(world.blob)))
    assert not any("authorization" in seen.headers for seen in world.cdn.seen)


async def test_B25_a_foreign_layer_is_asked_of_the_registry_alone(mirror, world, net):
    attacker = await world.host("attacker.example.com", lambda _: reply(200, world.blob))
    layer = {
        "digest": world.digest,
        "urls": [f"{attacker.url}/layer", "http://169.254.169.254/", "file:///etc/passwd"],
    }
    world.manifest = json.dumps({"schemaVersion": 2, "layers": [layer]}).encode()
    world.fields["docker_content_digest"] = sha(world.manifest)
    up = await mirror()
    auth = await up.token()
    assert (await up.ask("GET /v2/team/app/manifests/latest", authorization=auth)).body == world.manifest
    assert (await up.ask(f"GET {world.blob_path()}", authorization=auth)).body == world.blob
    assert attacker.seen == []
    # Where the registry itself sends for it, nothing of the client's comes along.
    world.location = f"{attacker.url}/layer"
    await up.ask(f"GET {world.blob_path()}", authorization=auth, cookie="canary", x_secret="canary")
    (seen,) = attacker.seen
    assert "authorization" not in seen.headers
    assert "canary" not in json.dumps(seen.lines)


TAGS = b'{"name":"team/app","tags":["a"]}'
ELSEWHERE = [
    "<http://evil.example.com/v2/team/app/tags/list?n=1&last=a>", "<//evil.example.com/v2/team/app/tags/list>",
    f"<http://{HUB}:8080/v2/team/app/tags/list>", f"<https://{HUB}/v2/team/app/tags/list>", "</v2/other/app/tags/list>",
    f"<http://alice@{HUB}@evil.example.com/v2/team/app/tags/list>", "</token?x=1>", "<>", "no link", "<" + "x" * 5000 + ">",
    "<file:///v2/team/app/tags/list>", "</v2/team/app/../../../../etc/tags/list>",
]  # fmt: skip


async def test_B26_a_link_to_elsewhere_is_dropped(mirror, world):
    up = await mirror()
    auth = await up.token()
    for link in ELSEWHERE:
        world.manifest, world.fields = TAGS, {"link": f'{link}; rel="next"'}
        got = await up.ask("GET /v2/team/app/tags/list", authorization=auth)
        assert (got.status, got.body, got.all("link")) == (200, TAGS, [])


@pytest.mark.parametrize(
    "link",
    [
        f"<http://{HUB}/v2/team/app/tags/list?n=1&last=a>",
        "</v2/team/app/tags/list?n=1&last=a>",
        "<list?n=1&last=a>",
    ],
)
async def test_B26_one_to_the_next_page_leads_back_to_the_mirror(mirror, world, link):
    world.manifest, world.fields = TAGS, {"link": f'{link}; rel="next"'}
    up = await mirror()
    auth = await up.token()
    got = await up.ask(f"GET /v2/{HUB}/team/app/tags/list?n=1", authorization=auth)
    assert got.all("link") == [f'</v2/{HUB}/team/app/tags/list?n=1&last=a>; rel="next"']
    await up.ask(f"GET /v2/{HUB}/team/app/tags/list?n=1&last=a", authorization=auth)
    assert world.hub.seen[-1].target == "/v2/team/app/tags/list?n=1&last=a"


async def test_B26_nothing_is_put_into_the_clients_header(mirror, world):
    world.manifest, world.fields = (
        TAGS,
        {"link": '</v2/team/app/tags/list?last=%0d%0aX-Evil:%201>; rel="next"'},
    )
    up = await mirror()
    got = await up.ask("GET /v2/team/app/tags/list", authorization=await up.token())
    assert got.all("link") == ['</v2/team/app/tags/list?last=%0D%0AX-Evil%3A%201>; rel="next"']
    assert got.all("x-evil") == []
