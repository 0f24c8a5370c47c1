"""Bodies: what is known, what is not, and which are documents."""

import gzip
import hashlib
import json

import pytest

from inspector.core.events import Body, Side
from inspector.sources.flow import events_of
from inspector.sources.metadata import BodyFacts, Facts
from inspector.sources.redact import Redactor

MANIFEST = (
    b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}'
)
EMPTY = hashlib.sha256(b"").hexdigest()
BLOB = "https://registry.test/v2/a/blobs/sha256:" + "a" * 64
TAG = "https://registry.test/v2/a/manifests/latest"
FORM = [(b"Content-Type", b"application/x-www-form-urlencoded; charset=utf-8")]


@pytest.fixture
def body(make_flow, redactor):
    def only(*args, side=Side.SERVER, facts=None, **options):
        flow = make_flow(*args, **options)
        return next(
            (e for e in events_of(flow, redactor, None, facts) if isinstance(e, Body) and e.side is side),
            None,
        )

    return only


def test_a_body_that_was_kept_is_measured(body):
    told = body(BLOB, content=b"abc", response=[(b"Content-Length", b"3")])
    assert (told.size, told.sha256, told.complete) == (3, hashlib.sha256(b"abc").hexdigest(), True)
    assert (told.decoded_size, told.decoded_sha256) == (told.size, told.sha256)
    assert told.document is None


def test_a_coding_is_undone_for_the_second_hash(body):
    coded = gzip.compress(b"abc")
    told = body(BLOB, content=coded, response=[(b"Content-Encoding", b"gzip")])
    assert (told.size, told.sha256) == (len(coded), hashlib.sha256(coded).hexdigest())
    assert (told.decoded_size, told.decoded_sha256) == (3, hashlib.sha256(b"abc").hexdigest())


def test_a_coding_that_does_not_fit_leaves_the_decoded_body_unknown(body):
    told = body(BLOB, content=b"abc", response=[(b"Content-Encoding", b"gzip")])
    assert (told.size, told.decoded_size, told.decoded_sha256) == (3, None, None)


def test_a_streamed_body_is_unknown_and_not_empty(body):
    told = body(BLOB, content=None, response=[(b"Content-Length", b"5000")])
    assert (told.size, told.sha256, told.decoded_size, told.complete) == (None, None, None, True)
    assert body(BLOB, content=None, error="peer closed connection").complete is False


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
@pytest.mark.parametrize("content", [None, b""])
def test_what_has_no_body_is_empty_and_complete(body, method, status, content):
    told = body(BLOB, method=method, status=status, content=content, response=[(b"Content-Length", b"5000")])
    assert (told.size, told.sha256, told.complete) == (0, EMPTY, True)


def test_a_short_body_is_incomplete_without_any_error(body):
    assert body(BLOB, content=b"abc", response=[(b"Content-Length", b"4")]).complete is False
    assert body(BLOB, content=b"abc", response=[(b"Content-Length", b"rubbish")]).complete is True


def test_a_body_that_broke_off_is_incomplete(body):
    assert body(BLOB, content=b"abc", error="peer closed connection").complete is False


def test_the_recorders_facts_win(body):
    facts = Facts(response=BodyFacts(size=9, sha256="b" * 64, complete=False), request=BodyFacts(size=1))
    told = body(BLOB, content=b"abc", facts=facts)
    assert (told.size, told.sha256, told.decoded_sha256, told.complete) == (9, "b" * 64, None, False)
    assert body(BLOB, side=Side.CLIENT, facts=facts).size == 1


def test_a_get_has_no_request_body_and_a_post_has_one(body):
    assert body(BLOB, side=Side.CLIENT) is None
    assert body(BLOB, method="POST", side=Side.CLIENT).size == 0


def test_no_response_no_body(body):
    assert body(BLOB, status=None, error="x") is None


# -- documents -----------------------------------------------------------------------------------------------------------


def test_a_manifest_stays_as_it_is(body):
    assert body(TAG, content=MANIFEST).document == MANIFEST
    assert (
        body(TAG, content=gzip.compress(MANIFEST), response=[(b"Content-Encoding", b"gzip")]).document
        == MANIFEST
    )


