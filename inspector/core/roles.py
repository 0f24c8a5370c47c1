"""What kind of content each digest is, as the manifests of one pull tell it.

Knows: the pull's documents. Must not know: steps, outcomes.
Source: OCI image-spec (index, manifest, descriptor); the attestation's mark is BuildKit's
``vnd.docker.reference.type``.
"""

import msgspec

from inspector.core.draft import Placed, asked_reference
from inspector.core.pull import Content, Stage
from inspector.wire.document import Descriptor, Document, is_attestation
from inspector.wire.mediatypes import kind_of


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """What a manifest says of a digest: its kind, its descriptor, its place among the layers (position, count)."""

    content: Content
    descriptor: Descriptor
    layer: tuple[int, int] | None = None


class Roles:
    """Digest -> role, and digest -> document, for one pull."""

    def __init__(self, placed: list[Placed]) -> None:
        self.by_digest: dict[str, Role] = {}
        self.documents: dict[str, Document] = {}
        self.own: dict[str, Content] = {}
        self.layers: set[str] = set()
        found = [(digest, p, doc) for p in placed if (doc := document_of(p)) and (digest := digest_of(p))]
        for digest, _, document in found:
            self.documents.setdefault(digest, document)
            if document.kind == "index":
                self._read_index(document)
        for digest, one, document in found:
            self.own.setdefault(digest, self._kind(digest, one, document))
            if document.kind != "index":
                self._read_manifest(document, self.own[digest])

    def content(self, digest: str | None) -> Content | None:
        """The kind of a digest: by its own document, else by the manifest that names it."""
        if digest is None:
            return None
        if digest in self.own:
            return self.own[digest]
        role = self.by_digest.get(digest)
        return role.content if role else None

    def _kind(self, digest: str, placed: Placed, document: Document) -> Content:
        if document.kind == "index":
            return Content.INDEX
        if placed.stage is Stage.SIGNATURE:
            return Content.SIGNATURE
        role = self.by_digest.get(digest)
        return Content.ATTESTATION if role and role.content is Content.ATTESTATION else Content.MANIFEST

    def _note(
        self, descriptor: Descriptor | None, content: Content, layer: tuple[int, int] | None = None
    ) -> None:
        if descriptor is not None and descriptor.digest:
            role = Role(content=content, descriptor=descriptor, layer=layer)
            self.by_digest.setdefault(descriptor.digest, role)

    def _read_index(self, index: Document) -> None:
        for child in index.manifests:
            if is_attestation(child):
                self._note(child, Content.ATTESTATION)
            elif kind_of(child.media_type) == "index":
                self._note(child, Content.INDEX)
            else:
                self._note(child, Content.MANIFEST)

    def _read_manifest(self, manifest: Document, own: Content) -> None:
        self._note(manifest.config, Content.CONFIG)
        kind = own if own in (Content.ATTESTATION, Content.SIGNATURE) else Content.LAYER
        count = len(manifest.layers)
        for position, layer in enumerate(manifest.layers, 1):
            self._note(layer, kind, (position, count) if kind is Content.LAYER else None)
            if kind is Content.LAYER and layer.digest:
                self.layers.add(layer.digest)


def document_of(placed: Placed) -> Document | None:
    """The manifest that an exchange delivered or pushed; None on a token's or a blob's answer."""
    if placed.stage is Stage.PUSH:
        return placed.exchange.pushed
    route = (placed.asked or placed.exchange).route
    return placed.exchange.document if route is not None and route.kind == "manifest" else None


def digest_of(placed: Placed) -> str | None:
    """The digest that was asked for, or is known to be it: by name, as announced, or as the bytes hash."""
    exchange = placed.exchange
    reference = asked_reference(placed)
    route = (placed.asked or exchange).route
    if route is None or placed.stage in (Stage.TOKEN, Stage.PING, Stage.TAGS, Stage.CATALOG, Stage.SEARCH):
        return None
    if reference is not None and route.is_digest:
        return reference
    if route.kind == "upload" or exchange.method in ("PUT", "POST", "PATCH"):
        return _pushed_digest(placed)
    announced = announced_digest(placed)
    if announced and exchange.status is not None and exchange.status < 400:
        return announced
    body = exchange.response_body
    if exchange.method == "GET" and exchange.ok and exchange.status == 200 and body and body.decoded_sha256:
        return f"sha256:{body.decoded_sha256}" if route.kind == "manifest" else None
    return None


def announced_digest(placed: Placed) -> str | None:
    """Docker-Content-Digest of the answer, or of the redirect that led to a storage, which knows of no such field."""
    own = placed.exchange.response_header("docker-content-digest")
    if own is None and placed.stage is Stage.CDN and placed.cause is not None:
        return placed.cause.response_header("docker-content-digest")
    return own


def _pushed_digest(placed: Placed) -> str | None:
    """Of a PUT: what the answer announces, what the query names, or what the sent manifest hashes to."""
    exchange = placed.exchange
    announced = exchange.response_header("docker-content-digest")
    if announced and exchange.ok:
        return announced
    if exchange.route and exchange.route.reference and exchange.route.is_digest:
        return exchange.route.reference
    body = exchange.request_body
    if exchange.method == "PUT" and exchange.pushed is not None and body and body.decoded_sha256:
        return f"sha256:{body.decoded_sha256}"
    return None
