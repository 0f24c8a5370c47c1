"""Index and manifest in mitmproxy's windows."""

import json

import pytest

from inspector.views.documents import IndexView, ManifestView

D = [f"sha256:{digit * 64}" for digit in "0123456789"]
INDEX = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.index.v1+json",
    "manifests": [
        {"digest": D[1], "size": 400, "mediaType": "m", "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
        {"digest": D[2], "size": 500, "mediaType": "m", "annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
    ],
}  # fmt: skip
MANIFEST = {
    "schemaVersion": 2,
    "config": {"digest": D[3], "size": 282, "mediaType": "application/vnd.oci.image.config.v1+json"},
    "layers": [
        {"digest": D[4], "size": 1000, "mediaType": "l"},
        {"digest": D[5], "size": 24, "mediaType": "l"},
    ],
}
OCI = "application/vnd.oci.image.index.v1+json"


def test_an_index_has_a_line_for_each_platform(look):
    seen = look(IndexView(), json.dumps(INDEX).encode(), content_type=OCI)
    assert seen.chosen == "Image index"
    assert f"- linux/arm64/v8: {D[1]}  # 400 bytes, m" in seen.lines
    assert f"- attestation: {D[2]}  # 500 bytes, m" in seen.lines
    assert seen.lines[1].startswith("digest: sha256:")


def test_a_manifest_has_its_config_and_its_layers_in_order(look):
    seen = look(ManifestView(), json.dumps(MANIFEST).encode())
    assert seen.chosen == "Image manifest"
    at = seen.lines.index("layers:  # 2, 1,024 bytes in all")
    assert seen.lines[at - 1].startswith(f"config: {D[3]}  # 282 bytes")
    assert [line[2:73] for line in seen.lines[at + 1 :]] == [D[4], D[5]]
    assert "mediaType: ?  # not in the document itself" in seen.lines


def test_what_breaks_the_spec_is_remarked(look):
    broken = MANIFEST | {"layers": [{"digest": "sha256:short", "size": -1}]}
    seen = look(ManifestView(), json.dumps(broken).encode())
    assert sum(line.startswith("# ✘") for line in seen.lines) >= 2
    assert any(line.startswith("- ?") for line in seen.lines)


def test_a_hundred_thousand_entries_are_cut_and_counted(look):
    big = INDEX | {"manifests": [{"digest": D[1], "size": 1}] * 100_000}
    seen = look(IndexView(), json.dumps(big).encode())
    assert len(seen.lines) < 1100
    assert "# and 99,000 more" in seen.lines


@pytest.mark.parametrize("view", [IndexView(), ManifestView()])
@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"layers"', b"[" * 10_000, b'{"schemaVersion": 2, "manifests": 3', b"\xff\xfe"]
)
def test_other_bytes_are_left_to_other_views(view, body, answered):
    metadata = answered(body)
    assert view.render_priority(body, metadata) < 0
    with pytest.raises(ValueError, match="no such document"):
        view.prettify(body, metadata)
