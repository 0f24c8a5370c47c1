"""The first characters of a body that was to be something else, without what looks like a secret.

Knows: how secrets look in text. Must not know: what the body was to be.
"""

import re

from inspector.wire.clean import clean
from inspector.wire.jsontext import load

_READ = 4096
_HIDDEN = "‹…›"

# A long run of base64, base64url or hex, dots of a JWT included.
_RUN = re.compile(r"[A-Za-z0-9+/_=.~-]{16,}")
# A value after a telling name, in a query, a form, JSON or prose; one that is replaced already stays.
_NAMED = re.compile(
    r"((?:token|passw(?:or)?d|secret|credential|authorization|api_?key)[\"']?\s{0,4}[:=]\s{0,4}[\"']?)"
    r"[^\s\"'&<>‹›,;]+",
    re.IGNORECASE,
)


def opening(data: bytes, limit: int) -> str:
    """At most ``limit`` clean characters. A JSON string stands for its text, so applying it to its own result is safe."""
    loaded = load(data[:_READ], _READ)
    text = loaded.value if loaded and isinstance(loaded.value, str) else data[:_READ].decode(errors="replace")
    # Clean first: an escape could make two short runs one long one, and the second pass would see another text.
    shown = _NAMED.sub(rf"\1{_HIDDEN}", clean(text, 4 * _READ))
    return clean(_RUN.sub(_HIDDEN, shown).strip(), limit)
