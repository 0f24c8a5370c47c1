"""What can be read of a HAR file that is no clean JSON: cut off, or with text that is no UTF-8.

Knows: that a HAR is an object with a list of entries in it. Must not know: what an entry means.
"""

import json
import re
from typing import Any

_ENTRIES = re.compile(r'"entries"\s*:\s*\[')
_GAP = re.compile(r"[\s,]*")
# A string (one that does not end goes to the end of the text, lest it is tried again at each quote), or a bracket.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\Z)|[{}\[\]]', re.DOTALL)


def salvage(data: bytes) -> tuple[list[Any], int] | None:
    """The entries that are whole, and the number of bytes behind the last of them (0: the list ended as it should).

    One that is nested deeper than Python reads (3.12 less deep than 3.13) is None. None when there is no list of entries.
    """
    text = data.decode("utf-8", "replace")
    start = _ENTRIES.search(text)
    if start is None or not text.lstrip().startswith("{"):
        return None
    decoder = json.JSONDecoder(parse_constant=lambda _: None, parse_int=_number)
    entries: list[Any] = []
    at = start.end()
    while True:
        gap = _GAP.match(text, at)
        at = gap.end() if gap else at
        if at < len(text) and text[at] == "]":
            return entries, 0
        try:
            entry, at = decoder.raw_decode(text, at)
        except RecursionError:
            entry, end = None, _end_of(text, at)
            if end is None:
                return entries, _bytes_from(text, at)
            at = end
        except ValueError:
            return entries, _bytes_from(text, at)
        entries.append(entry)


def _end_of(text: str, at: int) -> int | None:
    """Where the object or list that begins at ``at`` ends, by its brackets alone; None when it does not."""
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text, at):
        if found[0] in "{[":
            depth += 1
        elif found[0] in "}]":
            depth -= 1
            if depth == 0:
                return found.end()
    return None


def _bytes_from(text: str, at: int) -> int:
    return max(1, len(text[at:].encode("utf-8", "replace")))


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) < 400 else 0
