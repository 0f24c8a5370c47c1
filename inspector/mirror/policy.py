"""What becomes of a request: a request and the settings go in, a decision comes out. No server, no clock.

Knows: the registry's routes, what a pull-only mirror answers itself. Must not know: how a decision is carried out.
"""

import re
from collections.abc import Callable
from urllib.parse import quote, urlencode

from inspector.mirror.errors import refuse
from inspector.mirror.model import (
    Answer,
    Decision,
    FetchToken,
    Follow,
    Forward,
    Headers,
    Home,
    Kind,
    Request,
    Settings,
    Target,
)
from inspector.mirror.request import Incoming, header_all, read, trusted
from inspector.mirror.routing import Routed, route
from inspector.wire.digest import parse_digest
from inspector.wire.reference import valid_repository, valid_tag
from inspector.wire.routes import Route, RouteKind, parse_route

TOKEN_PATH = "/token"  # noqa: S105 - a path
REDIRECT_PATH = "/redirect/"
HEALTH_PATH = "/healthz"
MARK = "pull-inspector"
_MOST_MIRRORS = 5

_KINDS = {
    RouteKind.PING: Kind.PING,
    RouteKind.MANIFEST: Kind.MANIFEST,
    RouteKind.BLOB: Kind.BLOB,
    RouteKind.TAGS: Kind.TAGS,
    RouteKind.REFERRERS: Kind.REFERRERS,
}
_ALGORITHMS = {"sha256", "sha384", "sha512"}
_QUERY = {Kind.TAGS: ("n", "last"), Kind.REFERRERS: ("artifactType",)}
_READS = ("GET", "HEAD")
_ALLOW: Headers = (("allow", "GET, HEAD"),)
_VIA = re.compile(rf"{MARK}-([0-9a-z]+)")


def decide(request: Request, settings: Settings, *, identity: str) -> Decision:
    """What to do. ``identity``: this mirror's own mark in Via, by which it knows a request that it has sent itself."""
    incoming = read(request, settings)
    if isinstance(incoming, Answer):
        return incoming
    if _in_clear(request, settings) and incoming.path != HEALTH_PATH:
        # Before anything is asked for: a challenge would be answered with a password.
        return refuse(
            400, "UNSUPPORTED", f"this mirror speaks TLS only: https:{incoming.own.partition(':')[2]}"
        )
    if loops(request.headers, identity):
        return refuse(508, "UNSUPPORTED", "the request came back: this mirror's upstream leads to itself")
    for place, handle in _PLACES:
        if place.fullmatch(incoming.path):
            return handle(incoming, settings)
    return _registry(incoming, settings)


def _in_clear(request: Request, settings: Settings) -> bool:
    """Whether plain HTTP came to a mirror that has a certificate, and not from a proxy of its operator's."""
    return settings.tls and not request.secure and not trusted(request.peer, settings.trusted_proxies)


def loops(headers: Headers, identity: str) -> bool:
    """Whether Via shows that this mirror, or too many of its kind, have had the request already (RFC 9110 section 7.6.3)."""
    seen = _VIA.findall(",".join(header_all(headers, "via"))[:4096])
    return identity in seen or len(seen) >= _MOST_MIRRORS


def _home(incoming: Incoming, settings: Settings) -> Decision:
    if incoming.request.method not in _READS:
        return refuse(405, "UNSUPPORTED", "this mirror is pull only", _ALLOW)
    chosen = route(settings, incoming.host, [], None)
    if isinstance(chosen, Answer) and chosen.status == 421:
        return chosen
    return Home(own=incoming.own)


def _health(incoming: Incoming, _: Settings) -> Decision:
    if incoming.request.method not in _READS:
        return refuse(405, "UNSUPPORTED", "this mirror is pull only", _ALLOW)
    headers = (
        ("content-type", "text/plain; charset=utf-8"),
        ("content-length", "3"),
        ("cache-control", "no-store"),
    )
    return Answer(status=200, headers=headers, body=b"ok\n", reason="healthy")


