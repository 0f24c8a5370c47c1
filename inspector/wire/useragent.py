"""User-Agent: which client it is, in which version, for which platform.

Knows: RFC 9110 section 10.1.5 and the habits of registry clients. Must not know: how they behave.
"""

import re
from functools import lru_cache

import msgspec

from inspector.wire.clean import clean

_LONGEST = 1024

# RFC 9110 section 10.1.5: product = token [ "/" product-version ]
# A space in the version ends it. Some clients write the version in a comment behind: regclient/regctl (v0.8.0)
_PRODUCT = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:/([^\s()]+))?")
_COMMENT_VERSION = re.compile(r"\(v?([0-9][^\s();,]*)")
_VERSION = re.compile(r"v?([0-9][^\s();,]*)")
_OS = re.compile(r"(?:^|\s)os/([\w.-]{1,32})")
_ARCH = re.compile(r"(?:^|\s)arch/([\w.-]{1,32})")

# A product's name where it is not simply its first product token in lower case.
_NAMES = {
    "docker-client": "docker",
    "moby": "docker",
    "dockerd": "docker",
    "libpod": "podman",
    "regctl": "regclient",
    "regsync": "regclient",
    "regbot": "regclient",
    "oras-go": "oras",
    "oras-py": "oras",
    "crio": "cri-o",
}

REGISTRY_CLIENTS = frozenset(
    {
        "docker", "containerd", "containers", "podman", "cri-o", "buildah", "skopeo", "buildkit", "crane", "kaniko",
        "go-containerregistry", "oras", "helm", "regclient", "nerdctl",
    }
)  # fmt: skip
"""Names of the products that people pull and push with. Mirrors and scripts have others."""


class Product(msgspec.Struct, frozen=True):
    """``name`` in lower case, ``version`` without a leading v, ``platform`` as ``linux/amd64``; None where not told.

    ``cli`` is true when the docker command itself asks, and not the daemon for it.
    """

    name: str | None = None
    version: str | None = None
    raw: str | None = None
    platform: str | None = None
    cli: bool = False


def parse_user_agent(value: str | None) -> Product:
    """The first product of a User-Agent value; an empty one for no value."""
    return Product() if value is None else _parse(clean(value.strip(), _LONGEST))


@lru_cache(maxsize=512)
def _parse(raw: str) -> Product:
    match = _PRODUCT.match(raw)
    if match is None:
        return Product(raw=raw)
    first = match[1].lower()
    version = _version(match[2], raw[match.end() :])
    system, architecture = _OS.search(raw), _ARCH.search(raw)
    platform = f"{system[1]}/{architecture[1]}" if system and architecture else None
    return Product(_NAMES.get(first, first), version, raw, platform, cli=first == "docker-client")


def _version(own: str | None, rest: str) -> str | None:
    """The product's own version; the one in the comment where a tool's name stands in its place."""
    match = _VERSION.fullmatch(own) if own else None
    if match:
        return match[1]
    comment = _COMMENT_VERSION.match(rest.lstrip())
    if comment:
        return comment[1]
    return own
