"""Which stage an exchange is (report-json.md, "stage"): by what was asked and answered, never by host name.

Knows: one exchange, and two facts that only its surroundings can tell: whether it went to a realm that a challenge
named, and which exchange's redirect it follows. Must not know: pulls, drafts.
"""

from inspector.core.exchange import Exchange
from inspector.core.pull import Stage
from inspector.wire.jsontext import load
from inspector.wire.routes import Route, RouteKind, referrers_tag_of, signature_of
from inspector.wire.token import parse_scope

_PUSH_METHODS = frozenset({"PUT", "POST", "PATCH", "DELETE"})

_LONGEST_SEARCH = 4 * 1024 * 1024

_BY_ROUTE = {
    RouteKind.TAGS: Stage.TAGS,
    RouteKind.CATALOG: Stage.CATALOG,
    RouteKind.REFERRERS: Stage.REFERRERS,
    RouteKind.SEARCH: Stage.SEARCH,
    RouteKind.BLOB: Stage.BLOB,
    RouteKind.UPLOAD: Stage.PUSH,
    RouteKind.PING: Stage.PING,
    RouteKind.SIGNATURE: Stage.SIGNATURE,
}


def looks_like_token(exchange: Exchange) -> bool:
    """Whether query and answer alone show a token request (the challenge may be in no capture).

    A scope of the form ``repository:NAME:pull`` beside a service is unmistakable; any other scope or service counts
    only when the answer brings a token. Source: Docker token spec, "Requesting a Token".
    """
    request = exchange.token_request
    if not request.service and not request.scopes:
        return False
    scopes = [parse_scope(text) for text in request.scopes]
    if request.service and any(scope and scope.type.startswith("repository") for scope in scopes):
        return True
    answer = exchange.token_answer
    return bool(exchange.ok and answer and (answer.token or answer.access_token))


def looks_like_search(exchange: Exchange) -> bool:
    """Whether the answer is one of Docker's search (``num_results`` and ``results``): others use such paths too."""
    body = exchange.response_body
    loaded = load(body.document, _LONGEST_SEARCH) if body is not None and body.document is not None else None
    return (
        loaded is not None
        and isinstance(loaded.value, dict)
        and {"num_results", "results"} <= loaded.value.keys()
    )


def is_challenge(exchange: Exchange) -> bool:
    """Answered 401 with WWW-Authenticate (RFC 9110 §11.6.1)."""
    return exchange.status == 401 and exchange.response_header("www-authenticate") is not None


def classify(exchange: Exchange, *, token: bool, cause: Exchange | None) -> Stage | None:
    """The stage, by the first line of the contract's table that fits; None for what is no registry traffic.

    ``token``: the request went to a realm. ``cause``: the exchange whose redirect named this request's URL.
    """
    if token:
        return Stage.TOKEN
    route = exchange.route
    if (route is not None or cause is not None) and is_challenge(exchange):
        return Stage.CHALLENGE
    if route is None:
        return Stage.CDN if cause is not None else None
    if exchange.is_redirect:
        return Stage.REDIRECT
    return asked_for(exchange, route)


def asked_for(exchange: Exchange, route: Route) -> Stage:
    """The stage of what was asked, whatever was answered."""
    if exchange.method in _PUSH_METHODS:
        return Stage.PUSH
    if route.kind is RouteKind.MANIFEST:
        if signature_of(route.reference or ""):
            return Stage.SIGNATURE
        if referrers_tag_of(route.reference or ""):
            return Stage.REFERRERS
        return Stage.RESOLVE if exchange.method == "HEAD" else Stage.MANIFEST
    return _BY_ROUTE[route.kind]