@pytest.mark.parametrize(
    ("url", "options"),
    [
        (TAG, {"status": 206}),
        (TAG, {"status": 307}),
        (TAG, {"method": "HEAD"}),
        (TAG, {"error": "peer closed connection"}),
        (TAG, {"response": [(b"Content-Length", b"5000")]}),
        (BLOB, {}),
        ("https://registry.test/v2/a/tags/list", {}),
        ("https://other.test/", {}),
    ],
)
def test_what_is_no_whole_manifest_is_no_document(body, url, options):
    assert body(url, content=MANIFEST, **options).document is None


def test_a_manifest_of_more_than_four_mebibytes_is_not_kept(body):
    big = MANIFEST[:-1] + b" " * 4 * 1024 * 1024 + b"}"
    told = body(TAG, content=big)
    assert (told.document, told.size) == (None, len(big))
    packed = body(TAG, content=gzip.compress(big), response=[(b"Content-Encoding", b"gzip")])
    assert (packed.document, packed.decoded_size) == (None, len(big))


def test_a_page_in_place_of_a_manifest_is_redacted(body):
    assert body(TAG, content=b"<html><title>Log in</title><p>secret</html>").document == (
        b"<html><head><title>Log in</title></head></html>"
    )


def test_a_pushed_manifest_is_a_document(body):
    assert body(TAG, method="PUT", body=MANIFEST, status=201, side=Side.CLIENT).document == MANIFEST
    assert body(TAG, method="PUT", body=b'{"token":"x"}', status=201, side=Side.CLIENT).document is None
    assert body(BLOB, method="PUT", body=MANIFEST, status=201, side=Side.CLIENT).document is None


@pytest.mark.parametrize(
    "answer",
    [{"token": "x" * 30}, {"Access_Token": "x" * 30}, {"refresh_token": "x" * 30, "expires_in": 5}],
)
def test_a_token_answer_is_known_by_what_is_in_it(body, answer):
    document = body("https://any.test/path", content=json.dumps(answer).encode()).document
    assert b"xxxx" not in document
    assert b"\xe2\x80\xb9token " in document


@pytest.mark.parametrize("query", ["?service=a", "?scope=repository:a:pull", "?x=1&service=a"])
def test_an_answer_to_a_token_request_is_a_document_whatever_it_is(body, query):
    assert body("https://auth.test/t" + query, content=b"<html>no token</html>").document.startswith(b'"')
    assert body("https://auth.test/t" + query, content=b"{}").document == b"{}"


def test_a_form_is_a_document_where_it_is_no_registry_route(body):
    form = b"grant_type=password&password=x"
    assert body(
        "https://auth.test/t", method="POST", request=FORM, body=form, side=Side.CLIENT
    ).document.startswith(b"grant_type=")
    assert body(TAG, method="POST", request=FORM, body=form, side=Side.CLIENT).document is None
    assert body("https://auth.test/t", method="POST", body=form, side=Side.CLIENT).document is None


@pytest.mark.parametrize("url", [TAG, BLOB, "https://cdn.test/x"])
def test_a_refusals_body_is_a_document(body, url):
    assert (
        body(url, status=404, content=b'{"errors":[{"code":"X"}]}').document == b'{"errors":[{"code":"X"}]}'
    )


def test_level_none_keeps_a_document_as_it_is(make_flow):
    flow = make_flow("https://any.test/", content=b'{"token":"secret"}')
    told = [event for event in events_of(flow, Redactor("none")) if isinstance(event, Body)]
    assert told[0].document == b'{"token":"secret"}'


def test_a_forms_hash_is_kept_nowhere(body):
    sent = body("https://auth.test/t", method="POST", request=FORM, body=b"password=x", side=Side.CLIENT)
    assert (sent.size, sent.sha256, sent.decoded_sha256) == (10, None, None)


@pytest.mark.parametrize("url", [BLOB, "https://cdn.test/a?sig=1"], ids=["blob", "storage"])
def test_a_page_in_a_blobs_place_is_kept_as_its_title(body, url):
    page = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>secret 1234</body></html>"
    octets = [(b"Content-Type", b"application/octet-stream")]
    told = body(url, content=page, response=octets)
    assert told.document == b"<html><head><title>Sign in</title></head></html>"
    assert body(url, content=b"<svg>" + page, response=octets).document is None
    assert body(url, content=page * 2000, response=octets).document is None


def test_what_answers_a_ping_is_kept(body):
    said = body("https://registry.test/v2/", content=b'{"message":"Welcome"}')
    assert json.loads(said.document) == {"message": "Welcome"}
