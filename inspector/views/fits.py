"""The digest of what a message carries, and whether it fits: what was asked for, and what the header says.

Knows: mitmproxy's message and flow, digests. Must not know: what the bytes mean. Sources: distribution-spec v1.1, Pulling
manifests (Docker-Content-Digest), Verifying; OCI image-spec v1.1, Digests.
"""

import hashlib
from typing import TypeGuard

from mitmproxy import http
from mitmproxy.contentviews import Metadata

from inspector.views.layout import FITS, OPEN, WRONG, field
from inspector.wire.digest import Digest, parse_digest
from inspector.wire.routes import RouteKind, parse_route

_ALGORITHMS = frozenset({"sha256", "sha512"})
_HAS_DIGEST = frozenset({RouteKind.MANIFEST, RouteKind.BLOB})


def lines(data: bytes, metadata: Metadata) -> list[str]:
    """``digest`` and ``size`` of the content, and a line each for what it should have been: the verdict first, windows are narrow."""
    asked = _asked(metadata)
    told = parse_digest(_header(metadata, "docker-content-digest"))
    algorithm = asked.algorithm if _computable(asked) else "sha256"
    own = f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"
    found = [field("digest", own), field("asked for", _against_request(own, asked, metadata))]
    if told is not None and _computable(told):
        fits = hashlib.new(told.algorithm, data).hexdigest() == told.hex
        found.append(
            field("docker-content-digest", f"{FITS} this digest" if fits else f"{WRONG} another: {told}")
        )
    return [*found, field("size", f"{len(data)} bytes", _coded(metadata))]


def _computable(digest: Digest | None) -> TypeGuard[Digest]:
    return digest is not None and digest.algorithm in _ALGORITHMS


def _against_request(own: str, asked: Digest | None, metadata: Metadata) -> str:
    if asked is None:
        hex_ = own.partition(":")[2]
        if isinstance(metadata.flow, http.HTTPFlow) and hex_ in metadata.flow.request.path:
            return f"{FITS} this digest: the storage's path names it"
        return f"{OPEN} not by digest"
    if not _computable(asked):
        return f"{OPEN} {asked}, which cannot be computed here"
    return f"{FITS} this digest" if str(asked) == own else f"{WRONG} another: {asked}"


def _asked(metadata: Metadata) -> Digest | None:
    if not isinstance(metadata.flow, http.HTTPFlow):
        return None
    path, _, query = metadata.flow.request.path.partition("?")
    route = parse_route(path, query)
    if route is None or route.kind not in _HAS_DIGEST or route.reference is None:
        return None
    return parse_digest(route.reference)


def _header(metadata: Metadata, name: str) -> str:
    message = metadata.http_message
    return message.headers.get(name, "") if message is not None else ""


def _coded(metadata: Metadata) -> str:
    coding = _header(metadata, "content-encoding")
    return f"after {coding} was undone" if coding and coding != "identity" else ""
