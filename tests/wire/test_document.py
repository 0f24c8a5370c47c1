"""Manifests and indexes: those of the specifications, and those that no client should have to meet."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.document import MOST_PROBLEMS, Descriptor, Document, is_attestation, parse_document
from inspector.wire.mediatypes import DOCKER_SCHEMA1_SIGNED, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def entry(number: int, media_type: str = LAYER, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest(number), "size": number, **more}


MANIFEST = {
    "schemaVersion": 2,
    "mediaType": OCI_MANIFEST,
    "config": entry(1, OCI_CONFIG),
    "layers": [entry(2), entry(3, urls=["https://x/y"])],
}


def parse(value: Any) -> Document:
    document = parse_document(json.dumps(value).encode())
    assert document
    return document


def test_manifest() -> None:
    assert parse(MANIFEST) == Document(
        kind="manifest",
        media_type=OCI_MANIFEST,
        schema_version=2,
        config=Descriptor(OCI_CONFIG, digest(1), 1),
        layers=(Descriptor(LAYER, digest(2), 2), Descriptor(LAYER, digest(3), 3, urls=("https://x/y",))),
    )


def test_index_with_platforms_subject_and_annotations() -> None:
    attestation = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": digest(1),
    }
    document = parse(
        {
            "schemaVersion": 2,
            "manifests": [
                entry(1, OCI_MANIFEST, platform={"os": "linux", "architecture": "arm64", "variant": "v8"}),
                entry(
                    2,
                    OCI_MANIFEST,
                    platform={"os": "unknown", "architecture": "unknown"},
                    annotations=attestation,
                ),
                entry(3, OCI_MANIFEST, platform={"architecture": "amd64"}, artifactType="a/b"),
            ],
            "subject": entry(9, OCI_INDEX),
            "artifactType": "x/y",
            "annotations": {"k\x1b": "v\x1b", "n": 5},
        }
    )
    assert (document.kind, document.media_type, document.problems) == ("index", None, ())
    assert [m.platform for m in document.manifests] == ["linux/arm64/v8", "unknown/unknown", "unknown/amd64"]
    assert [is_attestation(m) for m in document.manifests] == [False, True, False]
    assert document.manifests[2].artifact_type == "a/b"
    assert document.subject == Descriptor(OCI_INDEX, digest(9), 9)
    assert document.artifact_type == "x/y"
    assert document.annotations == {"k\\x1b": "v\\x1b"}


def test_schema1() -> None:
    document = parse(
        {"schemaVersion": 1, "fsLayers": [{"blobSum": digest(1)}, {"blobSum": "x"}], "history": []}
    )
    assert (document.kind, document.schema_version) == ("schema1", 1)
    assert [layer.digest for layer in document.layers] == [digest(1), None]
    assert parse({"schemaVersion": 1, "mediaType": DOCKER_SCHEMA1_SIGNED, "fsLayers": []}).problems == ()


def test_withdrawn_artifact_manifest_names_its_layers_blobs() -> None:
    media_type = "application/vnd.oci.artifact.manifest.v1+json"
    assert parse({"mediaType": media_type, "blobs": [entry(1)]}).layers == (Descriptor(LAYER, digest(1), 1),)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"token":"x"}',
        b'{"errors":[]}',
        b'{"architecture":"amd64","config":{"Cmd":["sh"]},"rootfs":{"type":"layers"}}',
        b"[" * 100_000,
        b'{"layers":' * 100_000,
    ],
)
def test_other_documents_are_none(data: bytes) -> None:
    assert parse_document(data) is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"layers": None}, "layers is null"),
        ({"layers": {}}, "layers is not a list"),
        ({"layers": [None, 5]}, "2 of the layers are no objects"),
        ({"config": None}, "config is missing"),
        ({"config": "x"}, "config is not an object"),
        ({"schemaVersion": "2"}, "schemaVersion is not a whole number"),
        ({"schemaVersion": None}, "schemaVersion is missing"),
        ({"manifests": []}, "both manifests and layers stand in one document"),
        ({"mediaType": OCI_INDEX}, "mediaType says index, the fields are those of manifest"),
        ({"layers": [{"size": 1, "mediaType": LAYER}]}, "the digest of layers[0] is missing"),
        ({"layers": [{**entry(1), "digest": 5}]}, "the digest of layers[0] is not text"),
        (
            {"layers": [{**entry(1), "digest": "sha256:../x"}]},
            "the digest of layers[0] is malformed: sha256:../x",
        ),
        ({"layers": [{**entry(1), "size": -1}]}, "the size of layers[0] is negative"),
        ({"layers": [{**entry(1), "size": 2**63}]}, "the size of layers[0] is too large"),
        ({"layers": [{**entry(1), "size": 10**500}]}, "the size of layers[0] is too large"),
        ({"layers": [{**entry(1), "size": 1.5}]}, "the size of layers[0] is not a whole number"),
        ({"layers": [{**entry(1), "size": True}]}, "the size of layers[0] is not a whole number"),
        ({"layers": [{"digest": digest(1), "size": 1}]}, "the mediaType of layers[0] is missing"),
        (
            {"layers": [{**entry(1), "Size": 5}]},
            "the key Size of layers[0] should be size; clients differ on it",
        ),
        (
            {"MediaType": OCI_INDEX},
            "the key MediaType of the document should be mediaType; clients differ on it",
        ),
    ],
)
def test_what_is_wrong_is_told_and_not_kept(change: dict[str, Any], problem: str) -> None:
    document = parse({**MANIFEST, **change})
    assert problem in document.problems
    for layer in document.layers:
        assert layer.size is None or 0 <= layer.size < 2**63
        assert layer.digest is None or layer.digest == digest(1) or layer.digest in {digest(2), digest(3)}


def test_document_of_both_kinds_without_media_type_is_read_as_a_manifest() -> None:
    document = parse({"schemaVersion": 2, "config": entry(1), "layers": [entry(2)], "manifests": [entry(3)]})
    assert (document.kind, document.manifests) == ("manifest", ())
    assert document.problems == ("both manifests and layers stand in one document",)


def test_field_name_of_other_case_counts_as_go_counts_it() -> None:
    document = parse(
        {
            "SchemaVersion": 2,
            "Layers": [{"Digest": digest(1), "mediatype": LAYER, "SIZE": 1}],
            "config": entry(2),
        }
    )
    assert document.layers == (Descriptor(LAYER, digest(1), 1),)
    assert len(document.problems) == 5


def test_annotation_may_be_called_anything() -> None:
    assert parse({**MANIFEST, "annotations": {"Size": "1", "Digest": "x"}}).problems == ()


def test_bom_duplicate_keys_and_broken_utf8_are_told() -> None:
    data = json.dumps(MANIFEST).encode()
    assert parse_document(b"\xef\xbb\xbf" + data).problems == ("a byte order mark stands before the JSON",)  # type: ignore[union-attr]
    twice = parse_document(data[:-1] + b',"layers":[]}')
    assert twice
    assert (twice.layers, twice.problems) == ((), ("the key layers stands twice",))
    broken = parse_document(data[:-1] + b',"annotations":{"a":"\xff"}}')
    assert broken
    assert (broken.annotations, broken.problems) == ({"a": "�"}, ("the text is not valid UTF-8",))


def test_hundred_thousand_broken_entries_have_few_problems() -> None:
    document = parse({"schemaVersion": 2, "manifests": [{"size": -n} for n in range(100_000)]})
    assert len(document.manifests) == 100_000
    assert len(document.problems) == MOST_PROBLEMS + 1
    assert document.problems[-1] == f"and {100_000 * 3 - 1 - MOST_PROBLEMS} more"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5) | st.just(digest(1)),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["config", "layers", "manifests", "mediaType", "digest", "size", "platform", "os", "Size", "urls",
                         "annotations", "subject", "fsLayers", "blobSum", "schemaVersion", "x"]),
        inner, max_size=5,
    ),
    max_leaves=15,
)  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from(["config", "layers", "manifests", "fsLayers", "mediaType", "subject"]), VALUES
    )
)
def test_any_json_is_answered(value: dict[str, Any]) -> None:
    document = parse_document(json.dumps(value).encode())
    assert document is None or document.kind in {"index", "manifest", "schema1"}
    assert document is None or len(document.problems) <= MOST_PROBLEMS + 1


@given(st.binary())
def test_any_bytes_are_answered(data: bytes) -> None:
    assert isinstance(parse_document(data), Document | None)
