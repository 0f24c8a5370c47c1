"""Image references: ``docker.io/library/alpine:3.20`` and its short forms.

Knows: the grammar of distribution/reference and of distribution-spec v1.1, and Docker's defaults. Must not know: which
of them exist.
"""

import re

import msgspec

from inspector.wire.clean import clean
from inspector.wire.digest import parse_digest

DOCKER_HUB = "docker.io"
DOCKER_HUB_HOSTS = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})
_LONGEST_NAME = 255
_LONGEST = 1024

# distribution-spec v1.1, Pulling manifests
#   <name>      [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*
#   <reference> as a tag: [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}
_COMPONENT = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")

# distribution/reference, reference.go
#   domain           := host [':' port-number]
#   host             := domain-name | IPv4address | \[ IPv6address \]
#   domain-name      := domain-component ['.' domain-component]*
#   domain-component := /([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])/
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")

# opencontainers/go-digest: what Docker can compute, and so takes in a reference
_ALGORITHMS = frozenset({"sha256", "sha384", "sha512"})

# distribution/reference, normalize.go: such a name would be taken for an image's id
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")


class Reference(msgspec.Struct, frozen=True):
    """A reference with host and ``library/`` filled in as Docker does; the tag is None where none is written."""

    host: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.host}/{self.repository}{tag}{digest}"


def valid_repository(name: str) -> bool:
    """Whether a registry has to take the name: the grammar, and 255 characters at most."""
    return len(name) <= _LONGEST_NAME and _REPOSITORY.fullmatch(name) is not None


def valid_tag(tag: str) -> bool:
    """Whether the text is a tag."""
    return _TAG.fullmatch(tag) is not None


def normal_reference(host: str, repository: str, tag: str | None, digest: str | None) -> str:
    """``docker.io/library/alpine:3.20`` for what a request names; every host of Docker Hub is ``docker.io``.

    With a tag the digest is left out; with neither, the name stands alone.
    """
    name = host.lower()
    name = DOCKER_HUB if name in DOCKER_HUB_HOSTS else name
    end = f":{tag}" if tag is not None else f"@{digest}" if digest is not None else ""
    return clean(f"{name}/{repository}{end}", _LONGEST)


def parse_reference(text: str) -> Reference | None:
    """The reference that Docker reads in what a user wrote; None when it is none."""
    if len(text) > _LONGEST or _IDENTIFIER.fullmatch(text):
        return None
    rest, at, digest = text.partition("@")
    parsed = parse_digest(digest)
    if at and (parsed is None or parsed.algorithm not in _ALGORITHMS):
        return None
    host, path = _split_domain(rest)
    path, colon, tag = path.partition(":")
    if colon and not valid_tag(tag):
        return None
    if host == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    if len(host) > _LONGEST_NAME or not _DOMAIN.fullmatch(host) or not valid_repository(path):
        return None
    return Reference(host, path, tag if colon else None, digest if at else None)


def _split_domain(text: str) -> tuple[str, str]:
    """normalize.go, splitDockerDomain: the first part is a host when it could not be a name on Docker Hub."""
    first, slash, rest = text.partition("/")
    is_host = slash and ("." in first or ":" in first or first == "localhost" or first.lower() != first)
    if not is_host:
        return DOCKER_HUB, text
    return (DOCKER_HUB if first == "index.docker.io" else first), rest
