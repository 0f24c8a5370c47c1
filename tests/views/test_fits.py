"""The digest of what came, and whether it is the one that was asked for."""

import hashlib

from inspector.views import fits

BODY = b'{"schemaVersion": 2}'
DIGEST = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
OTHER = f"sha256:{'0' * 64}"


def test_content_that_was_asked_for_by_digest_fits(answered):
    assert fits.lines(BODY, answered(BODY, f"/v2/a/manifests/{DIGEST}")) == [
        f"digest: {DIGEST}",
        "asked for: ✔ this digest",
        "size: 20 bytes",
    ]


def test_other_content_than_was_asked_for_is_told_with_both_digests(answered):
    told = fits.lines(BODY, answered(BODY, f"/v2/a/blobs/{OTHER}"))
    assert told[:2] == [f"digest: {DIGEST}", f"asked for: ✘ another: {OTHER}"]


def test_the_header_is_held_against_the_bytes(answered):
    metadata = answered(BODY, "/v2/a/manifests/latest", docker_content_digest=DIGEST)
    assert "docker-content-digest: ✔ this digest" in fits.lines(BODY, metadata)
    metadata = answered(BODY, "/v2/a/manifests/latest", docker_content_digest=OTHER)
    assert f"docker-content-digest: ✘ another: {OTHER}" in fits.lines(BODY, metadata)


def test_a_tag_proves_nothing_and_a_storage_path_may(answered):
    assert "asked for: – not by digest" in fits.lines(BODY, answered(BODY, "/v2/a/manifests/latest"))
    path = f"/registry-v2/sha256/{DIGEST[7:9]}/{DIGEST[7:]}/data?verify=1"
    assert "asked for: ✔ this digest" in fits.lines(BODY, answered(BODY, path))[1]


def test_sha512_is_computed_and_an_unknown_algorithm_is_said_to_be_unknown(answered):
    wanted = f"sha512:{hashlib.sha512(BODY).hexdigest()}"
    found = fits.lines(BODY, answered(BODY, f"/v2/a/blobs/{wanted}"))
    assert found[:2] == [f"digest: {wanted}", "asked for: ✔ this digest"]
    assert "cannot be computed here" in fits.lines(BODY, answered(BODY, f"/v2/a/blobs/blake3:{'a' * 64}"))[1]


def test_a_coding_that_was_undone_is_told(answered):
    assert (
        fits.lines(BODY, answered(BODY, "/", content_encoding="gzip"))[-1]
        == "size: 20 bytes  # after gzip was undone"
    )
