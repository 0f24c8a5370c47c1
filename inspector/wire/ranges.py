"""Byte ranges: what a client asks for, and what the answer says it holds.

Knows: RFC 9110 section 14. Must not know: which resource, or how long it really is.
"""

import re

import msgspec

# RFC 9110 section 14.1.2, 14.2 (one range only; a suffix range has no first position and is None here)
#   Range     = range-unit "=" range-set
#   int-range = first-pos "-" [ last-pos ]
_RANGE = re.compile(r"bytes=[ \t]*([0-9]{1,19})-([0-9]{1,19})?", re.IGNORECASE)

# RFC 9110 section 14.4
#   Content-Range = range-unit SP ( range-resp / unsatisfied-range )
#   range-resp    = incl-range "/" ( complete-length / "*" )
_CONTENT_RANGE = re.compile(r"bytes[ \t]+(?:([0-9]{1,19})-([0-9]{1,19})|\*)/([0-9]{1,19}|\*)", re.IGNORECASE)


class ContentRange(msgspec.Struct, frozen=True):
    """Positions in bytes, both inclusive; ``first`` and ``last`` are None for ``bytes */N``; ``total`` None for ``*``."""

    first: int | None
    last: int | None
    total: int | None


def parse_range(value: str) -> tuple[int, int | None] | None:
    """``bytes=N-M`` as (N, M), ``bytes=N-`` as (N, None); None for several ranges, suffixes and anything else."""
    match = _RANGE.fullmatch(value.strip(" \t"))
    if match is None:
        return None
    first, last = int(match[1]), None if match[2] is None else int(match[2])
    return None if last is not None and last < first else (first, last)


def parse_content_range(value: str) -> ContentRange | None:
    """The positions of a 206, or ``bytes */N`` of a 416; None when the value is malformed or contradicts itself."""
    match = _CONTENT_RANGE.fullmatch(value.strip(" \t"))
    if match is None:
        return None
    total = None if match[3] == "*" else int(match[3])
    if match[1] is None:
        return None if total is None else ContentRange(None, None, total)
    first, last = int(match[1]), int(match[2])
    if last < first or (total is not None and last >= total):
        return None
    return ContentRange(first, last, total)


def answers(asked: str | None, content_range: str | None) -> bool:
    """Whether a 206 with this Content-Range may be the answer to this Range (RFC 9110 sections 14.2, 15.3.7).

    ``asked`` None: no part was asked for, so no part is an answer. Of several ranges nothing is said.
    """
    if asked is None:
        return False
    found = parse_content_range(content_range or "")
    if "," in asked:
        return True
    if found is None or found.first is None or found.last is None:
        return False
    wanted = parse_range(asked)
    if wanted is None:  # the last so many bytes
        return found.total is None or found.last == found.total - 1
    return found.first == wanted[0] and (wanted[1] is None or found.last <= wanted[1])
