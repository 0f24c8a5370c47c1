"""Routes: every endpoint of the specification, and the paths that only look like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.routes import Route, RouteKind, parse_route, referrers_tag_of, signature_of

HEX = "bc77" + "0" * 60
DIGEST = f"sha256:{HEX}"
NAME = "library/alpine"


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v2/", Route(RouteKind.PING)),
        ("/v2", Route(RouteKind.PING)),
        ("/docker_hub/v2/", Route(RouteKind.PING, prefix="/docker_hub")),
        (f"/v2/{NAME}/blobs/{DIGEST}", Route(RouteKind.BLOB, NAME, DIGEST)),
        (f"/v2/{NAME}/manifests/3.20", Route(RouteKind.MANIFEST, NAME, "3.20")),
        (f"/v2/{NAME}/manifests/{DIGEST}", Route(RouteKind.MANIFEST, NAME, DIGEST)),
        (f"/v2/{NAME}/manifests/sha256%3A{HEX}", Route(RouteKind.MANIFEST, NAME, DIGEST)),
        (f"/v2/{NAME}/blobs/uploads/", Route(RouteKind.UPLOAD, NAME)),
        (f"/v2/{NAME}/blobs/uploads", Route(RouteKind.UPLOAD, NAME)),
        (f"/v2/{NAME}/blobs/uploads/0f-1a", Route(RouteKind.UPLOAD, NAME)),
        (f"/v2/{NAME}/tags/list", Route(RouteKind.TAGS, NAME)),
        (f"/v2/{NAME}/referrers/{DIGEST}", Route(RouteKind.REFERRERS, NAME, DIGEST)),
        ("/v2/_catalog", Route(RouteKind.CATALOG)),
        ("/v1/search", Route(RouteKind.SEARCH)),
        ("/v2/search/repositories/", Route(RouteKind.SEARCH)),
        ("/docker_hub/v2/library/alpine/manifests/latest", Route(RouteKind.MANIFEST, NAME, "latest", "/docker_hub")),
        ("/v2/a/b/c/d/e/manifests/x", Route(RouteKind.MANIFEST, "a/b/c/d/e", "x")),
        ("/v2/manifests/blobs/manifests/latest", Route(RouteKind.MANIFEST, "manifests/blobs", "latest")),
        ("/v2/blobs/uploads/tags/list", Route(RouteKind.TAGS, "blobs/uploads")),
        ("/v2/search/manifests/latest", Route(RouteKind.MANIFEST, "search", "latest")),
        ("/v2/a/v2/b/manifests/x", Route(RouteKind.MANIFEST, "a/v2/b", "x")),
        ("/v2/library%2Falpine/manifests/x", Route(RouteKind.MANIFEST, NAME, "x")),
        ("/v2/a%252Fb/manifests/x", Route(RouteKind.MANIFEST, "a%2Fb", "x")),
        ("/v2/a%1b%ff/manifests/x", Route(RouteKind.MANIFEST, "a\\x1b�", "x")),
        (f"/extensions/v2/{NAME}/signatures/{DIGEST}", Route(RouteKind.SIGNATURE, NAME, DIGEST)),
        (f"/webassets/sigstore/ubi8/ubi@sha256={HEX}/signature-1",
         Route(RouteKind.SIGNATURE, "ubi8/ubi", DIGEST, "/webassets/sigstore")),
        (f"/ubi8/ubi@sha256={HEX}/signature-12", Route(RouteKind.SIGNATURE, "ubi8/ubi", DIGEST)),
    ],
)  # fmt: skip
def test_routes(path: str, route: Route) -> None:
    assert parse_route(path) == route


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "v2/",
        "/v1/_ping",
        "/v2/token",
        "/v2//service/token",
        "/token",
        f"/registry-v2/docker/registry/v2/blobs/sha256/bc/{HEX}/data",
        f"/docker/registry/v2/blobs/sha256/bc/{HEX}/data",
        f"/v2/blobs/{DIGEST}",
        f"/ghcr1/blobs/{DIGEST}",
        "/v2/manifests/latest",
        "/v2/a/manifests/",
        "/v2/a/manifests/x/y",
        "/v2/a/tags",
        "/v2/uploads/",
        "/oauth2/v2",
        "/x@sha256=abc/signature-1",
        f"/x@sha256={HEX}/signature-x",
        "/v2/" + "a/" * 5000 + "manifests/x",
    ],
)
def test_other_paths_are_no_routes(path: str) -> None:
    assert parse_route(path) is None


def test_upload_tells_the_digest_that_closes_or_mounts_it() -> None:
    path = f"/v2/{NAME}/blobs/uploads/"
    assert parse_route(path, f"digest=sha256%3A{HEX}") == Route(RouteKind.UPLOAD, NAME, DIGEST)
    assert parse_route(path, f"mount={DIGEST}&from=library/x") == Route(RouteKind.UPLOAD, NAME, DIGEST)
    assert parse_route(path, "digest=x") == Route(RouteKind.UPLOAD, NAME)


def test_tag_and_digest_are_told_apart() -> None:
    kinds = {
        ref: parse_route(f"/v2/a/manifests/{ref}")
        for ref in ("latest", DIGEST, "sha256:12", f"sha256-{HEX}.sig")
    }
    found = {ref: (route.is_tag, route.is_digest) for ref, route in kinds.items() if route}
    assert found == {
        "latest": (True, False),
        DIGEST: (False, True),
        "sha256:12": (False, False),
        f"sha256-{HEX}.sig": (True, False),
    }
    blob = parse_route(f"/v2/a/blobs/{DIGEST}")
    assert blob
    assert (blob.is_tag, blob.is_digest) == (False, True)


@pytest.mark.parametrize("suffix", ["sig", "att", "sbom"])
def test_tag_scheme_of_signatures(suffix: str) -> None:
    assert signature_of(f"sha256-{HEX}.{suffix}") == DIGEST
    assert referrers_tag_of(f"sha256-{HEX}.{suffix}") is None


def test_tag_scheme_of_referrers() -> None:
    assert referrers_tag_of(f"sha256-{HEX}") == DIGEST
    assert signature_of(f"sha256-{HEX}") is None
    for text in ("latest", f"sha256-{HEX[1:]}", f"sha256-{HEX}.tar", f"sha256-{HEX.upper()}.sig", DIGEST):
        assert (signature_of(text), referrers_tag_of(text)) == (None, None)


PART = st.sampled_from(
    ["v2", "blobs", "manifests", "uploads", "tags", "list", "referrers", "a", "library", "search"]
)


@given(st.lists(PART, min_size=1, max_size=6), st.sampled_from(["manifests", "blobs", "referrers"]))
def test_a_name_of_any_words_is_matched_from_the_right(words: list[str], noun: str) -> None:
    name = "/".join(words)
    route = parse_route(f"/v2/{name}/{noun}/{DIGEST}")
    assert route is not None
    assert (route.repository, route.reference, route.prefix) == (name, DIGEST, "")


PIECE = (
    st.sampled_from(["/", "%2f", "..", "@sha256=", "signature-1", "extensions", "%", "\x00", "_catalog"])
    | PART
)


@given(
    st.text(st.characters()) | st.lists(PIECE).map("/".join) | st.lists(PIECE).map("".join),
    st.text(st.characters()),
)
def test_any_text_gives_a_route_or_none(path: str, query: str) -> None:
    for start in ("", "/", "/v2/"):
        assert isinstance(parse_route(start + path, query), Route | None)
    assert signature_of(path) is None
    assert referrers_tag_of(path) is None
