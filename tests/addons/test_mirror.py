"""The mirror on real sockets. Numbers are those of the hardening list."""

import asyncio
import base64
import json

from inspector.mirror.trace import KEY

LOGIN = "Basic " + base64.b64encode(b"alice:canary-password").decode()


def blob_path(world, name="alpine"):
    import hashlib

    return f"/v2/{name}/blobs/sha256:{hashlib.sha256(world.blob).hexdigest()}"


async def test_a_pull_from_challenge_to_blob(mirror, world):
    up = await mirror()
    ping = await up.ask("GET /v2/")
    assert ping.status == 401
    assert ping.headers["www-authenticate"] == f'Bearer realm="http://{up.host}/token",service="the.registry"'
    auth = await up.token("alpine")
    manifest = await up.ask("GET /v2/alpine/manifests/latest", authorization=auth)
    assert (manifest.status, manifest.body) == (200, world.manifest)
    assert "set-cookie" not in manifest.headers
    blob = await up.ask(f"GET {blob_path(world)}", authorization=auth)
    assert (blob.status, blob.body == world.blob, blob.whole) == (200, True, True)
    assert world.tokens.seen[-1].query == {
        "service": ["the.registry"],
        "scope": ["repository:library/alpine:pull"],
    }
    assert world.registry.seen[-1].path == blob_path(world, "library/alpine")
    assert "authorization" not in world.storage.seen[-1].headers


async def test_a_range_and_a_head(mirror, world):
    up = await mirror()
    auth = await up.token("alpine")
    part = await up.ask(f"GET {blob_path(world)}", authorization=auth, range="bytes=10-19")
    assert (part.status, part.body, part.headers["content-range"]) == (
        206,
        world.blob[10:20],
        f"bytes 10-19/{len(world.blob)}",
    )
    head = await up.ask(f"HEAD {blob_path(world)}", authorization=auth)
    assert (head.status, head.headers["content-length"]) == (200, str(len(world.blob)))


async def test_20_a_head_is_answered_though_its_redirect_is_signed_for_get(mirror, world):
    up = await mirror()
    real = world.storage.handle
    world.storage.handle = lambda seen: (
        real(seen) if seen.method == "GET" else b"HTTP/1.1 403 X\r\ncontent-length: 0\r\n\r\n"
    )
    head = await up.ask(f"HEAD {blob_path(world)}", authorization=await up.token("alpine"))
    assert (head.status, head.headers["content-length"]) == (200, str(len(world.blob)))


async def test_a_registry_that_has_its_blobs_itself(mirror, world):
    world.redirect = 200
    up = await mirror()
    blob = await up.ask(f"GET {blob_path(world)}", authorization=await up.token("alpine"))
    assert (blob.status, blob.body == world.blob) == (200, True)
    assert world.storage.seen == []


async def test_a_cut_is_healed(mirror, world):
    world.cuts = [1000, 70_000]
    up = await mirror()
    blob = await up.ask(f"GET {blob_path(world)}", authorization=await up.token("alpine"))
    assert (blob.status, blob.body == world.blob, blob.whole) == (200, True, True)
    ranges = [seen.headers.get("range") for seen in world.storage.seen]
    assert ranges == [None, f"bytes=1000-{len(world.blob) - 1}", f"bytes=71000-{len(world.blob) - 1}"]


async def test_36_a_cut_that_cannot_be_healed_is_seen(mirror, world):
    world.cuts = [1000] * 9
    up = await mirror(tries="2")
    blob = await up.ask(f"GET {blob_path(world)}", authorization=await up.token("alpine"))
    assert not blob.whole


async def test_another_blob_in_place_of_the_rest_is_a_broken_transfer(mirror, world):
    world.cuts = [1000]
    up = await mirror()
    auth = await up.token("alpine")
    real = world.storage.handle

    def changed(seen):
        world.etag = '"two"' if "range" in seen.headers else '"one"'
        return real(seen)

    world.storage.handle = changed
    assert not (await up.ask(f"GET {blob_path(world)}", authorization=auth)).whole


async def test_27_a_blob_that_is_another_is_a_broken_transfer(mirror, world):
    up = await mirror()
    path, auth = blob_path(world), await up.token("alpine")
    world.blob = world.blob[:-1] + b"!"
    got = await up.ask(f"GET {path}", authorization=auth)
    assert not got.whole
    assert "wrong content" in up.flows[-1].error.msg


