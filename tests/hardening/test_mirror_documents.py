"""hardening.md, part C: manifests, digests and referrers as the mirror takes them, on real sockets."""

import gzip
import json

import pytest
from kit.upstream import HUB, MANIFEST_TYPE, sha

MIB = 1024 * 1024
OTHER = b'{"schemaVersion":2,"layers":[{"digest":"sha256:' + b"6" * 64 + b'"}]}'

BAD = {
    "63 hex": "sha256:" + "a" * 63, "65 hex": "sha256:" + "a" * 65, "upper case": "sha256:" + "A" * 64,
    "upper-case algorithm": "SHA256:" + "a" * 64, "no hex": "sha256:" + "g" * 64, "unknown": "md5:" + "a" * 32,
    "unknown and odd": "x+y:" + "a" * 64, "empty": "sha256:", "no algorithm": ":" + "a" * 64, "short sha512": "sha512:" + "a" * 64,
    "dots": "sha256:..", "long": "sha256:" + "a" * 4000, "a space": "sha256:" + "a" * 63 + "+",
}  # fmt: skip


@pytest.fixture
async def up(mirror, world):
    """A mirror, and ``up.auth``, an Authorization for the repository."""
    made = await mirror()
    made.auth = await made.token()
    return made


def has(world, body: bytes, **fields: str) -> None:
    """Have the registry answer manifests with this."""
    world.manifest, world.fields = body, {"content_type": MANIFEST_TYPE} | fields


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
async def test_C27_other_bytes_than_the_digest_asked_for_are_not_served(up, world, algorithm):
    right = world.manifest
    asked = sha(right, algorithm)
    for announced in ("", sha(OTHER), asked, "sha256:../../x"):
        has(world, OTHER, **({"docker_content_digest": announced} if announced else {}))
        got = await up.ask(f"GET /v2/team/app/manifests/{asked}", authorization=up.auth)
        assert (got.status, got.code) == (502, "MANIFEST_INVALID"), announced
        assert got.says == f"mirror of {HUB}: its manifest does not hash to the digest asked for ({asked})"
    assert len(world.hub.seen) == 5  # nothing of it was remembered: the registry was asked each time
    has(world, right)
    assert (await up.ask(f"GET /v2/team/app/manifests/{asked}", authorization=up.auth)).body == right


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
async def test_C27_other_bytes_than_the_digest_announced_are_not_served(up, world, algorithm):
    announced = sha(world.manifest, algorithm)
    has(world, OTHER, docker_content_digest=announced)
    got = await up.ask("GET /v2/team/app/manifests/latest", authorization=up.auth)
    assert (got.status, got.says) == (
        502,
        f"mirror of {HUB}: its manifest does not hash to the digest announced ({announced})",
    )


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_C27_a_digest_that_is_none_does_not_reach_the_client(up, world, method):
    for digest in (*BAD.values(), "sha256:../../etc/x", "x"):
        if digest == BAD["unknown"] or digest == BAD["unknown and odd"]:
            continue  # of the grammar
        has(world, OTHER, docker_content_digest=digest)
        got = await up.ask(f"{method} /v2/team/app/manifests/latest", authorization=up.auth)
        assert (got.status, got.all("docker-content-digest")) == (200, []), digest


@pytest.mark.parametrize(
    "bytes_of", [lambda b: b[:-1] + b"!", lambda b: b[:-1], lambda b: b + b"!"], ids=["one", "short", "long"]
)
@pytest.mark.parametrize("announced", [False, True])
async def test_C27_a_blob_that_is_another_is_a_broken_transfer(up, world, bytes_of, announced):
    path, real = world.blob_path(), world.cdn.handle
    world.blob = bytes_of(world.blob)
    if announced:
        world.cdn.handle = lambda seen: real(seen).replace(
            b"\r\n\r\n", f"\r\ndocker-content-digest: {sha(world.blob)}\r\n\r\n".encode(), 1
        )
    got = await up.ask(f"GET {path}", authorization=up.auth)
    assert not got.whole
    assert got.all("docker-content-digest") == [world.digest]
    assert "wrong content" in up.flows[-1].error.msg


@pytest.mark.parametrize("place", ["manifests", "blobs", "referrers"])
async def test_C28_what_is_no_digest_is_a_400_and_goes_nowhere(up, world, place):
    for name, digest in BAD.items():
        got = await up.ask(f"GET /v2/team/app/{place}/{digest}", authorization=up.auth)
        assert (got.status, got.code) == (400, "DIGEST_INVALID"), name
    assert len(world.hub.seen) == 1


