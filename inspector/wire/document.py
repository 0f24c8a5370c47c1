"""Manifests and indexes: the documents that name an image's parts.

Knows: image-spec v1.1 (index, manifest, descriptor), Docker's schema 1 and 2. Must not know: what was asked for, or
whether a digest is right. Reading is lenient: what is not as the spec has it becomes None and a problem.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from inspector.wire.clean import clean
from inspector.wire.digest import parse_digest
from inspector.wire.jsontext import load
from inspector.wire.mediatypes import ManifestKind, base_type, is_image_config, kind_of

LIMIT = 64 * 1024 * 1024
"""Bytes that are read at most; registries refuse manifests of more than 4 MiB."""

MOST_PROBLEMS = 20
_MOST_URLS = 100
_MOST_ANNOTATIONS = 1000
_LARGEST = 2**63 - 1

# Field names of the specs. Go's decoder takes a name in any case, so "MediaType" counts for its clients.
_FIELDS = frozenset(
    {
        "schemaVersion", "mediaType", "config", "layers", "manifests", "subject", "artifactType", "annotations",
        "digest", "size", "platform", "urls", "data", "os", "architecture", "variant", "fsLayers", "blobSum", "blobs",
        "history", "name", "tag", "signatures", "os.version", "os.features",
    }
)  # fmt: skip
_FOLDED = {name.lower(): name for name in _FIELDS}

# Types that old tools gave to images' configs; docker still takes them for images.
_STILL_IMAGES = frozenset({"", "application/octet-stream", "application/json", "text/html", "text/plain"})

_REFERENCE_TYPE = "vnd.docker.reference.type"


class Descriptor(msgspec.Struct, frozen=True):
    """One named part: ``size`` in bytes, ``platform`` as ``os/architecture[/variant]``; None where not told or not valid."""

    media_type: str | None = None
    digest: str | None = None
    size: int | None = None
    platform: str | None = None
    annotations: dict[str, str] = {}
    urls: tuple[str, ...] = ()
    artifact_type: str | None = None


class Document(msgspec.Struct, frozen=True):
    """A manifest or an index. ``media_type`` is the document's own field; ``problems`` are short sentences."""

    kind: Literal["index", "manifest", "schema1"]
    media_type: str | None = None
    schema_version: int | None = None
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()
    manifests: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    artifact_type: str | None = None
    annotations: dict[str, str] = {}
    problems: tuple[str, ...] = ()


def parse_document(data: bytes) -> Document | None:
    """The manifest or index in these bytes; None when they are something else, such as an image's config."""
    loaded = load(data, LIMIT)
    if loaded is None or not isinstance(loaded.value, dict):
        return None
    notes = _Notes(loaded.problems)
    fields = _fields(loaded.value, "the document", notes)
    kind = _kind(fields, notes)
    if kind is None:
        return None
    config = fields.get("config")
    subject = fields.get("subject")
    return Document(
        kind=kind,
        media_type=_text(fields.get("mediaType"), 256),
        schema_version=_schema_version(fields, notes),
        config=_config(config, notes) if kind == "manifest" else None,
        layers=() if kind == "index" else _layers(fields, kind, notes),
        manifests=_descriptors(fields, "manifests", notes) if kind == "index" else (),
        subject=_descriptor(subject, "subject", notes) if isinstance(subject, dict) else None,
        artifact_type=_text(fields.get("artifactType"), 256),
        annotations=_annotations(fields.get("annotations")),
        problems=notes.all(),
    )


def is_attestation(descriptor: Descriptor) -> bool:
    """An index entry that is BuildKit's attestation of another entry, and no image for any platform."""
    kind = descriptor.annotations.get(_REFERENCE_TYPE)
    return kind == "attestation-manifest" or (kind is not None and descriptor.platform == "unknown/unknown")


def foreign_type(document: Document) -> str | None:
    """The type that says what a manifest is instead of an image (image-spec, manifest, artifactType and config.mediaType).

    None: it is an image's, or says nothing.
    """
    kind = base_type(document.config.media_type) if document.config is not None else ""
    if document.kind != "manifest" or is_image_config(kind):
        return None
    artifact = base_type(document.artifact_type)
    if artifact and not is_image_config(artifact):
        return artifact
    return kind if kind not in _STILL_IMAGES else None


class _Notes:
    """Problems met, at most so many, each once."""

    def __init__(self, first: tuple[str, ...]) -> None:
        self._said = dict.fromkeys(first[:MOST_PROBLEMS])
        self._more = 0

    def say(self, problem: str) -> None:
        if len(self._said) < MOST_PROBLEMS:
            self._said[problem] = None
        else:
            self._more += 1

    def all(self) -> tuple[str, ...]:
        return (*self._said, *([f"and {self._more} more"] if self._more else []))


def _fields(value: dict[str, Any], where: str, notes: _Notes) -> Mapping[str, Any]:
    """The object with names in other case put under the spec's own, as Go reads them: the last one wins."""
    if value.keys() <= _FIELDS:
        return value
    result: dict[str, Any] = {}
    for key, item in value.items():
        name = key if key in _FIELDS else _FOLDED.get(key.lower(), key)
        if name != key:
            notes.say(f"the key {clean(key, 64)} of {where} should be {name}; clients differ on it")
        result[name] = item
    return result


