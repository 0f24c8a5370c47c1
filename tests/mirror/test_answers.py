"""What clients get of an upstream's answer: fields, errors, documents, links."""

import gzip
import hashlib
import json

import pytest

from inspector.mirror.answers import blob_fields, decoded, for_client, kept, not_fetched, storage_error
from inspector.mirror.challenge import Known
from inspector.mirror.model import Kind, Reply, Target

BODY = b'{"schemaVersion":2}'
DIGEST = "sha256:" + hashlib.sha256(BODY).hexdigest()
URL = "https://registry-1.docker.io/v2/library/alpine/manifests/latest"
KNOWN = Known(realm="https://auth.docker.io/token", service="s")
UNAUTHORIZED = b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]}'


@pytest.fixture
def answered(settings):
    def answer(
        *headers,
        status=200,
        body=BODY,
        method="GET",
        kind=Kind.MANIFEST,
        reference="latest",
        ns=None,
        known=KNOWN,
        setup=None,
        url=URL,
    ):
        setup = setup or settings()
        target = Target(
            kind=kind,
            upstream=setup.upstream("docker.io"),
            path="/",
            own="https://m.test",
            asked="alpine",
            repository="library/alpine",
            reference=reference,
            ns=ns,
        )
        return for_client(
            method, target, Reply(status=status, headers=headers, body=body, url=url), known, setup
        )

    return answer


def test_a_document_goes_through_byte_for_byte(answered, fields):
    answer = answered(("content-type", "application/x"), ("docker-content-digest", DIGEST), ("etag", '"x"'))
    assert (answer.status, answer.body) == (200, BODY)
    assert fields(answer) == {
        "content-type": "application/x",
        "docker-content-digest": DIGEST,
        "etag": '"x"',
        "content-length": "19",
    }


def test_what_an_upstream_sets_for_its_own_origin_is_dropped():
    own = (
        "set-cookie",
        "strict-transport-security",
        "alt-svc",
        "connection",
        "transfer-encoding",
        "x-powered-by",
        "server",
    )
    assert kept(tuple((name, "x") for name in own)) == ()


def test_50_a_value_cannot_end_its_line():
    assert kept((("etag", "a\r\nset-cookie: b\x00"),)) == (("etag", "aset-cookie: b"),)


def test_a_head_keeps_the_length_of_what_it_tells_of(answered, fields):
    answer = answered(("content-length", "1260"), method="HEAD", body=b"")
    assert (answer.body, fields(answer)["content-length"]) == (b"", "1260")


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", ""])
def test_38_a_length_that_is_none_is_not_passed_on(answered, fields, length):
    assert "content-length" not in fields(answered(("content-length", length), method="HEAD", body=b""))


def test_not_modified_has_no_body(answered):
    assert answered(status=304, body=b"").status == 304


def test_the_challenge_is_the_mirrors(answered, fields):
    asks = ("www-authenticate", 'Bearer realm="https://auth.docker.io/token",service="s"')
    for status in (200, 401, 403, 404):
        answer = answered(asks, status=status, body=UNAUTHORIZED if status >= 400 else BODY)
        assert answer.status == status
        assert fields(answer)["www-authenticate"] == 'Bearer realm="https://m.test/token",service="s"'


def test_3_a_challenge_that_may_not_be_followed_is_an_error(answered, error):
    known = Known(problem="its realm is on evil.test")
    answer = answered(
        ("www-authenticate", 'Bearer realm="https://evil.test/"'), status=401, body=b"", known=known
    )
    assert error(answer)[0] == 502
    assert "docker.io: its realm is on evil.test" in error(answer)[2]


def test_in_own_mode_clients_meet_no_challenge(answered, fields, settings):
    asks = ("www-authenticate", 'Bearer realm="https://auth.docker.io/token"')
    answer = answered(asks, status=401, body=UNAUTHORIZED, setup=settings(auth="own"))
    assert answer.status == 401
    assert "www-authenticate" not in fields(answer)


def test_3_in_own_mode_the_client_hears_why_the_mirror_could_not_log_in(answered, error, settings):
    asks = ("www-authenticate", 'Bearer realm="https://evil.test/token"')
    known = Known(problem="its realm is on evil.test")
    answer = answered(asks, status=401, body=UNAUTHORIZED, setup=settings(auth="own"), known=known)
    assert error(answer) == (502, "DENIED", "mirror of docker.io: its realm is on evil.test")


def test_in_pass_mode_nothing_is_changed(answered, fields, settings):
    asks = ("www-authenticate", 'Bearer realm="https://auth.docker.io/token"')
    answer = answered(asks, ("x-own", "y"), status=401, body=b"<html>", setup=settings(auth="pass"))
    assert (answer.status, answer.body) == (401, b"<html>")
    assert fields(answer) == {"www-authenticate": asks[1], "x-own": "y", "content-length": "6"}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_60_the_upstreams_own_words_reach_the_client(answered, fields, status):
    body = json.dumps({"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}).encode()
    answer = answered(("retry-after", "9"), ("content-type", "application/json"), status=status, body=body)
    if status != 401:  # that needs a challenge
        assert (answer.status, answer.body) == (status, body)
        assert fields(answer)["retry-after"] == "9"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html><title>502 Bad Gateway</title>", "docker.io answered 502: 502 Bad Gateway"),
        (b"<?xml version='1.0'?><Error><Code>SlowDown</Code></Error>", "docker.io answered 502: SlowDown"),
        (b"", "docker.io answered 502"),
        (b"\xff\xfe", "docker.io answered 502"),
        (b"[" * 100_000, "docker.io answered 502"),
    ],
)
def test_23_a_page_becomes_an_oci_error_that_says_who(answered, error, fields, body, words):
    answer = answered(("content-type", "text/html"), status=502, body=body)
    assert error(answer) == (502, "UNKNOWN", words)
    assert fields(answer)["content-type"] == "application/json"


