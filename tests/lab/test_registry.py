"""The registry challenges, serves manifests by tag and digest, and sends clients to the CDN for blobs."""

import pytest

from inspector.lab.hub import AUTH, CDN, REGISTRY


def test_ping_without_a_token_is_challenged(ask):
    answer = ask(REGISTRY, "/v2/")
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == f'Bearer realm="https://{AUTH}/token",service="{REGISTRY}"'
    assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert answer.json["errors"][0]["code"] == "UNAUTHORIZED"


def test_ping_with_a_token_is_let_in(ask):
    assert ask(REGISTRY, "/v2/", ask.bearer()).status == 200


def test_the_challenge_of_a_repository_names_its_scope(ask):
    answer = ask(REGISTRY, "/v2/demo/app/manifests/latest", {"Authorization": "Basic YTpi"})
    assert answer.status == 401
    assert 'scope="repository:demo/app:pull"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_manifest_by_tag_and_by_digest(ask, repository, method):
    digest, manifest = repository.find("latest")
    for reference in ("latest", digest):
        answer = ask(REGISTRY, f"/v2/demo/app/manifests/{reference}", ask.bearer(), method)
        assert answer.status == 200
        assert answer.headers["Docker-Content-Digest"] == digest
        assert answer.headers["Content-Type"] == manifest.media_type
        assert answer.headers["Content-Length"] == str(len(manifest.body))
        assert answer.body == (manifest.body if method == "GET" else b"")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_blob_is_a_307_to_the_cdn(ask, repository, method):
    digest = next(iter(repository.blobs))
    answer = ask(REGISTRY, f"/v2/demo/app/blobs/{digest}", ask.bearer(), method)
    assert answer.status == 307
    assert answer.headers["Location"].startswith(f"https://{CDN}/registry-v2/blobs/sha256/")
    assert "?verify=" in answer.headers["Location"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v2/demo/app/manifests/nope", 404, "MANIFEST_UNKNOWN"),
        ("/v2/demo/app/blobs/sha256:" + "0" * 64, 404, "BLOB_UNKNOWN"),
        ("/v2/demo/other/manifests/latest", 401, "UNAUTHORIZED"),
        ("/v2/demo/app/blobs/uploads/", 404, "UNSUPPORTED"),
        ("/v1/", 404, "UNSUPPORTED"),
    ],
)
def test_what_is_not_there_is_an_error_of_the_specification(ask, path, status, code):
    answer = ask(REGISTRY, path, ask.bearer())
    assert (answer.status, answer.json["errors"][0]["code"]) == (status, code)


def test_it_takes_no_uploads(ask):
    assert ask(REGISTRY, "/v2/demo/app/manifests/latest", ask.bearer(), "PUT", b"{}").status == 405


def test_the_tags(ask):
    answer = ask(REGISTRY, "/v2/demo/app/tags/list", ask.bearer())
    assert answer.json == {"name": "demo/app", "tags": ["latest"]}