def _kind(fields: Mapping[str, Any], notes: _Notes) -> ManifestKind | None:
    media_type = fields.get("mediaType")
    told = kind_of(media_type) if isinstance(media_type, str) else None
    config = fields.get("config")
    looks: ManifestKind | None = None
    if "fsLayers" in fields:
        looks = "schema1"
    elif "layers" in fields or (isinstance(config, dict) and "digest" in config):
        looks = "manifest"
    elif "manifests" in fields:
        looks = "index"
    if "manifests" in fields and looks == "manifest":
        notes.say("both manifests and layers stand in one document")
        looks = told or looks
    if told and looks and told != looks:
        notes.say(f"mediaType says {told}, the fields are those of {looks}")
    return told or looks


def _schema_version(fields: Mapping[str, Any], notes: _Notes) -> int | None:
    version = fields.get("schemaVersion")
    if isinstance(version, int) and not isinstance(version, bool) and 0 <= version <= _LARGEST:
        return version
    notes.say("schemaVersion is missing" if version is None else "schemaVersion is not a whole number")
    return None


def _config(value: Any, notes: _Notes) -> Descriptor | None:
    if isinstance(value, dict):
        return _descriptor(value, "config", notes)
    notes.say("config is missing" if value is None else "config is not an object")
    return None


def _layers(fields: Mapping[str, Any], kind: str, notes: _Notes) -> tuple[Descriptor, ...]:
    if kind == "schema1":
        entries = [_fields(entry, "fsLayers", notes) for entry in _objects(fields, "fsLayers", notes)]
        digests = [
            _digest(entry.get("blobSum"), f"fsLayers[{at}]", notes) for at, entry in enumerate(entries)
        ]
        return tuple(Descriptor(digest=digest) for digest in digests)
    # An artifact manifest, withdrawn before image-spec v1.1, calls its layers blobs.
    return _descriptors(fields, "blobs" if "blobs" in fields and "layers" not in fields else "layers", notes)


def _descriptors(fields: Mapping[str, Any], name: str, notes: _Notes) -> tuple[Descriptor, ...]:
    return tuple(
        _descriptor(entry, f"{name}[{at}]", notes) for at, entry in enumerate(_objects(fields, name, notes))
    )


def _objects(fields: Mapping[str, Any], name: str, notes: _Notes) -> list[dict[str, Any]]:
    value = fields.get(name)
    if not isinstance(value, list):
        state = "null" if name in fields and value is None else "missing" if value is None else "not a list"
        notes.say(f"{name} is {state}")
        return []
    entries = [entry for entry in value if isinstance(entry, dict)]
    if len(entries) != len(value):
        notes.say(f"{len(value) - len(entries)} of the {name} are no objects")
    return entries


def _descriptor(value: dict[str, Any], where: str, notes: _Notes) -> Descriptor:
    fields = _fields(value, where, notes)
    media_type = _text(fields.get("mediaType"), 256)
    if media_type is None:
        notes.say(f"the mediaType of {where} is missing")
    urls = fields.get("urls")
    urls = urls if isinstance(urls, list) else []
    return Descriptor(
        media_type=media_type,
        digest=_digest(fields.get("digest"), where, notes),
        size=_size(fields.get("size"), where, notes),
        platform=_platform(fields.get("platform"), where, notes),
        annotations=_annotations(fields.get("annotations")),
        urls=tuple(clean(url) for url in urls[:_MOST_URLS] if isinstance(url, str)),
        artifact_type=_text(fields.get("artifactType"), 256),
    )


def _digest(value: Any, where: str, notes: _Notes) -> str | None:
    if value is None or value == "":
        notes.say(f"the digest of {where} is missing")
    elif not isinstance(value, str):
        notes.say(f"the digest of {where} is not text")
    elif parse_digest(value) is None:
        notes.say(f"the digest of {where} is malformed: {clean(value, 80)}")
    else:
        return value
    return None


def _size(value: Any, where: str, notes: _Notes) -> int | None:
    if value is None:
        notes.say(f"the size of {where} is missing")
    elif isinstance(value, bool) or not isinstance(value, int):
        huge = isinstance(value, float) and value in (float("inf"), float("-inf"))
        notes.say(f"the size of {where} is {'too large' if huge else 'not a whole number'}")
    elif value < 0:
        notes.say(f"the size of {where} is negative")
    elif value > _LARGEST:
        notes.say(f"the size of {where} is too large")
    else:
        return value
    return None


def _platform(value: Any, where: str, notes: _Notes) -> str | None:
    if not isinstance(value, dict):
        return None
    fields = _fields(value, f"the platform of {where}", notes)
    system, architecture = _text(fields.get("os"), 64), _text(fields.get("architecture"), 64)
    if system is None and architecture is None:
        return None
    variant = _text(fields.get("variant"), 64)
    return "/".join([system or "unknown", architecture or "unknown", *([variant] if variant else [])])


def _annotations(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {
        clean(key, 256): clean(text)
        for key, text in list(value.items())[:_MOST_ANNOTATIONS]
        if isinstance(text, str)
    }


def _text(value: Any, limit: int) -> str | None:
    """Cleaned text; None for everything else and for nothing."""
    return clean(value, limit) if isinstance(value, str) and value else None
