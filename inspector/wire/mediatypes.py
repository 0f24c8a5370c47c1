"""Media types of images: which type is an index, a manifest, a config, a layer; and what an Accept header admits.

Knows: image-spec v1.1, Docker's image manifest v2 schema 1 and 2, RFC 9110 section 12.5.1. Must not know: documents.
"""

import re
from typing import Literal

type ManifestKind = Literal["index", "manifest", "schema1"]

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
OCI_ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json"  # withdrawn before v1.1, still met
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"

INDEX_TYPES = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFEST_TYPES = frozenset({OCI_MANIFEST, DOCKER_MANIFEST, OCI_ARTIFACT})
SCHEMA1_TYPES = frozenset({DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED})
IMAGE_CONFIG_TYPES = frozenset({OCI_CONFIG, DOCKER_CONFIG})

LAYER_TYPES = frozenset(
    {
        "application/vnd.oci.image.layer.v1.tar",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.diff.tar",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.docker.image.rootfs.diff.tar.zstd",
    }
)

# Layers that a client fetches from the descriptor's urls, not from the registry that holds the manifest.
FOREIGN_LAYER_TYPES = frozenset(
    {
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    }
)

_KINDS: dict[str, ManifestKind] = {
    **dict.fromkeys(INDEX_TYPES, "index"),
    **dict.fromkeys(MANIFEST_TYPES, "manifest"),
    **dict.fromkeys(SCHEMA1_TYPES, "schema1"),
}

_LONGEST = 64 * 1024

# RFC 9110 section 5.6.2, 8.3.1: media-type = type "/" subtype; type, subtype = token
_MEDIA_TYPE = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+")
# RFC 9110 section 12.4.2: weight = OWS ";" OWS "q=" qvalue
_QVALUE = re.compile(r"0(?:\.[0-9]*)?|1(?:\.0*)?|\.[0-9]+")


def base_type(content_type: str | None) -> str:
    """The media type in lower case, without parameters; empty when there is none."""
    return (content_type or "").partition(";")[0].strip().lower()


def kind_of(media_type: str | None) -> ManifestKind | None:
    """Which document the type names, parameters aside; None when it names no manifest."""
    return _KINDS.get(base_type(media_type))


def is_index(media_type: str | None) -> bool:
    """An OCI image index or a Docker manifest list."""
    return base_type(media_type) in INDEX_TYPES


def is_manifest(media_type: str | None) -> bool:
    """An image manifest of OCI or of Docker's schema 2."""
    return base_type(media_type) in MANIFEST_TYPES


def is_image_config(media_type: str | None) -> bool:
    """The config of a container image, unlike that of another artifact."""
    return base_type(media_type) in IMAGE_CONFIG_TYPES


def is_foreign_layer(media_type: str | None) -> bool:
    """A layer that the registry need not hold."""
    return base_type(media_type) in FOREIGN_LAYER_TYPES


def is_layer(media_type: str | None) -> bool:
    """A file system layer of an image, foreign or not, encrypted or not."""
    base = base_type(media_type).removesuffix("+encrypted")
    return base in LAYER_TYPES or base in FOREIGN_LAYER_TYPES


def accepts(accept_values: list[str], media_type: str) -> bool:
    """Whether a request with these Accept values admits the type (RFC 9110 section 12.5.1).

    No Accept header admits every type; the most specific range that matches decides; ``q=0`` refuses.
    """
    wanted = base_type(media_type)
    best, quality = 0, 0.0
    seen = False
    for member in ",".join(accept_values)[:_LONGEST].split(","):
        name = base_type(member)
        if not name:
            continue
        seen = True
        rank = _rank(name, wanted)
        if rank > best:
            best, quality = rank, _quality(member)
        elif rank and rank == best:
            quality = max(quality, _quality(member))
    return quality > 0 if seen else True


def _rank(media_range: str, wanted: str) -> int:
    """3 for the type itself, 2 for ``type/*``, 1 for ``*/*``, 0 for no match."""
    if media_range == wanted:
        return 3
    if media_range in {"*/*", "*"}:  # a bare star is not of the grammar, yet java clients send it
        return 1
    return 2 if media_range.endswith("/*") and wanted.startswith(media_range[:-1]) else 0


def _quality(member: str) -> float:
    for parameter in member.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            value = value.strip()
            return float(value) if _QVALUE.fullmatch(value) else 1.0
    return 1.0
