"""JSON Web Tokens: their claims, nothing verified.

Knows: RFC 7519 and RFC 7515. Must not know: keys, or which claims may be kept.
"""

import base64
import binascii
from typing import Any

from inspector.wire.jsontext import load

LIMIT = 1024 * 1024
"""Characters of a token that are read."""


def jwt_claims(token: str) -> dict[str, Any] | None:
    """The claims of a JWT, nothing verified (RFC 7519 section 7.2); None for an opaque token."""
    if len(token) > LIMIT or token.count(".") != 2:
        return None
    head, payload, _ = token.split(".")
    return _segment(payload) if _segment(head) is not None else None


def _segment(text: str) -> dict[str, Any] | None:
    """RFC 7515 section 2: base64url without padding, here of a JSON object; padding is let pass."""
    bare = text.rstrip("=")
    try:
        data = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    loaded = load(data, LIMIT)
    return loaded.value if loaded is not None and isinstance(loaded.value, dict) else None
