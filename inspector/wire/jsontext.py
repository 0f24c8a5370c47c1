"""JSON from a peer, read as leniently as a client could, with a note of everything that is odd about it.

Knows: JSON (RFC 8259) and how decoders differ on it. Must not know: what the document means. The standard library's
decoder is used because it alone tells of duplicate keys and takes what others refuse.
"""

import json
import math
from typing import Any

import msgspec

from inspector.wire.clean import clean

_BOM = b"\xef\xbb\xbf"
_LONGEST_NUMBER = 400  # digits; the interpreter itself refuses to read some thousands
MOST_PROBLEMS = 20


class Loaded(msgspec.Struct, frozen=True):
    """The value (dict, list, str, int, float, bool or None) and short sentences about what decoders disagree on."""

    value: Any
    problems: tuple[str, ...]
    bom: bool


def load(data: bytes, limit: int) -> Loaded | None:
    """The JSON text in ``data``; None when it is none, is nested too deep, or longer than ``limit`` bytes."""
    if len(data) > limit:
        return None
    problems: list[str] = []
    bom = data.startswith(_BOM)
    if bom:
        problems.append("a byte order mark stands before the JSON")
        data = data[len(_BOM) :]
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode(errors="replace")
        problems.append("the text is not valid UTF-8")
    repeated: dict[str, None] = {}

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(found)
        if len(result) != len(found) and len(repeated) < MOST_PROBLEMS:
            seen: set[str] = set()
            for key, _ in found:
                if key in seen:
                    repeated[key] = None
                seen.add(key)
        return result

    def constant(name: str) -> None:
        if len(problems) < MOST_PROBLEMS:
            problems.append(f"{name} is no JSON")

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant, parse_int=_integer)
    except (ValueError, RecursionError, MemoryError):
        return None
    problems += [f"the key {clean(key, 64)} stands twice" for key in list(repeated)[:MOST_PROBLEMS]]
    return Loaded(value, tuple(dict.fromkeys(problems)), bom)


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= _LONGEST_NUMBER else math.inf
