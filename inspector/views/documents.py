"""Views of the documents that name an image's parts: the index, and the manifest.

Knows: image-spec v1.1 (index, manifest) as ``inspector.wire.document`` reads it. Must not know: pulls.
"""

from typing import override

from mitmproxy.contentviews import Contentview, Metadata, SyntaxHighlight

from inspector.views import fits
from inspector.views.layout import field, item, problems, title
from inspector.wire.document import Descriptor, Document, is_attestation, parse_document

_MOST = 1000  # entries shown: a window is no place for a hundred thousand
PRIORITY = 3  # before mitmproxy's JSON view, which has 1


class IndexView(Contentview):
    """An image index: one line a platform, with the digest of its manifest."""

    name = "Image index"
    syntax_highlight: SyntaxHighlight = "yaml"

    @override
    def prettify(self, data: bytes, metadata: Metadata) -> str:
        """Raises ValueError when it is no index: mitmproxy then shows the raw text."""
        document = _document(data, {"index"})
        lines = [title("Image index: a manifest for each platform"), *fits.lines(data, metadata)]
        lines += _own(document)
        lines.append("manifests:")
        for entry in document.manifests[:_MOST]:
            kind = "attestation" if is_attestation(entry) else entry.platform or "any platform"
            lines.append(item(f"{kind}: {entry.digest or '?'}", _about(entry)))
        return "\n".join([*lines, *_left(len(document.manifests)), *problems(document.problems)])

    @override
    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        return _priority(data, {"index"})


class ManifestView(Contentview):
    """An image manifest: the config, and the layers in their order."""

    name = "Image manifest"
    syntax_highlight: SyntaxHighlight = "yaml"

    @override
    def prettify(self, data: bytes, metadata: Metadata) -> str:
        """Raises ValueError when it is no manifest: mitmproxy then shows the raw text."""
        document = _document(data, {"manifest", "schema1"})
        old = " of schema 1, which clients have given up" if document.kind == "schema1" else ""
        lines = [
            title(f"Image manifest{old}: one platform's parts"),
            *fits.lines(data, metadata),
            *_own(document),
        ]
        if document.config is not None:
            lines.append(field("config", document.config.digest, _about(document.config)))
        total = sum(layer.size or 0 for layer in document.layers)
        lines.append(f"layers:  # {len(document.layers)}, {total:,} bytes in all")
        lines += [item(layer.digest or "?", _about(layer)) for layer in document.layers[:_MOST]]
        if document.subject is not None:
            lines.append(field("subject", document.subject.digest, _about(document.subject)))
        return "\n".join([*lines, *_left(len(document.layers)), *problems(document.problems)])

    @override
    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        return _priority(data, {"manifest", "schema1"})


def _document(data: bytes, kinds: set[str]) -> Document:
    document = parse_document(data)
    if document is None or document.kind not in kinds:
        raise ValueError("this is no such document")
    return document


def _priority(data: bytes, kinds: set[str]) -> float:
    # The cheap look first: this is asked of every message that anyone looks at.
    if b'"schemaVersion"' not in data[:65536] and b'"manifests"' not in data and b'"layers"' not in data:
        return -1
    document = parse_document(data)
    return PRIORITY if document is not None and document.kind in kinds else -1


def _own(document: Document) -> list[str]:
    found = [
        field("mediaType", document.media_type, "" if document.media_type else "not in the document itself")
    ]
    if document.artifact_type:
        found.append(field("artifactType", document.artifact_type))
    return found


def _about(entry: Descriptor) -> str:
    parts = [
        f"{entry.size:,} bytes" if entry.size is not None else "no size",
        entry.media_type or "no media type",
    ]
    return ", ".join(parts + [f"from {url}" for url in entry.urls[:2]])


def _left(count: int) -> list[str]:
    return [f"# and {count - _MOST:,} more"] if count > _MOST else []