async def test_18_redirects_are_followed_to_an_end(mirror, world):
    up = await mirror()
    auth = await up.token("alpine")
    real = world.storage.handle
    world.storage.handle = lambda seen: (
        real(seen)
        if seen.path == "/there"
        else b"HTTP/1.1 302 X\r\nlocation: there\r\ncontent-length: 0\r\n\r\n"
    )
    assert (await up.ask(f"GET {blob_path(world)}", authorization=auth)).body == world.blob
    world.storage.handle = lambda _: b"HTTP/1.1 302 X\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n"
    looped = await up.ask(f"GET {blob_path(world)}", authorization=auth)
    assert looped.status == 502
    assert "redirect" in looped.error["message"]


async def test_17_19_redirects_to_where_the_mirror_may_not_go(mirror, world):
    up = await mirror()
    auth = await up.token("alpine")
    for location in (
        "http://127.0.0.2:1/x",
        "http://[::1]/",
        "http://169.254.169.254/",
        "file:///etc/passwd",
        "http://2130706434/",
    ):
        world.location = location
        for method in ("GET", "HEAD"):
            assert (await up.ask(f"{method} {blob_path(world)}", authorization=auth)).status == 502
    assert world.storage.seen == []


async def test_21_a_signed_url_that_has_expired_is_asked_for_again(mirror, world):
    world.refusals = [b"HTTP/1.1 403 X\r\ncontent-length: 0\r\n\r\n"]
    up = await mirror()
    assert (
        await up.ask(f"GET {blob_path(world)}", authorization=await up.token("alpine"))
    ).body == world.blob


async def test_a_storage_that_is_down_once_and_one_that_stays_down(mirror, world):
    down = b"HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n"
    world.refusals = [down]
    up = await mirror()
    auth = await up.token("alpine")
    assert (await up.ask(f"GET {blob_path(world)}", authorization=auth)).body == world.blob
    world.refusals = [down] * 9
    got = await up.ask(f"GET {blob_path(world)}", authorization=auth)
    assert got.status == 503
    assert "the storage of docker.io, 127.0.0.1, answered 503" in got.error["message"]


async def test_60_an_upstreams_error_is_the_clients(mirror, world):
    up = await mirror()
    got = await up.ask("GET /v2/alpine/manifests/missing", authorization=await up.token("alpine"))
    assert (got.status, got.error["code"]) == (404, "MANIFEST_UNKNOWN")


async def test_an_upstream_that_is_down_is_named(mirror, world):
    up = await mirror()
    auth = await up.token("alpine")
    world.storage.stop()
    got = await up.ask(f"GET {blob_path(world)}", authorization=auth)
    assert got.status == 502
    assert "docker.io" in got.error["message"]
    assert "127.0.0.1" in got.error["message"]


async def test_63_the_next_address_is_asked_when_one_is_dead(mirror, world):
    up = await mirror(upstreams=[f"docker.io=http://127.0.0.1:1,{world.registry.url}"])
    auth = await up.token("alpine")
    assert (await up.ask("GET /v2/alpine/manifests/latest", authorization=auth)).status == 200
    assert (await up.ask(f"GET {blob_path(world)}", authorization=auth)).body == world.blob


async def test_14_many_clients_make_one_token_request(mirror, world):
    up = await mirror()
    await asyncio.gather(*(up.token("alpine") for _ in range(40)))
    assert len(world.tokens.seen) == 1


async def test_13_credentials_go_to_the_token_service_alone(mirror, world):
    up = await mirror()
    await up.token("alpine")
    await up.ask("GET /token?scope=repository:alpine:pull&account=alice", authorization=LOGIN)
    await up.ask(
        "POST /token", b"grant_type=password&username=alice&password=canary-password&scope=repository:a:pull"
    )
    await up.ask("GET /v2/alpine/manifests/latest", authorization=LOGIN)
    await up.ask(f"GET {blob_path(world)}", authorization=LOGIN)
    assert [seen.headers.get("authorization") for seen in world.tokens.seen] == [None, LOGIN, None]
    assert b"canary-password" in world.tokens.seen[-1].body
    assert LOGIN not in [
        seen.headers.get("authorization") for seen in world.registry.seen + world.storage.seen
    ]


async def test_1_a_realm_inward_is_not_dialled(mirror, world):
    world.challenge = 'Bearer realm="http://127.0.0.2:9/token",service="x"'
    up = await mirror()
    got = await up.ask("GET /v2/")
    assert got.status == 502
    assert "127.0.0.2" in got.error["message"]
    assert (await up.ask("GET /token?scope=repository:a:pull")).status == 502