PATHS = [
    "../../etc/passwd",
    "..%2f..%2fetc",
    "a" * 63 + "%00",
    "a" * 63 + "%0d%0aX:y",
    "\\..\\x",
    "%2e%2e/x",
    "a" * 64 + ";x",
]


async def test_C28_nor_does_what_would_be_a_path_of_its_own(up, world):
    for end in PATHS:
        got = await up.ask(f"GET /v2/team/app/blobs/sha256:{end}", authorization=up.auth)
        assert got.status in {400, 404}, end
        assert got.code in {"DIGEST_INVALID", "NAME_INVALID", "UNSUPPORTED"}
    assert len(world.hub.seen) == 1


async def test_C28_nor_bytes_that_no_target_has(up, world):
    for byte in (b"\x00", b"\x0b", b"\x7f", b"\xff", b"\xc0\xaf"):
        target = b"GET /v2/team/app/blobs/sha256:" + b"a" * 63 + byte
        answer = await up.raw(target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400 "), byte
    assert len(world.hub.seen) == 1


@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
async def test_C28_other_algorithms_are_digests_too(up, world, algorithm):
    digest = sha(world.blob, algorithm)
    path = f"/v2/team/app/blobs/{digest}"
    assert (await up.ask(f"GET {path}", authorization=up.auth)).body == world.blob
    assert world.hub.seen[-1].path == path
    world.blob = world.blob[:-1] + b"!"
    assert not (await up.ask(f"GET {path}", authorization=up.auth)).whole


async def test_C29_a_tag_that_moves_is_never_of_two_minds(up, world):
    head = await up.ask("HEAD /v2/team/app/manifests/latest", authorization=up.auth)
    has(world, OTHER, docker_content_digest=sha(OTHER))
    got = await up.ask("GET /v2/team/app/manifests/latest", authorization=up.auth)
    assert head.headers["docker-content-digest"] != got.headers["docker-content-digest"] == sha(got.body)
    # An upstream that still announces what the tag was is not passed on.
    world.fields["docker_content_digest"] = head.headers["docker-content-digest"]
    assert (await up.ask("GET /v2/team/app/manifests/latest", authorization=up.auth)).status == 502


ODD = {
    "descriptors": b'{"layers":null,"config":{"size":-1},"manifests":[{"digest":7,"size":9223372036854775808},{"size":1.5}]}',
    "doubled keys": b'{"mediaType":"a","mediaType":"b","MediaType":"c","layers":[],"Layers":[1]}',
    "nested": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "no JSON": b"\xff\xfe\x00{",
    "many entries": b'{"manifests":['
    + b",".join([b'{"digest":"sha256:' + b"a" * 8 + b'"}'] * 100_000)
    + b"]}",
    "schema1": b'{"schemaVersion":1,"name":"x","signatures":[{}]}',
    "BOM": b"\xef\xbb\xbf{}",
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
async def test_C30_C31_what_stands_in_a_document_is_the_clients_affair(up, world, body):
    has(world, body, docker_content_digest=sha(body))
    for reference in ("latest", sha(body)):
        got = await up.ask(f"GET /v2/team/app/manifests/{reference}", authorization=up.auth)
        assert (got.status, got.body == body, got.whole) == (200, True, True)


@pytest.mark.parametrize(
    "kind", ["application/vnd.docker.distribution.manifest.v1+prettyjws", "application/x; a=b", None]
)
async def test_C32_accept_and_media_type_go_through_as_they_are(up, world, kind):
    has(world, OTHER)
    world.fields = {"content_type": kind} if kind else {}
    accept = (
        "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.index.v1+json;q=0.5"
    )
    got = await up.ask("GET /v2/team/app/manifests/latest", authorization=up.auth, accept=accept)
    assert (got.status, got.body, got.headers.get("content-type")) == (200, OTHER, kind)
    assert world.hub.seen[-1].headers["accept"] == accept


@pytest.mark.parametrize("kind", ["text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml"])
async def test_C32_a_web_page_is_no_document(up, world, kind):
    has(world, b"<!doctype html><html><title>Blocked</title>", content_type=kind)
    for path in ("manifests/latest", "tags/list", "referrers/sha256:" + "a" * 64):
        got = await up.ask(f"GET /v2/team/app/{path}", authorization=up.auth)
        assert (got.status, got.says) == (502, f"mirror of {HUB}: it answered with a web page: Blocked")


async def endless(start: bytes, piece: bytes):
    yield start
    while True:
        yield piece


async def test_C33_four_mib_are_a_manifest_and_one_byte_more_is_not(up, world):
    has(world, b" " * (4 * MIB))
    got = await up.ask("GET /v2/team/app/manifests/latest", authorization=up.auth)
    assert (got.status, len(got.body)) == (200, 4 * MIB)
    has(world, b" " * (4 * MIB + 1))
    got = await up.ask("GET /v2/team/app/manifests/latest", authorization=up.auth)
    assert (got.status, got.code) == (413, "SIZE_INVALID")


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"HTTP/1.1 200 X\r\ncontent-length: 99999999999\r\n\r\n", b" " * 65536),
        (b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n"),
        (b"HTTP/1.1 200 X\r\n\r\n", b" " * 65536),
    ],
    ids=["told", "chunked", "to the end"],
)
async def test_C33_nor_is_one_without_end(up, world, start, piece):
    world.hub.handle = lambda _: endless(start, piece)
    for path in ("manifests/latest", "tags/list", "referrers/sha256:" + "a" * 64):
        got = await up.ask(f"GET /v2/team/app/{path}", authorization=up.auth)
        assert (got.status, got.code) == (413, "SIZE_INVALID"), path


