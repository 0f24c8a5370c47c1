"""What single faults do to an answer, where the embedded client's pull cannot show it. Through a real mitmproxy."""

import base64
import hashlib
import json

import pytest

from inspector.faults.catalogue import faults
from inspector.lab.client import PullError
from inspector.lab.content import INDEX, MANIFEST
from inspector.lab.hub import REGISTRY

BASE = f"https://{REGISTRY}/v2/"
TAG = f"{BASE}demo/app/manifests/latest"
LOGIN = "Basic " + base64.b64encode(b"alice:canary-password").decode()


def digest_of(body):
    return "sha256:" + hashlib.sha256(body).hexdigest()


def blobs(world):
    """The digests of the image's blobs by size, the largest last."""
    kept = world.hub.repositories["demo/app"].blobs
    return sorted(kept, key=lambda digest: len(kept[digest]))


def test_a_login_is_asked_for_and_refused(world):
    world.order("credentials-refused")
    first, second = world.ask("GET", BASE), world.ask("GET", BASE, authorization=LOGIN)
    assert [first.status, second.status] == [401, 401]
    assert second.headers["www-authenticate"] == 'Basic realm="registry"'
    assert world.came(None).codes == ["credentials-refused"]
    assert "canary-password" not in "".join(world.log)


def test_a_login_that_is_asked_for_is_not_refused(world):
    world.order("credentials-missing")
    assert world.ask("GET", BASE).headers["www-authenticate"].startswith("Basic")
    assert world.ask("GET", BASE, authorization=LOGIN).headers["www-authenticate"].startswith("Bearer")


def test_a_namespace_is_refused_and_nothing_else(world):
    world.order("ns-not-supported")
    auth = world.bearer()
    assert world.ask("HEAD", TAG + "?ns=docker.io", authorization=auth).status == 400
    assert world.ask("HEAD", TAG, authorization=auth).status == 200
    assert "ns-not-supported" in world.came(None).codes


def test_who_takes_an_oci_index_gets_it_and_others_do_not(world):
    world.order("accept-too-narrow")
    auth = world.bearer()
    assert world.ask("GET", TAG, authorization=auth, accept=INDEX).status == 200
    assert world.ask("GET", TAG, authorization=auth, accept=MANIFEST).status == 404
    assert "accept-too-narrow" in world.came(None).codes


def test_head_is_refused_and_get_is_not(world):
    world.order("head-get-differ")
    auth = world.bearer()
    assert world.ask("HEAD", TAG, authorization=auth).status == 405
    assert world.ask("GET", TAG, authorization=auth).status == 200
    assert world.came(None).codes == ["head-get-differ"]


def test_a_link_for_get_is_no_good_for_head(world):
    world.order("signed-url-method")
    link = world.blob(blobs(world)[0])
    assert world.ask("HEAD", link).status == 403
    assert world.ask("GET", link).status == 200
    assert "signed-url-method" in world.came(None).codes


@pytest.mark.parametrize("name", ["platform-missing", "not-an-image", "schema1"])
def test_another_document_is_told_of_by_head_and_get_alike_and_had_by_its_digest(world, name):
    world.order(name)
    auth = world.bearer()
    head, get = world.ask("HEAD", TAG, authorization=auth), world.ask("GET", TAG, authorization=auth)
    digest = digest_of(get.body)
    for answer in (head, get):
        assert answer.status == 200
        assert answer.headers["docker-content-digest"] == digest
        assert answer.headers["content-length"] == str(len(get.body))
        assert answer.headers["content-type"] == head.headers["content-type"]
    assert head.body == b""
    own = world.ask("GET", f"{BASE}demo/app/manifests/{digest}", authorization=auth)
    assert (own.status, own.body) == (200, get.body)
    empty = world.ask("GET", f"{BASE}demo/app/blobs/{digest_of(b'{}')}", authorization=auth)
    assert (empty.status, empty.body) == (200, b"{}")
    assert len(world.log) == 2


def test_the_true_document_is_not_touched_where_the_tag_is_refused(world):
    world.order("platform-missing")
    assert world.ask("HEAD", TAG).status == 401
    assert world.ask("HEAD", TAG).body == b""
    assert world.log == []


def test_a_tag_moves_with_each_answer(world):
    world.order("tag-moved")
    auth = world.bearer()
    head, get = world.ask("HEAD", TAG, authorization=auth), world.ask("GET", TAG, authorization=auth)
    assert head.headers["docker-content-digest"] != get.headers["docker-content-digest"]
    assert (
        json.loads(get.body)["manifests"]
        == json.loads(world.ask("GET", TAG, authorization=auth).body)["manifests"]
    )
    assert world.came(None).codes == ["tag-moved"]


def test_a_range_is_dropped_on_its_way_and_recorded_as_it_came(world):
    world.order("range-ignored")
    link = world.blob(blobs(world)[-1])
    whole = world.ask("GET", link, range="bytes=10-")
    assert (whole.status, len(whole.body)) == (200, 300_000)
    assert world.ask("GET", link, range="bytes=0-9").status == 206
    flow = world.came(None).flows[-2]
    assert flow.request.headers["range"] == "bytes=10-"


def test_a_byte_is_turned_where_it_was_said(world):
    world.order("digest-mismatch", fault_after="5")
    digest = blobs(world)[-1]
    true, got = world.hub.repositories["demo/app"].blobs[digest], world.ask("GET", world.blob(digest)).body
    assert [n for n, (a, b) in enumerate(zip(true, got, strict=True)) if a != b] == [5]


def test_gzip_holds_the_true_bytes(world):
    import gzip

    world.order("content-encoding")
    digest = blobs(world)[-1]
    got = world.ask("GET", world.blob(digest))
    assert got.headers["content-encoding"] == "gzip"
    assert digest_of(gzip.decompress(got.body)) == digest


def test_a_cut_comes_after_as_many_bytes_as_were_said(world):
    world.order("body-truncated", fault_after="1000")
    link = world.blob(blobs(world)[-1])
    with pytest.raises(PullError, match=r"IncompleteRead\(1000 bytes read, 299000 more expected\)"):
        world.ask("GET", link)
    error = world.came(None).flows[-1].error
    assert error.msg.startswith("peer closed connection")


@pytest.mark.usefixtures("brief")
def test_a_stall_lasts_until_the_client_leaves(world):
    world.order("stalled")
    link = world.blob(blobs(world)[-1])
    with pytest.raises(PullError, match="timed out"):
        world.ask("GET", link)
    came = world.came(None)
    assert came.flows[-1].error.msg == "Client disconnected."
    assert came.pulls[-1].steps[-1].exchange.response_body.size == 150_000


@pytest.mark.usefixtures("brief")
def test_a_slow_body_moves_all_the_same(world):
    world.order("slow")
    answer = world.ask("GET", world.blob(blobs(world)[0]))
    assert digest_of(answer.body) == blobs(world)[0]


def test_every_fault_says_in_a_line_what_it_does():
    assert all(
        fault.what and not fault.what.endswith(".") and len(fault.what) < 90 for fault in faults().values()
    )
