"""The CDN gives a blob, or a range of it, to whoever has a URL that is signed and in time, and brings no token."""

from urllib.parse import urlsplit

import pytest

from inspector.lab.cdn import LIFETIME, UrlSigner, blob_path, ranged
from inspector.lab.hub import CDN, REGISTRY

NOW = 1_800_000_000.0
DIGEST = "sha256:" + "ab" * 32


@pytest.fixture(name="signed")
def fixture_signed(ask, repository):
    """A blob and the path and query under which the hub's registry says it is to be had."""
    digest, blob = next(item for item in repository.blobs.items() if len(item[1]) > 100_000)
    location = ask(REGISTRY, f"/v2/demo/app/blobs/{digest}", ask.bearer()).headers["Location"]
    parts = urlsplit(location)
    assert parts.netloc == CDN
    return blob, f"{parts.path}?{parts.query}"


def verify_of(url):
    return urlsplit(url).query.removeprefix("verify=")


def test_a_signed_url_holds_until_it_expires():
    signer = UrlSigner(CDN)
    verify = verify_of(signer.sign(DIGEST, NOW))
    assert signer.allows(blob_path(DIGEST), verify, NOW + LIFETIME - 1)
    assert not signer.allows(blob_path(DIGEST), verify, NOW + LIFETIME)


def test_a_signature_is_good_for_its_own_path_time_and_key():
    signer = UrlSigner(CDN)
    verify = verify_of(signer.sign(DIGEST, NOW))
    expires, _, mac = verify.partition("-")
    assert not signer.allows(blob_path("sha256:" + "cd" * 32), verify, NOW)
    assert not signer.allows(blob_path(DIGEST), f"{int(expires) + 1}-{mac}", NOW)
    assert not UrlSigner(CDN).allows(blob_path(DIGEST), verify, NOW)


@pytest.mark.parametrize("verify", ["", "-", "x-y", "9" * 5000 + "-y", "²-y", "-1-y", "1800000001-ä"])
def test_what_is_no_signature_is_refused(verify):
    assert not UrlSigner(CDN).allows(blob_path(DIGEST), verify, NOW)


@pytest.mark.parametrize(
    ("asked", "status", "content_range", "body"),
    [
        (None, 200, None, b"0123456789"),
        ("bytes=0-3", 206, "bytes 0-3/10", b"0123"),
        ("bytes=7-", 206, "bytes 7-9/10", b"789"),
        ("bytes=7-99", 206, "bytes 7-9/10", b"789"),
        ("bytes=10-", 416, "bytes */10", b""),
        ("bytes=5-3", 416, "bytes */10", b""),
        ("bytes=-3", 200, None, b"0123456789"),
        ("bytes=0-1,4-5", 200, None, b"0123456789"),
        ("pages=1-2", 200, None, b"0123456789"),
    ],
)
def test_ranges(asked, status, content_range, body):
    got_status, headers, got_body = ranged(b"0123456789", asked)
    assert (got_status, headers.get("Content-Range"), got_body) == (status, content_range, body)


def test_the_whole_blob_and_a_range_of_it(ask, signed):
    blob, path = signed
    whole = ask(CDN, path)
    assert (whole.status, whole.body == blob, whole.headers["Accept-Ranges"]) == (200, True, "bytes")
    part = ask(CDN, path, {"Range": "bytes=1000-1999"})
    assert (part.status, part.body == blob[1000:2000]) == (206, True)


def test_a_head_says_how_long_the_blob_is(ask, signed):
    blob, path = signed
    answer = ask(CDN, path, method="HEAD")
    assert (answer.status, answer.headers["Content-Length"], answer.body) == (200, str(len(blob)), b"")


def test_a_token_besides_the_signature_is_refused(ask, signed):
    assert ask(CDN, signed[1], {"Authorization": "Bearer x"}).status == 400


def test_a_broken_signature_is_refused(ask, signed):
    assert ask(CDN, signed[1][:-1] + ("0" if signed[1][-1] != "0" else "1")).status == 403
    assert ask(CDN, signed[1].partition("?")[0]).status == 403
