"""Whether a client offers a content coding: Accept-Encoding (RFC 9110 §12.5.3).

Knows: that field's text. Must not know: how a coding is undone, what the content is.
"""

import re

_NEVER = re.compile(r"q=0(?:\.0{0,3})?")


def offered(accept_encoding: str | None, coding: str) -> bool:
    """Whether the field admits the coding, or any. Without the field none is offered that one may count on."""
    for member in (accept_encoding or "").lower().split(","):
        name, _, weight = member.partition(";")
        if name.strip() in (coding.lower(), "*") and not _NEVER.fullmatch(weight.replace(" ", "")):
            return True
    return False
