"""The records of a flow file: typed netstrings, read with bounds.

Knows: the grammar of tnetstrings as mitmproxy writes them (``length:data`` and a type character). Must not know: flows.
mitmproxy has a reader of its own; it trusts the length prefix with memory and the nesting with the stack, and it parses
what we never look at. This one does neither: it is what makes a hostile file harmless and a large file fast.
"""

from collections.abc import Set as AbstractSet

MOST_DEPTH = 64
_MOST_DIGITS = 12  # of a length, as in mitmproxy's reader

_BYTES, _TEXT, _INT, _FLOAT, _BOOL, _NULL, _LIST, _DICT = b",;#^!~]}"


class TnetError(ValueError):
    """The bytes are no typed netstring."""


def parse(data: bytes, tag: int, skip: AbstractSet[str] = frozenset()) -> object:
    """The value in ``data``, whose type character is ``tag``. Dictionary keys in ``skip`` get None unread.

    Raises TnetError for anything that is not of the grammar, or nests deeper than 64.
    """
    try:
        return _value(data, 0, len(data), tag, skip, 0)
    except TnetError:
        raise
    except (ValueError, LookupError, TypeError, OverflowError) as error:
        raise TnetError(str(error)[:100]) from None


def _value(data: bytes, start: int, end: int, tag: int, skip: AbstractSet[str], depth: int) -> object:
    if tag == _BYTES:
        return data[start:end]
    if tag == _TEXT:
        return str(data[start:end], "utf-8")
    if tag == _INT:
        if end - start > 40:
            raise TnetError("an integer too long to be one")
        return int(data[start:end])
    if tag == _FLOAT:
        if end - start > 400:
            raise TnetError("a float too long to be one")
        return float(data[start:end])
    if tag == _BOOL:
        return {b"true": True, b"false": False}[data[start:end]] if end - start < 6 else _bad()
    if tag == _NULL:
        return None if start == end else _bad()
    if depth >= MOST_DEPTH:
        raise TnetError("nested too deep")
    if tag == _LIST:
        return _list(data, start, end, skip, depth + 1)
    if tag == _DICT:
        return _dict(data, start, end, skip, depth + 1)
    return _bad()


def _bad() -> object:
    raise TnetError("not a typed netstring")


def _list(data: bytes, position: int, end: int, skip: AbstractSet[str], depth: int) -> list[object]:
    items: list[object] = []
    while position < end:
        colon = data.index(b":", position, position + _MOST_DIGITS)
        start = colon + 1
        stop = start + int(data[position:colon])
        if not start <= stop < end:
            _bad()
        tag = data[stop]
        items.append(data[start:stop] if tag == _BYTES else _value(data, start, stop, tag, skip, depth))
        position = stop + 1
    return items


def _dict(data: bytes, position: int, end: int, skip: AbstractSet[str], depth: int) -> dict[object, object]:
    items: dict[object, object] = {}
    key: object = None
    at_key = True
    while position < end:
        colon = data.index(b":", position, position + _MOST_DIGITS)
        start = colon + 1
        stop = start + int(data[position:colon])
        if not start <= stop < end:
            _bad()
        tag = data[stop]
        if at_key:
            key = (
                str(data[start:stop], "utf-8")
                if tag == _TEXT
                else _value(data, start, stop, tag, skip, depth)
            )
        elif tag == _BYTES:
            items[key] = data[start:stop]
        else:
            items[key] = None if key in skip else _value(data, start, stop, tag, skip, depth)
        at_key = not at_key
        position = stop + 1
    if not at_key:
        _bad()
    return items
