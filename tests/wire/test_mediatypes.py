"""Media types: which document they name, and what Accept admits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.mediatypes import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    DOCKER_SCHEMA1_SIGNED,
    FOREIGN_LAYER_TYPES,
    IMAGE_CONFIG_TYPES,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    accepts,
    base_type,
    is_foreign_layer,
    is_image_config,
    is_index,
    is_layer,
    is_manifest,
    kind_of,
)


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        (OCI_INDEX, "index"),
        (DOCKER_LIST, "index"),
        (OCI_MANIFEST, "manifest"),
        (f"{DOCKER_MANIFEST.upper()}; charset=utf-8", "manifest"),
        (DOCKER_SCHEMA1_SIGNED, "schema1"),
        ("application/json", None),
        (OCI_CONFIG, None),
        ("", None),
        (None, None),
    ],
)
def test_kind(media_type: str | None, kind: str | None) -> None:
    assert kind_of(media_type) == kind
    assert is_index(media_type) == (kind == "index")
    assert is_manifest(media_type) == (kind == "manifest")


def test_base_type_drops_parameters_and_case() -> None:
    assert base_type(' Text/HTML ; charset="utf-8"') == "text/html"
    assert base_type(None) == ""


def test_layers_and_configs() -> None:
    assert is_layer("application/vnd.oci.image.layer.v1.tar+zstd")
    assert is_layer("application/vnd.oci.image.layer.v1.tar+gzip+encrypted")
    assert not is_layer(OCI_CONFIG)
    foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    assert foreign in FOREIGN_LAYER_TYPES
    assert is_foreign_layer(foreign)
    assert is_layer(foreign)
    assert not is_foreign_layer("application/vnd.oci.image.layer.v1.tar")
    assert all(is_image_config(name) for name in IMAGE_CONFIG_TYPES)
    assert not is_image_config("application/vnd.cncf.helm.config.v1+json")


@pytest.mark.parametrize(
    ("values", "media_type", "admitted"),
    [
        ([], OCI_INDEX, True),
        ([""], OCI_INDEX, True),
        ([f"{DOCKER_MANIFEST}, {OCI_INDEX}"], OCI_INDEX, True),
        ([DOCKER_MANIFEST, OCI_INDEX], OCI_INDEX, True),
        ([DOCKER_MANIFEST], OCI_INDEX, False),
        (["*/*"], OCI_INDEX, True),
        ([f"{DOCKER_MANIFEST}, */*;q=0.1"], OCI_INDEX, True),
        ([f"{OCI_INDEX};q=0, */*"], OCI_INDEX, False),
        (["application/*;q=0, */*"], OCI_INDEX, False),
        (["application/*;q=0.0, " + OCI_INDEX], OCI_INDEX, True),
        (["application/*"], OCI_INDEX, True),
        (["text/*"], OCI_INDEX, False),
        ([OCI_INDEX.upper()], f"{OCI_INDEX}; charset=utf-8", True),
        ([f"{OCI_INDEX};q=zero"], OCI_INDEX, True),
    ],
)
def test_accept(values: list[str], media_type: str, admitted: bool) -> None:
    assert accepts(values, media_type) is admitted


@given(st.lists(st.text(st.characters())), st.text(st.characters()))
def test_any_text_is_answered(values: list[str], media_type: str) -> None:
    assert accepts(values, media_type) in {True, False}
    assert accepts([*values, media_type.replace(",", "")], OCI_INDEX) in {True, False}
    assert kind_of(media_type) is None
