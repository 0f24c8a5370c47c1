"""What a registry is known by, and where a rule must not cry wolf.

Knows: names, patterns, exchanges' heads. Must not know: any single registry, rules.
"""

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType

import msgspec

from inspector.core.exchange import Exchange
from inspector.core.pull import Stage, Step
from inspector.wire.url import host_of

_MOST = 256  # signs of one kind that are kept of a host


class Realm(msgspec.Struct, frozen=True):
    """A Bearer challenge's realm: its host and path, and the service."""

    host: str
    path: str
    service: str | None


class Signs(msgspec.Struct, frozen=True):
    """What one host showed in one pull.

    ``basic`` are realms of Basic challenges; ``locations`` targets of its redirects; ``storages`` their hosts; ``headers``
    pairs of name (lower case) and value.
    """

    host: str
    realms: frozenset[Realm] = frozenset()
    basic: frozenset[str] = frozenset()
    locations: frozenset[str] = frozenset()
    storages: frozenset[str] = frozenset()
    headers: frozenset[tuple[str, str]] = frozenset()

    def header(self, name: str) -> str:
        """Every value of a header, joined; empty when it never came. In lower case."""
        return " ".join(sorted(value for known, value in self.headers if known == name)).lower()


class Registry(msgspec.Struct, frozen=True, kw_only=True):
    """A registry, or a kind of registry that many run.

    ``hosts``, ``realms`` (host of the realm) and ``storage`` are patterns; ``service`` None: any. ``shows`` tells it by what else
    it sends. ``relax``: codes of what it does by design, each with the reason, a sentence without its full stop.
    """

    name: str
    hosts: tuple[str, ...] = ()
    realms: tuple[str, ...] = ()
    service: str | None = None
    storage: tuple[str, ...] = ()
    shows: Callable[[Signs], bool] | None = None
    relax: Mapping[str, str] = MappingProxyType({})

    def owns_realm(self, host: str, service: str | None) -> bool:
        """Whether this is its token service: host of the realm and service, both."""
        return (
            bool(self.realms)
            and fits(host, self.realms)
            and (self.service is None or self.service == service)
        )

    def is_shown_by(self, signs: Signs) -> bool:
        """Any sign is enough: the name by which it is reached is one among them, and a mirror passes on the others."""
        return (
            fits(signs.host, self.hosts)
            or any(self.owns_realm(realm.host, realm.service) for realm in signs.realms)
            or any(fits(host, self.storage) for host in signs.storages)
            or (self.shows is not None and self.shows(signs))
        )


def signs_of(host: str, steps: Iterable[Step]) -> Signs:
    """What ``host`` showed in these steps, all of them its own. A storage or token service shows nothing of a registry."""
    found = _Found()
    for step in steps:
        if step.stage not in (Stage.TOKEN, Stage.CDN):
            found.look(step.exchange)
    return Signs(
        host=host,
        realms=frozenset(found.realms),
        basic=frozenset(found.basic),
        locations=frozenset(found.locations),
        storages=frozenset(filter(None, map(host_of, found.locations))),
        headers=frozenset(found.headers),
    )


class _Found:
    def __init__(self) -> None:
        self.realms: set[Realm] = set()
        self.basic: set[str] = set()
        self.locations: set[str] = set()
        self.headers: set[tuple[str, str]] = set()

    def look(self, exchange: Exchange) -> None:
        for challenge in exchange.challenges:
            realm = challenge.realm or ""
            if challenge.scheme == "basic" and len(self.basic) < _MOST:
                self.basic.add(realm)
            elif challenge.scheme == "bearer" and len(self.realms) < _MOST:
                path = realm.partition("://")[2].partition("?")[0].partition("/")[2]
                self.realms.add(Realm(host_of(realm) or "", f"/{path}", challenge.service))
        if exchange.is_redirect and exchange.location and len(self.locations) < _MOST:
            self.locations.add(exchange.location)
        for name in _TELLING:
            value = exchange.response_header(name)
            if value is not None and len(self.headers) < _MOST:
                self.headers.add((name, value))


_TELLING = (
    "server", "docker-distribution-api-version", "oci-namespace", "x-jfrog-version", "x-artifactory-id",
    "x-harbor-csrf-token", "x-ms-ref", "x-served-by", "x-dragonfly-registry",
)  # fmt: skip


def fits(host: str, patterns: tuple[str, ...]) -> bool:
    """Whether the host, without its port, is of one of the patterns."""
    name = host.lower()[:255]
    name = name if name.startswith("[") else name.partition(":")[0]
    return any(fnmatchcase(name, pattern) for pattern in patterns)
