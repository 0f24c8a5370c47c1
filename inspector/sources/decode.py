"""Content-Encoding undone, piece by piece, with bounds: a bomb costs neither memory nor hours.

Knows: gzip, deflate, br, zstd (RFC 9110 section 8.4.1, RFC 7932, RFC 8878). Must not know: flows.
mitmproxy's own decoder gives the whole result at once; a megabyte of gzip may become a gigabyte there.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import brotli  # type: ignore[import-untyped]
import zstandard

PIECE = 256 * 1024
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
    if len(names) > 1 or names[0] not in _DECODERS:
        return None
    digest, size, kept = hashlib.sha256(), 0, bytearray()
    try:
        for piece in _DECODERS[names[0]](raw):
            digest.update(piece)
            size += len(piece)
            if size > _LONGEST:
                return None
            if size <= keep:
                kept += piece
    except (zlib.error, brotli.error, zstandard.ZstdError, ValueError, EOFError):
        return None
    return Decoded(size, digest.hexdigest(), bytes(kept) if size <= keep else None)


def _inflate(raw: bytes, wbits: int) -> Iterator[bytes]:
    while raw:
        engine = zlib.decompressobj(wbits)
        piece = engine.decompress(raw, PIECE)
        while piece or engine.unconsumed_tail:
            yield piece
            piece = engine.decompress(engine.unconsumed_tail, PIECE)
        if not engine.eof:
            raise EOFError
        raw = engine.unused_data if wbits == _GZIP else b""  # RFC 1952 section 2.2: a series of members


_GZIP = 16 + zlib.MAX_WBITS


def _gunzip(raw: bytes) -> Iterator[bytes]:
    return _inflate(raw, _GZIP)


def _deflate(raw: bytes) -> Iterator[bytes]:
    # RFC 9110 section 8.4.1.2: zlib's format; some servers send the bare stream.
    zlib_header = len(raw) > 1 and raw[0] & 0x0F == 8 and (raw[0] << 8 | raw[1]) % 31 == 0
    return _inflate(raw, zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS)


def _brotli(raw: bytes) -> Iterator[bytes]:
    engine = brotli.Decompressor()
    if not hasattr(engine, "can_accept_more_data"):  # before 1.2 only the input can be held small
        yield from (engine.process(raw[at : at + 1024]) for at in range(0, len(raw), 1024))
        raw = b""
    piece = engine.process(raw, output_buffer_limit=PIECE) if raw else b""
    while piece:
        yield piece
        piece = b"" if engine.is_finished() else engine.process(b"", output_buffer_limit=PIECE)
    if not engine.is_finished():
        raise EOFError


def _zstd(raw: bytes) -> Iterator[bytes]:
    # RFC 8878 section 5 via RFC 9659: a window of 8 MiB at most for Content-Encoding.
    reader = zstandard.ZstdDecompressor(max_window_size=8 * 1024 * 1024).stream_reader(
        raw, read_across_frames=True
    )
    while piece := reader.read(PIECE):
        yield piece


_DECODERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "gzip": _gunzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