@pytest.mark.parametrize("kind", ["text/html", "Text/HTML; charset=x", "application/xhtml+xml"])
def test_32_a_web_page_is_no_document(answered, error, kind):
    page = b"<html><title>Blocked</title>"
    answer = answered(("content-type", kind), body=page)
    assert error(answer) == (502, "UNAVAILABLE", "mirror of docker.io: it answered with a web page: Blocked")
    assert answered(("content-type", "text/plain"), body=page).body == page
    assert answered(("content-type", kind), method="HEAD", body=b"").status == 200


def test_27_a_manifest_that_is_another_is_not_passed_on(answered, error):
    wrong = "sha256:" + "0" * 64
    assert error(answered(reference=wrong))[:2] == (502, "MANIFEST_INVALID")
    assert error(answered(("docker-content-digest", wrong)))[0] == 502
    assert answered(("docker-content-digest", DIGEST), reference=DIGEST).status == 200


def test_27_other_algorithms_are_computed_too(answered, error):
    right = "sha512:" + hashlib.sha512(BODY).hexdigest()
    assert answered(reference=right).status == 200
    assert error(answered(reference="sha512:" + "0" * 128))[0] == 502


@pytest.mark.parametrize("digest", ["sha256:xyz", "x", "sha256:" + "0" * 63])
def test_27_a_malformed_digest_field_is_dropped(answered, fields, digest):
    answer = answered(("docker-content-digest", digest))
    assert answer.status == 200
    assert "docker-content-digest" not in fields(answer)


def test_46_a_coding_is_undone_before_hashing(answered, error):
    packed = gzip.compress(BODY)
    assert answered(("content-encoding", "gzip"), reference=DIGEST, body=packed).body == packed
    assert error(answered(("content-encoding", "br"), reference=DIGEST))[0] == 502
    assert decoded(Reply(status=200, headers=(("content-encoding", "gzip"),), body=packed[:-3])) is None
    bomb = gzip.compress(b"0" * 5_000_000)
    assert decoded(Reply(status=200, headers=(("content-encoding", "gzip"),), body=bomb)) is None


def test_ns_is_answered(answered, fields):
    assert fields(answered(ns="docker.io"))["oci-namespace"] == "docker.io"
    assert "oci-namespace" not in fields(answered())


@pytest.mark.parametrize(
    ("link", "ns", "shown"),
    [
        (
            '</v2/library/alpine/tags/list?n=2&last=b>; rel="next"',
            None,
            '</v2/alpine/tags/list?n=2&last=b>; rel="next"',
        ),
        ("<tags/list?last=b>", "docker.io", None),
        (
            '<https://registry-1.docker.io/v2/library/alpine/tags/list?last=b&ns=x>; rel="next"',
            "docker.io",
            '</v2/alpine/tags/list?last=b&ns=docker.io>; rel="next"',
        ),
        ('<https://evil.test/v2/library/alpine/tags/list>; rel="next"', None, None),
        ('<//evil.test/v2/library/alpine/tags/list>; rel="next"', None, None),
        ('</v2/other/tags/list>; rel="next"', None, None),
        ("nonsense", None, None),
    ],
)
def test_26_a_list_goes_on_at_the_mirror_or_not_at_all(answered, fields, link, ns, shown):
    url = "https://registry-1.docker.io/v2/library/alpine/tags/list"
    answer = answered(("link", link), kind=Kind.TAGS, reference=None, ns=ns, url=url)
    assert fields(answer).get("link") == shown


@pytest.fixture
def blob(settings):
    return Target(
        kind=Kind.BLOB,
        upstream=settings().upstream("docker.io"),
        path="/",
        own="",
        reference=DIGEST,
        ns="docker.io",
    )


def test_a_blobs_digest_is_the_one_asked_for(blob):
    got = dict(blob_fields(blob, (("docker-content-digest", "x"), ("content-length", "5"), ("server", "s"))))
    assert got == {"content-length": "5", "docker-content-digest": DIGEST, "oci-namespace": "docker.io"}


def test_22_a_storages_refusal_names_it_and_its_code(blob, error):
    xml = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
    assert error(storage_error(blob, 403, "https://cdn.test/x", xml)) == (
        403,
        "DENIED",
        "mirror of docker.io: the storage of docker.io, cdn.test, answered 403: AccessDenied",
    )
    assert error(storage_error(blob, 404, "https://registry-1.docker.io/v2/x"))[1:] == (
        "BLOB_UNKNOWN",
        "mirror of docker.io: docker.io answered 404",
    )
    assert error(storage_error(blob, 204, "https://cdn.test"))[0] == 502


def test_what_never_came_says_why(blob, error):
    assert error(not_fetched(blob, "https://cdn.test/x", "connection refused", head=None)) == (
        502,
        "UNAVAILABLE",
        "mirror of docker.io: cdn.test: connection refused",
    )
    assert error(not_fetched(blob, "https://cdn.test/x", "status 503", head=()))[0] == 503
    later = not_fetched(
        blob, "https://cdn.test/x", "status 429", head=(("retry-after", "7"), ("set-cookie", "c"))
    )
    assert ("retry-after", "7") in later.headers
    assert "set-cookie" not in dict(later.headers)
