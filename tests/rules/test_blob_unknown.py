from msgspec.structs import replace

from inspector.rules.example import as_json, digest_of
from inspector.rules.sample import (
    CONFIG,
    HEALTHY,
    LAYER,
    REPOSITORY,
    cdn,
    error_body,
    fetch,
    resolve,
    serve,
    until_layer,
)
from inspector.wire.mediatypes import DOCKER_CONFIG, DOCKER_MANIFEST

MISSING = replace(
    serve(LAYER), status=404, give=(), body=error_body("BLOB_UNKNOWN", "blob unknown to registry")
)


def test_a_layer_that_the_manifest_names(found):
    finding = found(*until_layer(), MISSING)["blob-unknown"]
    assert "layer" in finding.summary
    assert finding.final


def test_the_storage_can_lack_it_too(found):
    gone = replace(cdn(LAYER), status=404, give=(), body=b"<Error><Code>NoSuchKey</Code></Error>")
    assert "NoSuchKey" in found(*HEALTHY[:-1], gone)["blob-unknown"].evidence[0].what


def test_a_retry_that_was_served_overcomes_it(found):
    assert "blob-unknown" not in found(*until_layer(), MISSING, serve(LAYER))


def test_a_foreign_layer_need_not_be_there(found):
    layer = {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "size": len(LAYER),
             "digest": digest_of(LAYER), "urls": ["https://example.com/layer"]}  # fmt: skip
    config = {"mediaType": DOCKER_CONFIG, "size": len(CONFIG), "digest": digest_of(CONFIG)}
    manifest = as_json(
        {"schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": config, "layers": [layer]}
    )
    tag = replace(fetch(manifest, DOCKER_MANIFEST), url=resolve().url)
    assert "blob-unknown" not in found(*HEALTHY[:2], tag, serve(CONFIG), MISSING)


def test_a_push_asks_for_what_is_not_there(pulled):
    probe = replace(MISSING, method="HEAD", body=b"")
    post = replace(
        serve(LAYER),
        method="POST",
        url=f"https://registry-1.docker.io/v2/{REPOSITORY}/blobs/uploads/",
        status=202,
    )
    pull = pulled(*HEALTHY[:2], probe, post)
    assert "blob-unknown" not in {finding.code for finding in pull.findings}
