"""What a fault is told of the request that it may break."""

import pytest
from mitmproxy.test import tutils

from inspector.core.events import Peer, RequestHead
from inspector.core.exchange import Exchange
from inspector.core.pull import Stage
from inspector.faults.fault import Asked, digest_of


def asked(path="/v2/a/b/manifests/latest", challenge=None, method=b"GET", **headers):
    url = f"https://r.test{path}"
    head = RequestHead(
        id="1", time=1.0, method=method.decode(), url=url, host="r.test", http_version="HTTP/1.1", headers=(),
        client=Peer(address=None, port=None, connection="c"),
    )  # fmt: skip
    fields = tuple((name.encode(), value.encode()) for name, value in headers.items())
    request = tutils.treq(method=method, headers=fields)
    return Asked(request=request, exchange=Exchange(head), stage=Stage.MANIFEST, challenge=challenge)


def test_what_the_path_names():
    assert asked().repository == "a/b"
    assert asked("/elsewhere").repository == "library/app"
    assert asked("/elsewhere").route is None


@pytest.mark.parametrize("value", ["Bearer x", "bearer x", "BEARER"])
def test_the_scheme_is_told_whatever_its_case(value):
    assert asked(authorization=value).scheme == "bearer"
    assert asked().scheme == ""


def test_realm_and_service_are_those_of_the_last_challenge():
    one = asked(challenge='Bearer realm="https://t.test/token",service="s"')
    assert (one.realm, one.service) == ("https://t.test/token", "s")
    assert (asked().realm, asked().service) == ("https://r.test/token", "r.test")


def test_head_has_no_body():
    assert asked(method=b"HEAD").is_head
    assert not asked().is_head


def test_a_digest_is_written_as_images_write_it():
    assert digest_of(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
