"""Content-Encoding undone, piece by piece, with bounds: a bomb costs neither memory nor hours.

Knows: what a Content-Encoding field says (RFC 9110 section 8.4). Must not know: flows, how a coding is undone.
mitmproxy's own decoder gives the whole result at once; a megabyte of gzip may become a gigabyte there.
"""

import hashlib
from typing import NamedTuple

from inspector.sources.coding import CODINGS, Decoder, Undecodable

DOCUMENT_LIMIT = 4 * 1024 * 1024
"""Largest document that is kept, in bytes: the manifest limit of containerd and of most registries."""
_LONGEST = 1024 * 1024 * 1024  # decoded bytes after which a body is called undecodable


class Decoded(NamedTuple):
    """``size`` and ``sha256`` of the decoded body, and the body itself where it is no larger than asked for."""

    size: int
    sha256: str
    content: bytes | None


def codings(value: str | None) -> tuple[str, ...]:
    """The codings that a Content-Encoding names, in the order in which they were applied; identity left out."""
    names = [name.strip().lower() for name in (value or "").split(",")]
    return tuple("gzip" if name == "x-gzip" else name for name in names if name not in {"", "identity"})


def decode(raw: bytes, content_encoding: str | None, keep: int = DOCUMENT_LIMIT) -> Decoded | None:
    """``raw`` with its codings undone; None when they are unknown, do not fit the bytes, or the result is too large."""
    names = codings(content_encoding)
    if not names:
        return Decoded(len(raw), hashlib.sha256(raw).hexdigest(), raw if len(raw) <= keep else None)
    if len(names) > 1 or names[0] not in CODINGS:
        return None
    digest, size, kept = hashlib.sha256(), 0, bytearray()
    decoder = Decoder(names[0])
    try:
        for piece in decoder.feed(raw):
            digest.update(piece)
            size += len(piece)
            if size > _LONGEST:
                return None
            if size <= keep:
                kept += piece
        decoder.finish()
    except Undecodable:
        return None
    return Decoded(size, digest.hexdigest(), bytes(kept) if size <= keep else None)
