"""What stands in place of a secret: a kind and eight hex digits, such as ``‹token 3fa9c1d2›``.

Knows: how a value becomes a pseudonym. Must not know: where the value was found.

Two ways, by how hard the value is to guess. A bearer token is random: its pseudonym is a prefix of its plain SHA-256,
so two recordings made by two processes can be joined on it. A password is not: its pseudonym is keyed with bytes that
live only as long as this process, so nobody can try a dictionary against it. Eight hex digits are enough to tell values
apart in one capture, and too few to prove a guess.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from urllib.parse import unquote

OPEN, CLOSE = "‹", "›"
EMPTY = "‹empty›"
"""Stands for a credential that is there but says nothing, such as ``Basic Og==``."""

PSEUDONYM = re.compile(r"‹(?:token|basic|signature|opaque|value|address|id) [0-9a-f]{8}›|‹empty›|‹…›")
_PLUS_FORM = re.compile(r"‹(token|basic|signature|opaque|value|address|id)\+([0-9a-f]{8})›")

_STRONG_KINDS = frozenset({"token", "signature", "opaque"})
_STRONG_LENGTH = 20
_STRONG_VARIETY = 10  # different characters: a long word repeated is no random value


def is_pseudonym(value: str) -> bool:
    """Whether the whole of ``value`` is a pseudonym."""
    return value.startswith(OPEN) and PSEUDONYM.fullmatch(value) is not None


def as_pseudonym(value: str) -> str | None:
    """The pseudonym that ``value`` is, also when a URL library has percent-encoded it; else None."""
    if OPEN not in value:
        if "%E2%80%B9" not in value and "%e2%80%b9" not in value:
            return None
        value = unquote(value)
    value = _PLUS_FORM.sub(r"‹\1 \2›", value)
    return value if is_pseudonym(value) else None


class Pseudonyms:
    """Makes pseudonyms. ``key`` (for tests) fixes what is otherwise random per process."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)

    def __call__(self, kind: str, value: str) -> str:
        """The pseudonym of ``value``; a value that is one already comes back as it is."""
        known = as_pseudonym(value)
        if known is not None:
            return known
        data = value.encode("utf-8", "surrogatepass")
        if kind in _STRONG_KINDS and is_strong(value):
            digest = hashlib.sha256(data).hexdigest()
        else:
            digest = hmac.new(self._key, data, "sha256").hexdigest()
        return f"{OPEN}{kind} {digest[:8]}{CLOSE}"


def is_strong(value: str) -> bool:
    """Whether a value is too random to be guessed: long, varied, and not just text in base64 such as user:password."""
    if len(value) < _STRONG_LENGTH or len(set(value)) < _STRONG_VARIETY:
        return False
    if (
        value.startswith("eyJ") and value.count(".") == 2
    ):  # a signed JWT: readable, yet its signature is random
        return len(value.rpartition(".")[2]) >= _STRONG_LENGTH
    if re.search(r"[\s@]", value):
        return False
    try:
        inner = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return not value.isalpha()
    return not (inner.isascii() and inner.decode("ascii", "replace").isprintable())
