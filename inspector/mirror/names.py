"""Repository names: what the client writes, and what the upstream calls it.

Knows: ``library/`` of Docker Hub, path prefixes, the grammar of scopes. Must not know: hosts, requests, tokens.
The client never meets ``library/`` unless it wrote it: no redirect, and a challenge names what it asked for.
"""

from collections.abc import Sequence

from inspector.mirror.model import Upstream
from inspector.wire.reference import DOCKER_HUB, DOCKER_HUB_HOSTS

LIBRARY = "library/"
_REPOSITORY = "repository"


def upstream_name(upstream: Upstream, repository: str) -> str:
    """The upstream's own name of what a client calls ``repository``."""
    return LIBRARY + repository if upstream.library and "/" not in repository else repository


def find_upstream(upstreams: Sequence[Upstream], name: str) -> Upstream | None:
    """The upstream that is called ``name``, where Docker Hub has several names (``index.docker.io``)."""
    wanted = name.lower()
    wanted = DOCKER_HUB if wanted in DOCKER_HUB_HOSTS else wanted
    return next((up for up in upstreams if up.name == wanted), None)


def split_prefix(upstreams: Sequence[Upstream], repository: str) -> tuple[Upstream, str, str] | None:
    """``ghcr.io/owner/name`` as upstream, ``ghcr.io/``, ``owner/name``; None when no upstream is named."""
    first, slash, rest = repository.partition("/")
    upstream = find_upstream(upstreams, first) if slash and rest else None
    return (upstream, f"{first}/", rest) if upstream else None


def looks_like_host(repository: str) -> str | None:
    """The first segment, where it could only be a registry's host; None when it is a name on Docker Hub."""
    first, slash, _ = repository.partition("/")
    return first if slash and ("." in first or first == "localhost") else None


def scope_parts(scope: str) -> tuple[str, str, str] | None:
    """``repository:NAME:ACTIONS`` as class and type, name, actions; None for other text and other types."""
    kind, _, rest = scope.partition(":")
    name, colon, actions = rest.rpartition(":")
    if kind.partition("(")[0] != _REPOSITORY or not colon or not name:
        return None
    return kind, name, actions


def scope_for_client(scope: str, *, asked: str, repository: str) -> str:
    """A scope of an upstream's challenge with the name under which the client asked for the repository."""
    parts = scope_parts(scope)
    if parts is None or parts[1] != repository:
        return scope
    return f"{parts[0]}:{asked}:{parts[2]}"
