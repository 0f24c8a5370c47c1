"""What can be read of a HAR file that is no clean JSON: cut off, or with text that is no UTF-8.

Knows: that a HAR is an object with a list of entries in it. Must not know: what an entry means.
"""

import json
import re
from typing import Any

_ENTRIES = re.compile(r'"entries"\s*:\s*\[')
_GAP = re.compile(r"[\s,]*")


def salvage(data: bytes) -> tuple[list[Any], int] | None:
    """The entries that are whole, and the number of bytes behind the last of them (0: the list ended as it should).

    None when there is no list of entries.
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
        except (ValueError, RecursionError):
            return entries, max(1, len(text[at:].encode("utf-8", "replace")))
        entries.append(entry)


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) < 400 else 0
