"""The stage of single exchanges: the first line of the contract's table that fits."""

import pytest

from inspector.core.engine import Engine

DIGEST = "sha256:" + "a" * 64
SIG = f"sha256-{'a' * 64}"
BEARER = {"www-authenticate": 'Bearer realm="https://auth.test/token",service="s"'}
JUMP = {"location": "https://elsewhere.test/x"}


@pytest.mark.parametrize(
    ("method", "path", "status", "headers", "stage"),
    [
        ("GET", "/v2/", 200, {}, "ping"),
        ("GET", "/v2/", 404, {}, "ping"),
        ("GET", "/v2/", 401, {}, "ping"),
        ("GET", "/v2/", 401, BEARER, "challenge"),
        ("HEAD", "/v2/a/b/manifests/1", 401, BEARER, "challenge"),
        ("POST", "/v2/a/b/blobs/uploads/", 401, BEARER, "challenge"),
        ("HEAD", "/v2/a/b/manifests/1", 200, {}, "resolve"),
        ("HEAD", "/v2/a/b/manifests/1", 404, {}, "resolve"),
        ("HEAD", f"/v2/a/b/manifests/{DIGEST}", 200, {}, "resolve"),
        ("GET", "/v2/a/b/manifests/1", 429, {}, "manifest"),
        ("GET", "/v2/a/b/manifests/1", 304, {}, "manifest"),
        ("GET", "/v2/a/b/manifests/1", 307, JUMP, "redirect"),
        ("HEAD", f"/v2/a/b/blobs/{DIGEST}", 200, {}, "blob"),
        ("GET", f"/v2/a/b/blobs/{DIGEST}", 206, {}, "blob"),
        ("GET", f"/v2/a/b/blobs/{DIGEST}", 302, JUMP, "redirect"),
        ("PUT", "/v2/a/b/manifests/1", 201, {}, "push"),
        ("PATCH", "/v2/a/b/blobs/uploads/u", 202, {}, "push"),
        ("DELETE", "/v2/a/b/manifests/1", 202, {}, "push"),
        ("GET", "/v2/a/b/tags/list", 200, {}, "tags"),
        ("GET", "/v2/_catalog", 200, {}, "catalog"),
        ("GET", f"/v2/a/b/referrers/{DIGEST}", 200, {}, "referrers"),
        ("GET", f"/v2/a/b/manifests/{SIG}", 404, {}, "referrers"),
        ("GET", f"/v2/a/b/manifests/{SIG}.sig", 404, {}, "signature"),
        ("GET", f"/extensions/v2/a/b/signatures/{DIGEST}", 404, {}, "signature"),
        ("GET", "/v1/search?q=x", 200, {}, "search"),
        ("GET", "/token?service=s&scope=repository:a/b:pull", 403, {}, "token"),
        ("GET", "/", 200, {}, None),
        ("GET", "/v2/auth", 200, {}, None),
        ("GET", f"/registry-v2/docker/registry/v2/blobs/sha256/aa/{'a' * 64}/data", 200, {}, None),
    ],
)
def test_the_stage_is_told_by_what_was_asked_and_answered(traffic, method, path, status, headers, stage):
    traffic.send(method, f"https://anything.test{path}", status, headers=headers)
    engine = Engine()
    finished = [update for event in traffic.events for update in engine.feed(event)][-1]
    assert finished.stage == stage
