"""Decisions: a request and the settings go in, what becomes of it comes out."""

import msgspec
import pytest

from inspector.mirror.model import Answer, FetchToken, Follow, Forward, Home, Kind
from inspector.mirror.policy import decide, loops, scopes_of

DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def decided(settings, request_for):
    def decision(line, *, setup=None, **how):
        return decide(request_for(line, **how), setup or settings(), identity="feed")

    return decision


@pytest.mark.parametrize(
    ("target", "kind", "path"),
    [
        ("/v2/", Kind.PING, "/v2/"),
        ("/v2", Kind.PING, "/v2/"),
        ("/v2/alpine/manifests/latest", Kind.MANIFEST, "/v2/library/alpine/manifests/latest"),
        (f"/v2/a/b/c/d/manifests/{DIGEST}", Kind.MANIFEST, f"/v2/a/b/c/d/manifests/{DIGEST}"),
        (f"/v2/alpine/blobs/{DIGEST}", Kind.BLOB, f"/v2/library/alpine/blobs/{DIGEST}"),
        ("/v2/alpine/tags/list?n=2&last=b%26c&x=1", Kind.TAGS, "/v2/library/alpine/tags/list?n=2&last=b%26c"),
        (
            f"/v2/a/b/referrers/{DIGEST}?artifactType=x%2Fy",
            Kind.REFERRERS,
            f"/v2/a/b/referrers/{DIGEST}?artifactType=x%2Fy",
        ),
        ("/v2/ghcr.io/o/n/manifests/1", Kind.MANIFEST, "/v2/o/n/manifests/1"),
        (f"/v2/blobs/manifests/blobs/{DIGEST}", Kind.BLOB, f"/v2/blobs/manifests/blobs/{DIGEST}"),
    ],
)
def test_what_goes_to_the_upstream(decided, target, kind, path):
    for method in ("GET", "HEAD"):
        decision = decided(f"{method} {target}")
        assert isinstance(decision, Forward)
        assert (decision.target.kind, decision.target.path) == (kind, path)


@pytest.mark.parametrize(
    "target", ["/v2/", "/token?scope=repository:a/b:pull", "/", "/redirect/x", "/nothing"]
)
def test_a_mirror_with_a_certificate_answers_nothing_in_clear(decided, error, settings, target):
    """A challenge would be answered with a password."""
    setup = msgspec.structs.replace(settings(), tls=True)
    refused = error(decided(f"GET {target}", setup=setup, host="m.test:5000"))
    assert refused == (400, "UNSUPPORTED", "this mirror speaks TLS only: https://m.test:5000")
    assert not isinstance(decided("GET /v2/", setup=setup, secure=True), Answer)
    assert decided("GET /healthz", setup=setup).status == 200


def test_a_trusted_proxy_may_speak_plain_http_to_it(decided, settings):
    setup = msgspec.structs.replace(settings(trusted_proxies=["192.0.2.0/24"]), tls=True)
    assert isinstance(decided("GET /v2/", setup=setup, peer="192.0.2.1"), Forward)


def test_a_target_keeps_what_the_client_wrote(decided):
    target = decided("GET /v2/ghcr.io/o/n/manifests/1", host="m.test:5000").target
    assert (target.asked, target.repository, target.prefix) == ("ghcr.io/o/n", "o/n", "ghcr.io/")
    assert target.own == "http://m.test:5000"
    assert not target.named


