"""Which upstream a request is for: by the mirror's own host name, by ``ns=``, by path prefix, or the default.

Knows: the closed list of upstreams. Must not know: how requests are read, or what they are for. A name that is not on the
list leads nowhere; it is never a place to dial. (distribution-spec, main: Registry Proxying.)
"""

import msgspec

from inspector.mirror.errors import refuse
from inspector.mirror.model import Answer, Auth, Settings, Upstream
from inspector.mirror.names import find_upstream, looks_like_host, split_prefix, upstream_name
from inspector.wire.reference import DOCKER_HUB


class Routed(msgspec.Struct, frozen=True, kw_only=True):
    """An upstream, and the repository as it calls it (None where a request names none).

    ``prefix`` is what the client wrote before the name to choose the upstream; ``ns`` what it gave as ``ns=``.
    """

    upstream: Upstream
    repository: str | None
    prefix: str = ""
    ns: str | None = None


def route(
    settings: Settings, host: str, namespaces: list[str], repository: str | None, *, named: str | None = None
) -> Routed | Answer:
    """The upstream for a request to ``host`` (without port) with these ``ns=`` values and this repository.

    ``named``: the upstream that a token endpoint's path names. A refusal says what is on the list.
    """
    fixed = next((up for up in settings.upstreams if host in up.hosts), None)
    if settings.hosts and fixed is None and host not in settings.hosts:
        return refuse(421, "DENIED", f"this mirror does not serve the host {host or '(none)'}")
    ns = namespaces[0] if namespaces else None
    if len(set(namespaces)) > 1:
        return refuse(400, "NAME_INVALID", "the request has more than one ns=")
    for name in (ns, named):
        if name is None:
            continue
        chosen = find_upstream(settings.upstreams, name)
        if chosen is None or (fixed is not None and chosen.name != fixed.name):
            return unlisted(settings, name)
        fixed = chosen
    if fixed is not None:
        return _routed(settings, fixed, repository, ns=ns)
    return _by_prefix(settings, repository)


def _by_prefix(settings: Settings, repository: str | None) -> Routed | Answer:
    split = split_prefix(settings.upstreams, repository) if repository else None
    if split is not None:
        upstream, prefix, rest = split
        return _routed(settings, upstream, rest, prefix=prefix)
    default = settings.upstream(settings.default) if settings.default else None
    host = looks_like_host(repository) if repository else None
    if default is None or (host is not None and default.name == DOCKER_HUB):
        return unlisted(settings, host or repository or "(none)")
    return _routed(settings, default, repository)


def _routed(
    settings: Settings, upstream: Upstream, repository: str | None, *, prefix: str = "", ns: str | None = None
) -> Routed:
    named = repository is not None and settings.auth is not Auth.PASS
    name = upstream_name(upstream, repository or "") if named else repository
    return Routed(upstream=upstream, repository=name, prefix=prefix, ns=ns)


def unlisted(settings: Settings, name: str) -> Answer:
    """The refusal of an upstream that is not on the list."""
    listed = ", ".join(up.name for up in settings.upstreams)
    return refuse(404, "NAME_UNKNOWN", f"this mirror has no upstream {name[:100]}; it serves {listed}")
