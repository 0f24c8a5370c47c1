"""hardening.md, part B: redirects and storages as the mirror takes them, on real sockets."""

import json

import pytest
from kit.upstream import CDN, HUB, reply
from mitmproxy.exceptions import OptionsError

SECRETS = {
    "cookie": "session=canary-cookie",
    "x_custom_token": "canary-custom",
    "proxy_authorization": "Basic canary",
    "referer": "https://here.example/?sig=canary-referer",
    "private_token": "canary-gitlab",
}
MANIFEST = "/v2/team/app/manifests/latest"


def redirected(world, place: str):
    """Have the registry answer every manifest with a redirect, and what is asked for at ``place`` with the document."""
    real = world.hub.handle
    world.hub.handle = lambda seen: (
        reply(307, location=place)
        if "/manifests/" in seen.path and "authorization" in seen.headers
        else real(seen)
    )
    storage = world.cdn.handle
    world.cdn.handle = lambda seen: (
        storage(seen) if "/blob" in seen.path else reply(200, world.manifest, **world.fields)
    )


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("auth", ["relay", "pass"])
async def test_B16_nothing_secret_crosses_to_another_origin(mirror, world, method, auth):
    second = await world.host(HUB, lambda seen: reply(302, location=f"{world.cdn.url}/blob"), port=8080)
    world.location = f"{second.url}/blob"  # the registry's own host, and still another origin
    up = await mirror(auth=auth)
    token = "Bearer token-canary"
    redirected(world, f"{second.url}/manifest")
    for path in (world.blob_path(), MANIFEST):
        got = await up.ask(f"{method} {path}", authorization=token, **SECRETS)
        assert (got.status, got.whole) == (200, True)
    assert [seen.headers["authorization"] for seen in world.hub.seen] == [token, token]
    assert len(second.seen) == len(world.cdn.seen) == 2
    for seen in second.seen + world.cdn.seen:
        assert "canary" not in json.dumps(seen.lines)


async def test_B16_what_stays_within_one_origin_goes_along(mirror, world):
    real = world.hub.handle
    world.hub.handle = lambda seen: world.storage_of(seen) if seen.path == "/stored" else real(seen)
    world.storage_of = lambda seen: reply(200 if seen.headers.get("authorization") else 401, world.blob)
    world.location = "/stored"
    up = await mirror()
    got = await up.ask(f"GET {world.blob_path()}", authorization=await up.token())
    assert (got.body == world.blob, world.hub.seen[-1].path) == (True, "/stored")


async def test_B16_no_client_certificate_is_shown_to_a_storage(mirror, bare_world, authority, tmp_path):
    world = await bare_world.build(cdn="https", asks=True)
    file = tmp_path / "client.pem"
    authority.issue_cert("client.example.org").private_key_and_cert_chain_pem.write_to_path(str(file))
    with pytest.raises(OptionsError, match="client_certs: "):
        await mirror(more={"client_certs": str(file)})
    folder = tmp_path / "certificates"
    folder.mkdir()
    file.rename(folder / f"{HUB}.pem")
    up = await mirror(more={"client_certs": str(folder)})
    assert (await up.ask(f"GET {world.blob_path()}", authorization=await up.token())).body == world.blob
    assert not world.cdn.certified


LEGAL = {
    "relative": ("stored", "/v2/team/app/blobs/stored"),
    "absolute path": ("/stored", "/stored"),
    "query alone": ("?stored=1", None),
    "fragment": (f"http://{HUB}/stored#part", "/stored"),
    "dots": ("../../x/../stored", "/v2/team/stored"),
    "protocol-relative": (f"//{CDN}/blob?a=%2F+b", "/blob?a=%2F+b"),
    "not ASCII": (f"http://{CDN}/blob?name=\u00e9\u00fc", "/blob?name=%C3%A9%C3%BC"),
    "a space": (f"http://{CDN}/blob?name=a b", "/blob?name=a%20b"),
    "upper case": (f"HTTP://{CDN.upper()}:80/blob?X", "/blob?X"),
    "15 KiB": (f"http://{CDN}/blob?sig=" + "s" * 15_000, "/blob?sig=" + "s" * 15_000),
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("location", "asked"), LEGAL.values(), ids=LEGAL)
async def test_B17_a_legal_location_is_resolved(mirror, world, location, asked, method):
    real = world.hub.handle
    world.hub.handle = lambda seen: reply(200, world.blob) if "stored" in seen.target else real(seen)
    world.location = location.encode().decode("latin-1")
    up = await mirror()
    got = await up.ask(f"{method} {world.blob_path()}", authorization=await up.token())
    assert (got.status, got.headers["content-length"]) == (200, str(len(world.blob)))
    there = (world.cdn.seen or world.hub.seen)[-1]
    assert there.target == (asked or world.blob_path() + "?stored=1")


ILLEGAL = {
    "empty": "", "spaces": "  ", "userinfo": f"http://alice:pw@{CDN}/blob", "user": f"http://alice@{CDN}/blob",
    "file": "file:///etc/passwd", "data": "data:text/plain,x", "javascript": "javascript:alert(1)", "ftp": f"ftp://{CDN}/",
    "no host": "http:///blob", "port 0": f"http://{CDN}:0/blob", "port 99999": f"http://{CDN}:99999/blob",
    "long": f"http://{CDN}/" + "x" * 16_384, "a tab": f"http://{CDN}/blob\tx", "backslash": f"http://{CDN}\\@evil.example/",
    "brackets": "http://[::1/blob", "two dots": "http://a..b/blob", "a bare word with a scheme": "https:blob",
}  # fmt: skip