def _token(incoming: Incoming, settings: Settings) -> Decision:
    method = incoming.request.method
    if method not in {"GET", "POST"}:
        return refuse(
            405, "UNSUPPORTED", f"the token endpoint does not answer {method}", (("allow", "GET, POST"),)
        )
    named = incoming.path.removeprefix(TOKEN_PATH).removeprefix("/") or None
    # In a POST the scopes come with the body: only the host and the path can be judged yet.
    chosen = route(settings, incoming.host, [], None, named=named)
    if isinstance(chosen, Answer) and (chosen.status == 421 or named):
        return chosen
    return FetchToken(own=incoming.own, host=incoming.host, named=named, query=incoming.query)


def _redirected(incoming: Incoming, _: Settings) -> Decision:
    if incoming.request.method not in _READS:
        return refuse(405, "UNSUPPORTED", "this mirror is pull only", _ALLOW)
    return Follow(key=incoming.path.removeprefix(REDIRECT_PATH), own=incoming.own)


_PLACES: tuple[tuple[re.Pattern[str], Callable[[Incoming, Settings], Decision]], ...] = (
    (re.compile("/"), _home),
    (re.compile(HEALTH_PATH), _health),
    (re.compile(rf"{TOKEN_PATH}(?:/[^/]+)?"), _token),
    (re.compile(rf"{REDIRECT_PATH}[^/]+"), _redirected),
)


# -- the registry's own routes -----------------------------------------------------------------------------------------


def _registry(incoming: Incoming, settings: Settings) -> Decision:
    path = incoming.path
    if path != "/v2" and not path.startswith("/v2/"):
        return _unknown(incoming)
    found = parse_route(path)
    if incoming.request.method not in _READS or (found and found.kind is RouteKind.UPLOAD):
        return refuse(405, "UNSUPPORTED", "this mirror is pull only: push to the registry itself", _ALLOW)
    if found is None or found.prefix or found.kind not in _KINDS:
        return _unknown(incoming)
    problem = _problem(found)
    if problem:
        return problem
    namespaces = [value for name, value in incoming.pairs if name == "ns"]
    chosen = route(settings, incoming.host, namespaces, found.repository)
    if isinstance(chosen, Answer):
        return chosen
    return Forward(target=_target(incoming, found, chosen))


def _problem(found: Route) -> Answer | None:
    """The refusal of what is outside the grammar, before it is put into any path, name or header."""
    if found.repository is not None and not valid_repository(found.repository):
        return refuse(404, "NAME_INVALID", "the repository's name is not one that a registry can have")
    reference = found.reference
    if found.kind is RouteKind.MANIFEST and reference is not None and ":" not in reference:
        return None if valid_tag(reference) else refuse(400, "TAG_INVALID", "the tag is not of the grammar")
    if reference is not None:
        digest = parse_digest(reference)
        if digest is None or digest.algorithm not in _ALGORITHMS:
            return refuse(
                400, "DIGEST_INVALID", "the digest is not of the grammar, or of an unknown algorithm"
            )
    return None


def _target(incoming: Incoming, found: Route, chosen: Routed) -> Target:
    kind = _KINDS[found.kind]
    asked = found.repository
    ends = {
        Kind.PING: "",
        Kind.TAGS: f"{chosen.repository}/tags/list",
        Kind.MANIFEST: f"{chosen.repository}/manifests/{found.reference}",
        Kind.BLOB: f"{chosen.repository}/blobs/{found.reference}",
        Kind.REFERRERS: f"{chosen.repository}/referrers/{found.reference}",
    }
    wanted = _QUERY.get(kind, ())
    query = urlencode([pair for pair in incoming.pairs if pair[0] in wanted], quote_via=quote)
    return Target(
        kind=kind,
        upstream=chosen.upstream,
        path=f"/v2/{ends[kind]}" + (f"?{query}" if query else ""),
        own=incoming.own,
        repository=chosen.repository,
        asked=asked,
        reference=found.reference,
        prefix=chosen.prefix,
        ns=chosen.ns,
    )


def _unknown(_: Incoming) -> Answer:
    return refuse(404, "UNSUPPORTED", "there is nothing here: this is a registry mirror, its API is at /v2/")


def scopes_of(pairs: list[tuple[str, str]]) -> list[str]:
    """Every scope of every ``scope`` parameter; a value may hold several, with spaces between."""
    return [scope for name, value in pairs if name == "scope" for scope in value.split(" ") if scope][:32]
