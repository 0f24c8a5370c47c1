"""A record too large to hold: read in passing, its long byte strings hashed and not kept.

Knows: the grammar of tnetstrings, and which keys of a flow hold bodies. Must not know: what a body means. mitmproxy keeps whole bodies in a record when it does not stream;
such a record may be larger than memory.
"""

import hashlib
from collections.abc import Set as AbstractSet
from typing import BinaryIO

from inspector.sources.tnet import TnetError, parse
from inspector.sources.view import Bulk

_KEPT = 4 * 1024 * 1024
"""Bytes of a byte string that is still kept."""

_PIECE = 256 * 1024
_LONGEST_KEY = 4096
_MOST_DIGITS = 12


class _Cut(Exception):  # noqa: N818 - it never leaves this module
    """The stream ended inside the record."""


class _Reader:
    """Counts what it reads, and never reads beyond the record."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.count = 0

    def take(self, size: int) -> bytes:
        data = self.stream.read(size)
        self.count += len(data)
        if len(data) < size:
            raise _Cut
        return data

    def skip(self, size: int) -> None:
        while size > 0:
            size -= len(self.take(min(size, _PIECE)))


def read_bulk(stream: BinaryIO, length: int, skip: AbstractSet[str]) -> tuple[object, int, bool]:
    """The dictionary in the next ``length`` bytes and its type character: (value, bytes read, whether it was whole).

    Long byte strings come as ``Bulk``. The value is None when the bytes are no dictionary; they are read to their end.
    """
    reader = _Reader(stream)
    value: object = None
    try:
        try:
            value = _dict(reader, length, skip)
        except (TnetError, ValueError, LookupError, TypeError):
            value = None
            reader.skip(length - reader.count)
        if reader.take(1) != b"}":
            value = None
    except _Cut:
        return None, reader.count, False
    return value, reader.count, True


def _head(reader: _Reader, end: int) -> int:
    """A length prefix that fits in what is left before ``end``."""
    digits = b""
    while (byte := reader.take(1)) != b":":
        if not byte.isdigit() or len(digits) >= _MOST_DIGITS or reader.count >= end:
            raise TnetError("not a length")
        digits += byte
    length = int(digits)
    if reader.count + length + 1 > end:
        raise TnetError("longer than what holds it")
    return length


def _dict(
    reader: _Reader, length: int, skip: AbstractSet[str], *, nested: bool = False
) -> dict[object, object]:
    items: dict[object, object] = {}
    end = reader.count + length
    while reader.count < end:
        data = reader.take(_head(reader, min(end, reader.count + _LONGEST_KEY)) + 1)
        key = parse(data[:-1], data[-1])
        name = key.decode("latin-1") if isinstance(key, bytes) else key
        items[key] = _item(reader, _head(reader, end), name, skip, nested=nested)
    return items


def _item(reader: _Reader, size: int, name: object, skip: AbstractSet[str], *, nested: bool) -> object:
    """A value of ``size`` bytes. Its type stands behind it, so a long one is taken for what its key says that it is."""
    if name in skip:
        reader.skip(size + 1)
        return None
    if size <= _KEPT:
        data = reader.take(size + 1)
        return parse(data[:-1], data[-1], skip)
    if not nested and name in {"request", "response"}:
        value: object = _dict(reader, size, skip, nested=True)
        return value if reader.take(1) == b"}" else None
    if nested and name == "content":
        digest, left = hashlib.sha256(), size
        while left > 0:
            piece = reader.take(min(left, _PIECE))
            digest.update(piece)
            left -= len(piece)
        return Bulk(size, digest.hexdigest()) if reader.take(1) == b"," else None
    reader.skip(size + 1)
    return None
