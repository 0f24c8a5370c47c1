"""Digests: ``algorithm:encoded`` as the OCI image-spec writes them.

Knows: the grammar and the registered algorithms. Must not know: how a digest is computed, or of what.
"""

import re

import msgspec

EMPTY_SHA256 = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The digest of no bytes at all: what an empty file in a cache hashes to."""

# image-spec v1.1, descriptor.md, Digests:
#   digest                ::= algorithm ":" encoded
#   algorithm             ::= algorithm-component (algorithm-separator algorithm-component)*
#   algorithm-component   ::= [a-z0-9]+
#   algorithm-separator   ::= [+._-]
#   encoded               ::= [a-zA-Z0-9=_-]+
_DIGEST = re.compile(r"([a-z0-9]+(?:[+._-][a-z0-9]+)*):([a-zA-Z0-9=_-]+)")

# image-spec v1.1, descriptor.md, Registered Algorithms: the encoded part is lower-case hex of this length.
_HEX_LENGTH = {"sha256": 64, "sha384": 96, "sha512": 128, "blake3": 64}
_HEX = re.compile(r"[0-9a-f]+")

_LONGEST = 256  # longer text is no digest that anyone could have meant


class Digest(msgspec.Struct, frozen=True):
    """An algorithm (``sha256``) and its encoded value (hex for every registered algorithm)."""

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


def parse_digest(text: str) -> Digest | None:
    """``sha256:<64 lower-case hex>`` and the like; None when the text is not of the grammar."""
    if len(text) > _LONGEST:
        return None
    match = _DIGEST.fullmatch(text)
    if match is None:
        return None
    algorithm, encoded = match.groups()
    length = _HEX_LENGTH.get(algorithm)
    if length is not None and (len(encoded) != length or _HEX.fullmatch(encoded) is None):
        return None
    return Digest(algorithm, encoded)


def is_digest(text: str) -> bool:
    """Whether the text is a digest of the grammar, and of the right length where the algorithm is registered."""
    return parse_digest(text) is not None


def short(digest: str) -> str:
    """The first 12 characters of the encoded part, as clients print it; 12 characters of any other text."""
    return digest.rpartition(":")[2][:12]
