"""hardening.md, part E, lines 47 to 52: names, paths and hosts. What is refused reaches no upstream."""

import asyncio
import json
from pathlib import Path

import pytest
from kit.upstream import BLOB, HUB, MANIFEST, reply

TOKEN = "Bearer token-x"
LONG = "a" * 256


async def sent(up, *lines: str, path: str = "/v2/team/app/manifests/1") -> tuple[int, dict]:
    """Status and first error of the answer to a request of these lines, written byte for byte."""
    head = "\r\n".join(
        [f"GET {path} HTTP/1.1", *lines, f"Authorization: {TOKEN}", "Connection: close", "", ""]
    )
    answer = await up.raw(head.encode("latin-1"))
    status = int(answer.split(b" ", 2)[1])
    return status, json.loads(answer.partition(b"\r\n\r\n")[2])["errors"][0] if status >= 400 else {}


HIDDEN = [
    "/v2/../v2/team/app/manifests/1", "/v2/team/../app/manifests/1", "/v2/team/app/manifests/../../secret/manifests/1",
    "/v2/./team/app/manifests/1", "/v2/team/%2e%2e/secret/manifests/1", "/v2/team/%2E%2E%2Fsecret/manifests/1",
    "/v2/team%2Fapp/manifests/1", "/v2/team/app%00/manifests/1", "/v2//team/app/manifests/1", "//v2/team/app/manifests/1",
    "/v2/team//app/manifests/1", "/v2/team/app//manifests/1", "/v2/team/app/manifests//1", "/v2/team;x/app/manifests/1",
    "/v2/team/app/manifests/1;x", "/v2/team\\app/manifests/1", "/v2/..\\team/app/manifests/1",
    "/v2/team/%c0%ae%c0%ae/manifests/1", "/v2/team/\xc0\xae/manifests/1", "/v2/t\xe9am/app/manifests/1",
    f"/v2/{LONG}/manifests/1", f"/v2/{'a/' * 200}a/manifests/1", f"/v2/team/app/manifests/{LONG}",
    "/v2/v2/team/app/manifests/1/", "/V2/team/app/manifests/1", "/v2/Team/app/manifests/1", "/v2/team/app/manifests/",
    "/v2/team/app/manifests/.hidden", "/v2/-team/app/manifests/1", "/v2/team/app_/manifests/1", "/v2/_catalog",
    "/v2/team/app/blobs/sha256:../../etc/passwd", "/v2/team/app/blobs/1", "/v2/team/app/blobs/uploads/",
    "/v2/team/app/manifests/1%3Fns=x", "/v2/team/app/manifests/1%23", "/v2x/team/app/manifests/1",
    f"/v2/team/app/manifests/1?{'x' * 9000}",
]  # fmt: skip


@pytest.mark.parametrize("path", HIDDEN)
async def test_47_what_is_no_name_reaches_no_upstream(mirror, world, path):
    up = await mirror()
    status, error = await sent(up, "Host: a", path=path)
    assert status in {400, 404, 405, 414}
    assert error["code"] in {"NAME_INVALID", "TAG_INVALID", "DIGEST_INVALID", "UNSUPPORTED"}
    assert world.hub.seen == []


@pytest.mark.parametrize("path", ["*", "v2/", "/v2/\xe9/a/manifests/1", "/v2/a/b/tags/list?n=\x01", "?x"])
async def test_47_a_target_that_is_no_path_is_refused_as_such(mirror, world, path):
    up = await mirror()
    status, _ = await sent(up, "Host: a", path=path)
    assert status == 400
    assert world.hub.seen == []


async def test_47_a_name_goes_on_as_it_came_or_not_at_all(mirror, world):
    up = await mirror()
    deep = "/".join("abcdefgh")
    for path in (
        "/v2",
        "/v2/",
        f"/v2/{deep}/manifests/1",
        "/v2/v2/v2/manifests/1",
        f"/v2/a/b/manifests/sha256:{'a' * 64}",
    ):
        await sent(up, "Host: a", path=path)
    await sent(up, "Host: a", path=f"/v2/a/b/manifests/sha256%3A{'b' * 64}")
    assert [seen.target for seen in world.hub.seen] == [
        "/v2/", "/v2/", f"/v2/{deep}/manifests/1", "/v2/v2/v2/manifests/1",
        f"/v2/a/b/manifests/sha256:{'a' * 64}", f"/v2/a/b/manifests/sha256:{'b' * 64}",
    ]  # fmt: skip