async def test_own_mode_asks_nothing_of_clients(mirror, world, tmp_path):
    (tmp_path / "pw").write_text("canary-password")
    up = await mirror(auth="own", credentials=[f"docker.io=alice:{tmp_path / 'pw'}"])
    assert (await up.ask("GET /v2/")).status == 200
    assert (await up.ask("GET /v2/alpine/manifests/latest")).body == world.manifest
    assert (await up.ask(f"GET {blob_path(world)}")).body == world.blob
    assert (await up.ask("GET /token")).status == 404
    assert [seen.headers.get("authorization") for seen in world.tokens.seen] == [LOGIN]


async def test_own_mode_with_users(mirror, world, tmp_path):
    import bcrypt

    (tmp_path / "users").write_text("bob:" + bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode())
    up = await mirror(auth="own", htpasswd=str(tmp_path / "users"))
    refused = await up.ask("GET /v2/")
    assert (refused.status, refused.headers["www-authenticate"]) == (401, f'Basic realm="{up.host}"')
    assert (await up.ask("GET /v2/alpine/manifests/latest", authorization=LOGIN)).status == 401
    bob = "Basic " + base64.b64encode(b"bob:secret").decode()
    assert (await up.ask("GET /v2/", authorization=bob)).status == 200
    assert (await up.ask("GET /v2/alpine/manifests/latest", authorization=bob)).body == world.manifest
    assert bob not in [seen.headers.get("authorization") for seen in world.registry.seen + world.tokens.seen]


async def test_pass_mode_changes_nothing(mirror, world):
    up = await mirror(auth="pass", redirects="pass")
    ping = await up.ask("GET /v2/")
    assert (
        ping.headers["www-authenticate"] == f'Bearer realm="{world.tokens.url}/token",service="the.registry"'
    )
    got = await up.ask("GET /v2/alpine/manifests/latest", authorization="Bearer token-x")
    assert (got.body, world.registry.seen[-1].path) == (world.manifest, "/v2/alpine/manifests/latest")


async def test_redirects_passed_on_and_rewritten(mirror, world):
    up = await mirror(redirects="pass")
    got = await up.ask(f"GET {blob_path(world)}", authorization=await up.token("alpine"))
    assert (got.status, got.headers["location"]) == (307, f"{world.storage.url}/blob?signature=canary-url")
    up = await mirror(redirects="rewrite")
    got = await up.ask(f"GET {blob_path(world)}", authorization=await up.token("alpine"))
    assert got.headers["location"].startswith(f"http://{up.host}/redirect/")
    path = got.headers["location"].removeprefix(f"http://{up.host}")
    assert (await up.ask(f"GET {path}")).body == world.blob
    assert (await up.ask(f"GET {path}", range="bytes=1-2")).body == world.blob[1:3]
    assert (await up.ask("GET /redirect/guess")).status == 404


async def test_51_a_push_gets_405(mirror, world):
    up = await mirror()
    for line, body in (("POST /v2/a/b/blobs/uploads/", b""), ("PUT /v2/a/b/manifests/x", b"{}")):
        got = await up.ask(line, body)
        assert (got.status, got.error["code"]) == (405, "UNSUPPORTED")
    assert world.registry.seen == []


async def test_51_a_large_upload_is_refused_and_not_kept(mirror, world):
    up = await mirror()
    got = await up.ask("PUT /v2/a/b/blobs/uploads/x", bytes(2_000_000))
    assert (got.status, got.error["code"]) == (405, "UNSUPPORTED")
    assert not up.flows[-1].request.raw_content


async def test_61_a_head_that_comes_a_byte_at_a_time_is_not_waited_for(mirror, world, monkeypatch):
    monkeypatch.setattr("inspector.mirror.guests.IDLE", 0.2)
    monkeypatch.setattr("inspector.mirror.house._TICK", 0.05)
    up = await mirror()
    reader, writer = await asyncio.open_connection("127.0.0.1", up.port)
    writer.write(b"GET /v2/ HTTP/1.1\r\nHost: ")
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    writer.close()