async def test_B17_what_is_no_location_is_a_502(mirror, world, net):
    up = await mirror()
    auth = await up.token()
    for name, location in ILLEGAL.items():
        world.location = location
        head = await up.ask(f"HEAD {world.blob_path()}", authorization=auth)
        got = await up.ask(f"GET {world.blob_path()}", authorization=auth)
        assert (head.status, got.status) == (502, 502), name
        assert got.says == f"mirror of {HUB}: it answered 307 with a Location that is no http or https URL"
    assert net.dialled_by_mirror() == {world.hub.address, world.auth.address}


async def test_B17_no_location_and_several_are_a_502_too(mirror, world):
    up = await mirror()
    auth = await up.token()
    for fields, words in (
        ((), "no Location"),
        ((f"http://{CDN}/blob", f"http://{CDN}/b"), "several Location fields"),
    ):
        world.hub.handle = lambda _, fields=fields: reply(307, b"", *(("location", text) for text in fields))
        got = await up.ask(f"GET {world.blob_path()}", authorization=auth)
        assert (got.status, words in got.says) == (502, True)
    assert world.cdn.seen == []


@pytest.mark.parametrize("path", ["blob", "manifest"])
@pytest.mark.parametrize(
    ("onward", "words"), [("/again", "circle|more than 5 redirects"), ("/hop%d", "more than 5 redirects")],
    ids=["circle", "11 hops"],
)  # fmt: skip
async def test_B18_redirects_end_at_five(mirror, world, path, onward, words):
    location = f"{world.cdn.url}/1"
    redirected(world, location)
    world.location = location
    world.cdn.handle = lambda _: reply(302, location=onward.replace("%d", str(len(world.cdn.seen))))
    up = await mirror()
    got = await up.ask(
        f"GET {world.blob_path() if path == 'blob' else MANIFEST}", authorization=await up.token()
    )
    assert got.status == 502
    assert any(text in got.says for text in words.split("|"))
    assert len(world.cdn.seen) <= 5


@pytest.mark.parametrize("path", ["blob", "manifest"])
async def test_B18_five_are_followed(mirror, world, path):
    real = world.cdn.handle
    redirected(world, f"{world.cdn.url}/1")
    world.location = f"{world.cdn.url}/1"
    stored = world.cdn.handle
    world.cdn.handle = lambda seen: (
        reply(302, location=f"/hop{len(world.cdn.seen)}") if len(world.cdn.seen) < 5
        else (real if path == "blob" else stored)(seen)
    )  # fmt: skip
    up = await mirror()
    got = await up.ask(
        f"GET {world.blob_path() if path == 'blob' else MANIFEST}", authorization=await up.token()
    )
    assert got.body == (world.blob if path == "blob" else world.manifest)


@pytest.mark.parametrize("late", [False, True], ids=["at once", "at the second hop"])
async def test_B18_from_https_to_http_only_where_it_is_allowed(mirror, bare_world, late):
    world = await bare_world.build(scheme="https", auth="https")
    if late:
        middle = await world.host(
            "middle.example.net", lambda _: reply(302, location=f"{world.cdn.url}/blob"), scheme="https"
        )
        world.location = f"{middle.url}/blob"
    up = await mirror(f"https://{HUB}")
    auth = await up.token()
    got = await up.ask(f"GET {world.blob_path()}", authorization=auth)
    assert (got.status, f"it redirects from https to http ({CDN})" in got.says) == (502, True)
    assert world.cdn.seen == []
    may = await mirror(f"https://{HUB}", http_redirects="on")
    assert (await may.ask(f"GET {world.blob_path()}", authorization=auth)).body == world.blob


INSIDE = {
    "loopback": ("127.0.0.9", []), "metadata": ("169.254.169.254", []), "private": ("10.1.2.3", []),
    "a number": ("2130706433", []), "an inner name": ("minio.svc", ["10.1.2.3"]),
    "a public name that leads inside": ("files.example.net", ["10.1.2.3"]), "IPv6": ("[::1]", []),
}  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("late", [False, True], ids=["at once", "by the storage"])
async def test_B19_a_redirect_inside_is_not_followed(mirror, world, net, method, late):
    up = await mirror()
    auth = await up.token()
    for name, (host, addresses) in INSIDE.items():
        net.names |= {host: [addresses]} if addresses else {}
        inside = f"http://{host}:9000/latest/meta-data"
        world.cdn.handle = lambda _, inside=inside: reply(302, location=inside)
        world.location = None if late else inside
        got = await up.ask(f"{method} {world.blob_path()}", authorization=auth)
        assert (got.status, method == "HEAD" or "not allowed" in got.says) == (502, True), name
    known = {world.hub.address, world.auth.address, world.cdn.address}
    assert net.dialled_by_mirror() - known == set()


@pytest.mark.parametrize("allowed", ["minio.svc", "10.1.0.0/16"])
async def test_B19_but_where_it_is_configured(mirror, world, net, allowed):
    net.names["minio.svc"] = [["10.1.2.3"]]
    net.route("10.1.2.3", 9000, world.cdn.place)
    world.location = "http://minio.svc:9000/blob"
    up = await mirror(allow_private=[allowed])
    assert (await up.ask(f"GET {world.blob_path()}", authorization=await up.token())).body == world.blob


async def test_B19_the_address_that_was_judged_is_the_one_that_mitmproxy_dials(mirror, world, net):
    trap = await world.trap("127.0.0.9", 80)
    net.names[CDN] = [[world.cdn.address], ["127.0.0.9"]]
    up = await mirror()
    assert (await up.ask(f"GET {world.blob_path()}", authorization=await up.token())).body == world.blob
    assert (trap.connections, net.asked.count(CDN)) == (0, 1)