REFUSED = {
    "none": ((), 400),
    "two": (("Host: mirror.test", "Host: evil.test"), 400),
    "twice the same": (("Host: mirror.test", "Host: mirror.test"), 400),
    "empty": (("Host:",), 400),
    "with a user": (("Host: u@mirror.test",), 400),
    "with a path": (("Host: mirror.test/x",), 400),
    "a list": (("Host: mirror.test, evil.test",), 400),
    "with a port that is none": (("Host: mirror.test:x",), 400),
    "beyond ASCII": (("Host: m\xefrror.test",), 400),
    "not configured": (("Host: evil.test",), 421),
    "an address": (("Host: 127.0.0.1",), 421),
    "IPv6": (("Host: [::1]:5000",), 421),
    "mitmproxy's own": (("Host: mitm.it",), 421),
    "forwarded by a stranger": (("Host: evil.test", "X-Forwarded-Host: mirror.test"), 421),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_48_a_host_that_is_not_the_mirrors_is_refused(mirror, world, name):
    up = await mirror(hosts=["mirror.test"])
    lines, wanted = REFUSED[name]
    status, error = await sent(up, *lines)
    assert (status, error["code"]) == (wanted, "UNSUPPORTED" if wanted == 400 else "DENIED")
    assert world.hub.seen == []


async def test_48_the_mirrors_host_however_it_is_written(mirror, world):
    up = await mirror(hosts=["mirror.test"])
    for host in ("mirror.test", "MIRROR.test", "mirror.test.", "mirror.test:5000", "Mirror.Test.:443"):
        assert (await sent(up, f"Host: {host}"))[0] == 200
    assert {seen.headers["host"] for seen in world.hub.seen} == {HUB}


async def test_48_strangers_do_not_tell_the_mirror_who_it_is(mirror, world):
    told = {
        "x_forwarded_host": "evil.test",
        "x_forwarded_proto": "https",
        "forwarded": "host=evil.test;proto=https",
    }
    up = await mirror()
    stranger = await up.ask("GET /v2/", host="mirror.test", **told)
    assert 'realm="http://mirror.test/token"' in stranger.headers["www-authenticate"]
    up = await mirror(trusted_proxies=["127.0.0.0/8"])
    known = await up.ask("GET /v2/", host="mirror.test", **told)
    assert 'realm="https://evil.test/token"' in known.headers["www-authenticate"]
    assert "x-forwarded-host" not in world.hub.seen[-1].headers


async def test_48_a_page_of_mitmproxys_own_is_not_served(mirror, world):
    up = await mirror()
    page = await up.ask("GET /", host="mitm.it")
    assert b"mitmproxy" not in page.body.lower()
    assert (await up.ask("GET /cert/pem", host="mitm.it")).status == 404


@pytest.mark.parametrize(
    "query",
    [
        "ns=evil.example.org", "ns=127.0.0.1", "ns=169.254.169.254", "ns=localhost:5000", f"ns=user:password@{HUB}",
        f"ns=http://{HUB}", f"ns={HUB}/../x", "ns=", f"ns={HUB}&ns=evil.example.org", f"ns=evil.example.org&ns={HUB}",
        f"ns={HUB}%00", "ns=%0d%0aX:y",
    ],
)  # fmt: skip
async def test_49_ns_is_a_name_on_the_list_and_nothing_else(mirror, world, net, query):
    up = await mirror()
    for path in ("/v2/team/app/manifests/1", f"{world.blob_path()}", "/v2/"):
        status, error = await sent(up, "Host: a", path=f"{path}?{query}")
        assert (status, error["code"]) in {(404, "NAME_UNKNOWN"), (400, "NAME_INVALID")}
    assert net.dialled_by_mirror() == set()


async def test_49_ns_of_a_listed_upstream_goes_there_and_no_further(mirror, world):
    up = await mirror()
    for query in (f"ns={HUB}", f"ns={HUB.upper()}", f"ns={HUB}&ns={HUB}"):
        assert (await sent(up, "Host: a", path=f"/v2/team/app/manifests/1?{query}"))[0] == 200
    assert {seen.target for seen in world.hub.seen} == {"/v2/team/app/manifests/1"}


@pytest.mark.parametrize(
    "path",
    [
        "/v2/team/app/manifests/1%0d%0aX-Evil:%201", "/v2/team/app/manifests/1%0a", "/v2/team%0d/app/manifests/1",
        f"/v2/team/app/blobs/sha256:{'a' * 64}%0d%0aX-Evil: 1", "/v2/team/app/tags/list%0d%0a", "/v2/a\rb/manifests/1",
        "/v2/a\tb/manifests/1", "/v2/a\x00b/manifests/1",
    ],
)  # fmt: skip
async def test_50_a_line_end_in_a_name_is_refused(mirror, world, path):
    up = await mirror()
    status, _ = await sent(up, "Host: a", path=path)
    assert status in {400, 404}
    assert world.hub.seen == []


@pytest.mark.parametrize(
    "line",
    [
        "Range: bytes=0-9\r\n X-Evil: 1", "Range: bytes=0-9\rX-Evil: 1", "Accept: a/b\r\n\tX-Evil: 1", "User-Agent: a\x00b",
        "User-Agent: docker\rX-Evil: 1", "If-None-Match: a\x0bb", "Traceparent: \x7f",
    ],
)  # fmt: skip
async def test_50_a_line_end_in_a_field_is_refused(mirror, world, line):
    """mitmproxy itself keeps a folded line, and a lone CR, as they came, and would send them on."""
    up = await mirror()
    assert (await sent(up, "Host: a", line, path=world.blob_path()))[0] == 400
    assert world.hub.seen == world.cdn.seen == []


async def test_50_query_parameters_cannot_end_a_line(mirror, world):
    up = await mirror()
    await sent(up, "Host: a", path="/v2/team/app/tags/list?n=1%0d%0aX-Evil:%201&last=a%20b%26ns%3Dx")
    assert world.hub.seen[-1].target == "/v2/team/app/tags/list?n=1%0D%0AX-Evil%3A%201&last=a%20b%26ns%3Dx"
    await up.ask(
        "GET /token?service=x%0d%0aX-Evil:1&scope=repository:team/app:pull%0d%0aX-Evil:1&account=a%0d%0ab"
    )
    assert all("x-evil" not in seen.headers for seen in world.auth.seen + world.hub.seen)
    assert all("\n" not in seen.target for seen in world.auth.seen)


async def test_50_what_an_upstream_says_cannot_end_a_line(mirror, world):
    """Location, service and other fields with a folded line, a lone CR, a NUL: refused, or without them."""
    up = await mirror(tries="0")
    for bad in (
        "http://cdn.example.net/a\rX-Evil: 1",
        "http://cdn.example.net/a\r\n X-Evil: 1",
        "http://cdn.example.net/\0",
    ):
        world.location = bad
        answer = await up.ask(f"GET {world.blob_path()}", authorization=TOKEN)
        assert answer.status == 502 or "\r\n " in bad
    # A folded line is one with a space (RFC 9112 section 5.2), and a space in a URL is escaped.
    assert [seen.target for seen in world.cdn.seen] == ["/a%20X-Evil:%201"]
    world.location = None
    for bad in ("a\r\n X-Evil: 1", "a\rX-Evil: 1"):
        world.cdn.handle = lambda _, bad=bad: reply(200, BLOB, etag=bad, content_type=bad)
        raw = await up.raw(
            f"GET {world.blob_path()} HTTP/1.1\r\nHost: a\r\nAuthorization: {TOKEN}\r\nConnection: close\r\n\r\n".encode()
        )
        head = raw.partition(b"\r\n\r\n")[0]
        assert all(line.partition(b":")[0].islower() for line in head.split(b"\r\n")[1:])
        assert b"\r" not in head.replace(b"\r\n", b"")
        world.challenge = f'Bearer realm="http://auth.example.org/token",service="{bad}"'
        asked = await up.ask("GET /v2/")
        assert "x-evil" not in asked.headers
        assert asked.status in {401, 502}


@pytest.mark.parametrize(
    "bad", ["/there\r\n X-Evil: 1", "/there\rX-Evil: 1", "/there\x0bx", "http://cdn.example.net\r/x"]
)
async def test_50_a_redirect_of_the_storages_cannot_end_a_line(mirror, world, bad):
    """Here mitmproxy reads the head, and keeps what h11 would not."""
    world.cdn.handle = lambda _: reply(302, location=bad)
    up = await mirror(tries="0")
    answer = await up.ask(f"GET {world.blob_path()}", authorization=TOKEN)
    assert answer.status == 502
    assert len(world.cdn.seen) == 1


@pytest.mark.parametrize(
    "line",
    [
        "CONNECT 127.0.0.1:22", f"CONNECT {HUB}:80", f"GET http://{HUB}/v2/team/app/manifests/1", "GET http://127.0.0.1:22/",
        "TRACE /v2/", "OPTIONS /v2/", "OPTIONS *", "PUT /v2/team/app/manifests/1", "DELETE /v2/team/app/manifests/1",
        "POST /v2/team/app/blobs/uploads/", "PATCH /v2/team/app/blobs/uploads/x", "POST /", "PUT /healthz", "BREW /v2/",
        "GET /v2/team/app/blobs/uploads/x", "POST /v2/team/app/manifests/1", "DELETE /token",
    ],
)  # fmt: skip
async def test_51_it_is_no_proxy_and_takes_no_push(mirror, world, net, line):
    up = await mirror()
    answer = await up.raw(
        f"{line} HTTP/1.1\r\nHost: a\r\nAuthorization: {TOKEN}\r\nConnection: close\r\n\r\n".encode()
    )
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["errors"][0]["code"] == "UNSUPPORTED"
    assert b"\r\nallow: " in answer.lower() or line == "OPTIONS *"
    assert net.dialled_by_mirror() == set()


async def test_51_an_upgrade_is_not_made(mirror, world):
    up = await mirror()
    ask = f"GET /v2/team/app/manifests/1 HTTP/1.1\r\nHost: a\r\nAuthorization: {TOKEN}\r\n"
    for what in ("websocket", "h2c"):
        upgrade = f"Connection: upgrade\r\nUpgrade: {what}\r\nSec-WebSocket-Key: eA==\r\nHTTP2-Settings: AAMAAABk\r\n"
        both = await up.raw(f"{ask}{upgrade}\r\n{ask}Connection: close\r\n\r\n".encode())
        assert (both.count(b"HTTP/1.1 200 "), both.count(MANIFEST)) == (2, 2)
        assert all("upgrade" not in seen.headers for seen in world.hub.seen)


async def test_52_a_mirror_that_leads_to_itself_says_so(mirror, world, net):
    up = await mirror()
    net.route(world.hub.address, 80, ("127.0.0.1", up.port))
    for path in ("/v2/team/app/manifests/1", world.blob_path()):
        answer = await up.ask(f"GET {path}", authorization=TOKEN)
        assert (answer.status, "came back" in answer.says) == (508, True)
    assert len(up.flows) == 4


async def test_52_two_mirrors_that_lead_to_each_other_say_so(mirror, world, net, start):
    """The other one is of another process: it comes back in one hop more, and goes no further."""
    up = await mirror()
    script = ["-s", str(Path(__file__).parents[2] / "addons" / "mirror.py")]
    other = await asyncio.to_thread(start, "--mode", f"reverse:http://127.0.0.1:{up.port}", before=script)
    net.route(world.hub.address, 80, ("127.0.0.1", other.port))
    for path in ("/v2/team/app/manifests/1", world.blob_path()):
        answer = await up.ask(f"GET {path}", authorization=TOKEN)
        assert (answer.status, "came back" in answer.says) == (508, True)
    assert len(up.flows) == 4
    assert world.hub.seen == []


async def test_52_a_chain_of_mirrors_has_an_end(mirror, world):
    """Strangers of its kind: a few are passed, more cannot be right."""
    up = await mirror()
    for count, wanted in ((4, 200), (5, 508)):
        via = ", ".join(f"1.1 pull-inspector-{n:x}" for n in range(count))
        assert (await up.ask("GET /v2/team/app/manifests/1", authorization=TOKEN, via=via)).status == wanted
    assert len(world.hub.seen) == 1