async def test_51_it_is_no_proxy(mirror, world):
    up = await mirror()
    for data in (
        b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n",
        f"GET {world.storage.url}/blob HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode(),
        b"TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ):
        answer = await up.raw(data)
        assert answer.startswith(b"HTTP/1.1 405 ")
        assert b'"code": "UNSUPPORTED"' in answer
    assert world.storage.seen == world.registry.seen == []


async def test_48_two_hosts_are_refused(mirror, world):
    up = await mirror()
    answer = await up.raw(b"GET /v2/ HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert world.registry.seen == []


async def test_47_a_path_that_hides_another_is_refused(mirror, world):
    up = await mirror()
    for path in ("/v2/a%2fb/manifests/x", "/v2/../v2/", "/v2/a/..%2f/manifests/x", "//v2/"):
        assert (await up.ask(f"GET {path}")).status == 404
    assert world.registry.seen == []


async def test_33_a_manifest_of_more_than_4_mib(mirror, world):
    world.manifest = b" " * (4 * 1024 * 1024 + 1)
    up = await mirror()
    got = await up.ask("GET /v2/alpine/manifests/latest", authorization=await up.token("alpine"))
    assert (got.status, got.error["code"]) == (413, "SIZE_INVALID")


async def test_52_a_mirror_that_is_its_own_upstream(mirror, world):
    first = await mirror()
    second = await mirror(target=f"http://{first.host}")
    first.master.options.update(mirror_upstreams=[f"docker.io=http://{second.host}"])
    got = await first.ask("GET /v2/alpine/manifests/latest")
    assert got.status == 508


async def test_ns_of_a_listed_upstream(mirror, world):
    up = await mirror()
    got = await up.ask("GET /v2/library/alpine/manifests/latest?ns=docker.io", authorization="Bearer token-x")
    assert (got.status, got.headers["oci-namespace"]) == (200, "docker.io")
    assert world.registry.seen[-1].query == {}
    assert (await up.ask("GET /v2/a/b/manifests/x?ns=127.0.0.1")).status == 404


async def test_what_was_done_upstream_stands_beside_the_flow(mirror, world):
    world.cuts = [1000]
    up = await mirror()
    await up.ask(f"GET {blob_path(world)}", authorization=await up.token("alpine"))
    flow = up.flows[-1]
    entry = flow.metadata[KEY]
    assert flow.request.path == blob_path(world)
    assert (entry["upstream"], entry["repository"]) == ("docker.io", "library/alpine")
    told = [(done["status"], done["body"], done["error"] is None) for done in entry["exchanges"]]
    assert told == [(307, False, True), (200, False, False), (307, False, True), (206, True, True)]
    assert entry["received"] <= entry["decided"]


async def test_70_no_secret_is_left_in_the_metadata_or_the_log(mirror, world, caplog):
    caplog.set_level("DEBUG")
    up = await mirror()
    auth = await up.token("alpine")
    await up.ask(f"GET {blob_path(world)}", authorization=auth)
    await up.ask("GET /token?scope=repository:alpine:pull&account=alice", authorization=LOGIN)
    told = json.dumps([flow.metadata.get(KEY) for flow in up.flows]) + caplog.text
    for secret in (auth, LOGIN, "canary"):
        assert secret not in told


async def test_a_mistake_in_the_options_is_one_line(mirror):
    import pytest
    from mitmproxy.exceptions import OptionsError

    with pytest.raises(OptionsError, match="mirror_auth: is one of relay, own, pass"):
        await mirror(auth="maybe")


async def test_the_home_page_and_health(mirror):
    up = await mirror()
    page = await up.ask("GET /", host="mirror.test:5000")
    assert b"docker pull mirror.test:5000/hello-world" in page.body
    assert (await up.ask("GET /healthz")).body == b"ok\n"


async def test_62_a_transfer_under_way_may_end_when_it_is_told_to_stop(mirror, world):
    up = await mirror()
    auth = await up.token("alpine")
    real, reached, go_on = world.storage.handle, asyncio.Event(), asyncio.Event()

    async def slow(seen):
        reached.set()
        await go_on.wait()
        return real(seen)

    world.storage.handle = slow
    pull = asyncio.create_task(up.ask(f"GET {blob_path(world)}", authorization=auth))
    await reached.wait()
    up.master.shutdown()
    await asyncio.sleep(0.2)
    go_on.set()
    got = await pull
    assert (got.body == world.blob, got.whole) == (True, True)


async def test_38_contradicting_lengths_are_refused(mirror, world):
    up = await mirror()
    for lengths in (
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 1\r\nContent-Length: 2\r\n",
    ):
        answer = await up.raw(b"GET /v2/ HTTP/1.1\r\nHost: a\r\n" + lengths + b"\r\n")
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b'"errors"' in answer
    assert world.registry.seen == []
