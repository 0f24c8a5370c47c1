"""One step and what rules ask of it alone: refused, broken, left by the client; which repository, tag or host it is about.

Knows: one step. Must not know: the pull around it (that is `case`), rules.
"""

from inspector.core.events import Side
from inspector.core.pull import Stage, Step
from inspector.wire.routes import RouteKind, parse_route, referrers_tag_of, signature_of
from inspector.wire.url import split

type Key = tuple[str, str]
"""Kind and name of what a request wants: a digest, a tag, a token, the ping."""


def own_keys(step: Step) -> frozenset[Key]:
    """What a request asks for by itself; a fetch from a storage also asks for what its redirect asked."""
    keys: set[Key] = set()
    if step.digest:
        keys.add(("content", step.digest))
    route = step.exchange.route
    if step.stage is Stage.TOKEN:
        keys.add(("token", step.exchange.host))
    elif route is not None and route.kind is RouteKind.PING:
        keys.add(("ping", ""))
    elif route is not None and route.reference:
        # Not with the repository: a mirror may have the same under another path, and a pull is about one reference.
        keys.add(("content", route.reference))
    elif route is not None and route.kind is RouteKind.TAGS:
        keys.add(("tags", route.repository or ""))
    elif route is not None and step.stage is not Stage.CDN:
        keys.add(("path", step.exchange.path))
    return frozenset(keys)


def is_refusal(step: Step) -> bool:
    """Answered 4xx or 5xx, other than the normal challenge: a 401 with a challenge to a request without credentials."""
    status = step.exchange.status
    if status is None or status < 400:
        return False
    return not (step.stage is Stage.CHALLENGE and step.exchange.credential is None)


_NOT_THERE = frozenset({400, 401, 403, 404, 405})
_LOOKED_UP = frozenset({RouteKind.REFERRERS, RouteKind.SIGNATURE})


def is_failed_lookup(step: Step) -> bool:
    """A signature, attestation or list of referrers that is not to be had: that is the normal case (catalogue 1.0, rule 9)."""
    if step.exchange.status not in _NOT_THERE:
        return False
    if step.stage in (Stage.SIGNATURE, Stage.REFERRERS):
        return True
    route = step.exchange.route
    if route is None:
        return False
    tag = route.reference or "" if route.is_tag else ""
    return route.kind in _LOOKED_UP or bool(signature_of(tag) or referrers_tag_of(tag))


def is_broken(step: Step) -> bool:
    """No answer, or a body that broke off; not what only the end of the recording cut."""
    exchange = step.exchange
    if exchange.open:
        return False
    return exchange.status is None or not exchange.whole


def client_left(step: Step) -> bool:
    """The client ended it."""
    end = step.exchange.end
    return end is not None and end.side is Side.CLIENT


def namespace_of(step: Step) -> str | None:
    """The registry that ``ns=`` names (distribution-spec, Registry Proxying)."""
    for pair in step.exchange.query.split("&"):
        name, _, value = pair.partition("=")
        if name == "ns" and value:
            return value
    return None


def repository_of(step: Step) -> str | None:
    """The repository in the request's path."""
    route = step.exchange.route
    return route.repository if route is not None else None


def is_registry_url(url: str) -> bool:
    """Whether the URL's path is a registry route: a redirect there leads to another registry, not to a storage."""
    parts = split(url)
    return parts is not None and parse_route(parts.path, parts.query) is not None


def asks_for_content(step: Step) -> bool:
    """A request for a manifest or a blob, whatever was answered."""
    route = step.exchange.route
    return route is not None and route.kind in (RouteKind.MANIFEST, RouteKind.BLOB)


def asks_manifest(step: Step) -> bool:
    """A request for a manifest or index, whatever was answered."""
    route = step.exchange.route
    return route is not None and route.kind is RouteKind.MANIFEST


def asks_tag(step: Step) -> bool:
    """A request for a manifest by tag."""
    route = step.exchange.route
    return route is not None and route.is_tag


def asks_storage(step: Step) -> bool:
    """A request to a storage, answered with a challenge or not."""
    return step.stage is Stage.CDN or (step.stage is Stage.CHALLENGE and step.exchange.route is None)


def seconds_of(step: Step) -> float:
    """How long the exchange lasted, as far as the capture knows."""
    return max(0.0, step.exchange.last_time - step.exchange.request.time)