async def test_C33_nor_one_that_is_small_until_it_is_unpacked(up, world):
    has(world, gzip.compress(b" " * (5 * MIB)), content_encoding="gzip")
    got = await up.ask("GET /v2/team/app/manifests/latest", authorization=up.auth)
    assert (got.status, got.code) == (502, "MANIFEST_INVALID")


RESERIALISED = {
    "pretty": lambda body: json.dumps(json.loads(body), indent=4).encode(),
    "compact": lambda body: json.dumps(json.loads(body), separators=(",", ":")).encode(),
    "a line more": lambda body: body + b"\n",
    "CRLF": lambda body: body.replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("change", RESERIALISED.values(), ids=RESERIALISED)
async def test_C34_what_was_written_anew_on_the_way_is_not_served(up, world, change):
    digest = sha(world.manifest)
    has(world, change(world.manifest), docker_content_digest=digest)
    for reference in ("latest", digest):
        got = await up.ask(f"GET /v2/team/app/manifests/{reference}", authorization=up.auth)
        assert (got.status, digest in got.says) == (502, True)


async def test_C34_the_mirror_changes_no_byte_and_asks_for_no_coding(up, world):
    body = b'{ "b" : 1,\r\n\t"a":"\\u00e9\xc3\xa9" } \n'
    has(world, body, docker_content_digest=sha(body))
    got = await up.ask(
        "GET /v2/team/app/manifests/latest", authorization=up.auth, accept_encoding="gzip, zstd"
    )
    assert (got.body, got.headers["docker-content-digest"]) == (body, sha(body))
    assert world.hub.seen[-1].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip"])
async def test_C34_one_that_was_compressed_unasked_is_hashed_as_what_it_is(up, world, coding):
    body = world.manifest
    digest = sha(body)
    has(world, gzip.compress(body), docker_content_digest=digest, content_encoding=coding)
    got = await up.ask(f"GET /v2/team/app/manifests/{digest}", authorization=up.auth)
    kept = gzip.decompress(got.body) if got.headers.get("content-encoding") else got.body
    assert (got.status, kept) == (200, body)
    has(world, gzip.compress(OTHER), docker_content_digest=digest, content_encoding=coding)
    assert (await up.ask(f"GET /v2/team/app/manifests/{digest}", authorization=up.auth)).status == 502


async def test_C35_referrers_are_asked_for_by_a_digest_and_a_type_alone(up, world):
    digest = "sha256:" + "a" * 64
    has(world, b'{"manifests":[]}', oci_subject="sha256:x", oci_filters_applied="artifactType", x_evil="1")
    query = "artifactType=a/b%26n=1%0d%0aX:y&n=7&ns=&token=canary"
    got = await up.ask(
        f"GET /v2/team/app/referrers/{digest}?{query.replace('ns=&', '')}", authorization=up.auth
    )
    assert (got.status, got.headers["oci-filters-applied"], got.all("x-evil")) == (200, "artifactType", [])
    assert (
        world.hub.seen[-1].target == f"/v2/team/app/referrers/{digest}?artifactType=a%2Fb%26n%3D1%0D%0AX%3Ay"
    )


async def test_C35_the_tag_of_a_referrer_is_a_tag(up, world):
    has(world, OTHER)
    tag = "sha256-" + "a" * 64
    assert (await up.ask(f"GET /v2/team/app/manifests/{tag}", authorization=up.auth)).body == OTHER
    for tag in ("sha256-" + "a" * 64 + "/../x", "-sha256", "sha256-" + "a" * 200, "sha256-<script>"):
        assert (await up.ask(f"GET /v2/team/app/manifests/{tag}", authorization=up.auth)).status in {400, 404}
    assert len(world.hub.seen) == 2