def test_ns_is_answered_by_its_name_and_not_sent_on(decided):
    target = decided("GET /v2/o/n/tags/list?ns=ghcr.io&n=1").target
    assert (target.upstream.name, target.ns, target.named) == ("ghcr.io", "ghcr.io", True)
    assert target.path == "/v2/o/n/tags/list?n=1"


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/v2/a/b/blobs/uploads/", f"/v2/a/b/manifests/{DIGEST}", "/v2/a/b/manifests/x", "/v2/"]
)
def test_51_a_push_is_told_that_this_is_pull_only(decided, error, fields, method, path):
    answer = decided(f"{method} {path}")
    assert error(answer)[:2] == (405, "UNSUPPORTED")
    assert "pull only" in error(answer)[2]
    assert fields(answer)["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "path",
    [
        "/v2/a/../b/manifests/x",
        "/v2//a/manifests/x",
        "/v2/a//b/manifests/x",
        "/v2/v2/",
        "/v2/a\\b/manifests/x",
        "/v2/a;b/manifests/x",
        "/v2/A/manifests/x",
        "/v2/" + "a" * 256 + "/manifests/x",
        "/v1/search",
        "/v2/_catalog",
        "/v2/a/manifests/",
        "/x/v2/a/manifests/x",
        "/extensions/v2/a/signatures/x",
        "/favicon.ico",
        "/healthz/",
        "/token/",
        "/token/a/b",
        "/redirect/",
    ],
)
def test_47_other_paths_are_an_oci_404(decided, error, path):
    assert error(decided(f"GET {path}"))[0] == 404


@pytest.mark.parametrize(
    "digest",
    [
        "sha256:" + "a" * 63,
        "sha256:" + "A" * 64,
        "sha256:..",
        "md5:" + "a" * 32,
        "sha256:" + "a" * 64 + "b",
        ":",
        "sha512:" + "a" * 64,
    ],
)
@pytest.mark.parametrize("route", ["blobs", "manifests", "referrers"])
def test_28_a_digest_that_is_none_is_a_400(decided, error, route, digest):
    assert error(decided(f"GET /v2/a/b/{route}/{digest}"))[:2] == (400, "DIGEST_INVALID")


@pytest.mark.parametrize("tag", ["-a", ".a", "a" * 129, "a~b"])
def test_50_a_tag_that_is_none_is_a_400(decided, error, tag):
    assert error(decided(f"GET /v2/a/b/manifests/{tag}"))[:2] == (400, "TAG_INVALID")


def test_the_home_page_and_health(decided, error):
    assert decided("GET /", host="m.test") == Home(own="http://m.test")
    assert decided("GET /healthz").status == 200
    assert error(decided("POST /"))[0] == 405
    assert error(decided("DELETE /healthz"))[0] == 405


def test_48_a_closed_list_of_hosts_closes_the_home_page_too(decided, settings, error):
    setup = settings(hosts=["mirror.test"])
    assert error(decided("GET /", host="evil.test", setup=setup))[0] == 421
    assert error(decided("GET /token", host="evil.test", setup=setup))[0] == 421
    assert isinstance(decided("GET /", host="mirror.test:5000", setup=setup), Home)


def test_the_token_endpoint(decided, error):
    plain = decided("GET /token?scope=repository:a:pull")
    assert plain == FetchToken(
        own="http://mirror.test", host="mirror.test", named=None, query="scope=repository:a:pull"
    )
    assert decided("POST /token/ghcr.io").named == "ghcr.io"
    assert error(decided("GET /token/quay.io"))[0] == 404
    assert error(decided("PUT /token"))[0] == 405


def test_a_rewritten_redirect_comes_back(decided):
    assert decided("GET /redirect/abc") == Follow(own="http://mirror.test", key="abc")


@pytest.mark.parametrize(
    ("via", "back"),
    [
        ("1.1 pull-inspector-feed", True),
        ("1.1 nginx, 1.1 pull-inspector-feed, 1.0 x", True),
        ("1.1 pull-inspector-beef", False),
        (", ".join("1.1 pull-inspector-beef" for _ in range(5)), True),
        ("1.1 nginx", False),
    ],
)
def test_52_a_request_of_its_own_is_not_sent_again(decided, error, via, back):
    decision = decided("GET /v2/", via=via)
    assert isinstance(decision, Answer) == back
    if back:
        assert error(decision)[0] == 508
    assert loops((("via", via),), "feed") == back


def test_scopes_of_several_parameters_and_several_in_one():
    assert scopes_of([("scope", "a b"), ("x", "y"), ("scope", "c")]) == ["a", "b", "c"]


def test_in_pass_mode_names_are_left_alone(decided, settings):
    assert decided("GET /v2/alpine/tags/list", setup=settings(auth="pass")).target.repository == "alpine"
