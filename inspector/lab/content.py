"""The images that the hub serves: a multi-platform one, made from nothing, the same each time.

Knows: image-spec 1.1 (image index, manifest, config, layers). Must not know: servers, tokens.
The layers are real gzipped tar files of bytes that do not compress, so that a real client can pull them too and the
sizes on the wire are the sizes here.
"""

import gzip
import hashlib
import io
import json
import random
import tarfile
from dataclasses import dataclass, field
from typing import Any

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
IN_TOTO = "application/vnd.in-toto+json"

CREATED = "2026-01-01T00:00:00Z"

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest or index as it is served: its media type and its very bytes."""

    media_type: str
    body: bytes


@dataclass(slots=True)
class Repository:
    """What one repository holds. Keys of ``manifests`` and ``blobs`` are digests, ``tags`` leads to a digest."""

    name: str
    tags: dict[str, str] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)

    def add_blob(self, media_type: str, body: bytes) -> Json:
        """Keep the bytes and return their descriptor."""
        descriptor = _descriptor(media_type, body)
        self.blobs[descriptor["digest"]] = body
        return descriptor

    def add_manifest(self, document: Json, tag: str | None = None) -> Json:
        """Keep the document under its digest, and under ``tag`` if one is given; return its descriptor."""
        body = json.dumps(document, indent=2).encode()
        descriptor = _descriptor(document["mediaType"], body)
        self.manifests[descriptor["digest"]] = Manifest(document["mediaType"], body)
        if tag is not None:
            self.tags[tag] = descriptor["digest"]
        return descriptor

    def find(self, reference: str) -> tuple[str, Manifest] | None:
        """The digest and manifest that a tag or a digest names."""
        digest = self.tags.get(reference, reference)
        manifest = self.manifests.get(digest)
        return (digest, manifest) if manifest else None


def demo_repository(name: str = "demo/app") -> Repository:
    """``name``:latest for linux/amd64 and linux/arm64, four layers each (0.2 to 6 MB), two shared, one attestation."""
    repository = Repository(name)
    shared = [_layer("usr/lib/base.bin", 6_000_000), _layer("usr/lib/runtime.bin", 2_500_000)]
    platforms = []
    for architecture, size in (("amd64", 900_000), ("arm64", 850_000)):
        own = [_layer(f"app/{architecture}.bin", size), _layer(f"etc/{architecture}.conf", 200_000)]
        platforms.append(_image(repository, architecture, shared + own))
    attestation = _attestation(repository, platforms[0]["digest"])
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*platforms, attestation]}
    repository.add_manifest(index, tag="latest")
    return repository


def _image(repository: Repository, architecture: str, layers: list[tuple[bytes, str]]) -> Json:
    config = {
        "architecture": architecture,
        "os": "linux",
        "created": CREATED,
        "config": {"Cmd": ["/app"], "Labels": {"org.opencontainers.image.title": "pull-inspector demo"}},
        "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in layers]},
        "history": [{"created": CREATED, "created_by": f"layer {n}"} for n, _ in enumerate(layers, 1)],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": repository.add_blob(CONFIG, json.dumps(config).encode()),
        "layers": [repository.add_blob(LAYER, body) for body, _ in layers],
    }
    return repository.add_manifest(manifest) | {"platform": {"architecture": architecture, "os": "linux"}}


def _attestation(repository: Repository, subject: str) -> Json:
    """A provenance statement the way BuildKit stores it: an image of no platform, tied to its image by annotations."""
    statement = {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": "https://slsa.dev/provenance/v0.2",
    }
    config = {"architecture": "unknown", "os": "unknown", "rootfs": {"type": "layers", "diff_ids": []}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": repository.add_blob(CONFIG, json.dumps(config).encode()),
        "layers": [repository.add_blob(IN_TOTO, json.dumps(statement).encode())],
    }
    return repository.add_manifest(manifest) | {
        "annotations": {
            "vnd.docker.reference.digest": subject,
            "vnd.docker.reference.type": "attestation-manifest",
        },
        "platform": {"architecture": "unknown", "os": "unknown"},
    }


def _layer(path: str, size: int) -> tuple[bytes, str]:
    """A gzipped tar file with one file of ``size`` bytes; and its diff_id, the digest of the tar file itself."""
    payload = random.Random(path).randbytes(size)  # noqa: S311 - the same bytes each time, not a secret
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo(path)
        member.size = size
        tar.addfile(member, io.BytesIO(payload))
    # Level 0: random bytes do not shrink, so there is nothing to spend time on.
    return gzip.compress(archive.getvalue(), compresslevel=0, mtime=0), digest_of(archive.getvalue())


def digest_of(body: bytes) -> str:
    """The OCI digest of the bytes, ``sha256:<64 hex>`` (image-spec, descriptor.md, Digests)."""
    return "sha256:" + hashlib.sha256(body).hexdigest()


def _descriptor(media_type: str, body: bytes) -> Json:
    return {"mediaType": media_type, "digest": digest_of(body), "size": len(body)}
