"""From a draft to a pull: everything that can be said of its exchanges once they are together.

Knows: one draft. Must not know: the engine, rules, how a pull is shown. Pure: the same draft gives the same pull, and
it may be asked again after more exchanges came. Every part is linear in the number of exchanges.
"""

from inspector.core.draft import Draft, Placed
from inspector.core.exchange import Exchange
from inspector.core.graph import build, states
from inspector.core.links import follows, retries
from inspector.core.naming import name_of
from inspector.core.outcome import outcome
from inspector.core.pull import Content, Pull, Stage, Step
from inspector.core.roles import Roles, digest_of
from inspector.core.verify import verified
from inspector.wire.mediatypes import ManifestKind, kind_of
from inspector.wire.routes import RouteKind, signature_of

_WITHOUT_CONTENT = frozenset(
    {Stage.CHALLENGE, Stage.PING, Stage.TOKEN, Stage.TAGS, Stage.CATALOG, Stage.SEARCH}
)


def analyse(draft: Draft) -> Pull:
    """Build the pull that a draft has become so far."""
    placed = sorted(draft.placed, key=lambda p: (p.exchange.request.time, p.exchange.order))
    placed = [_as_push(p) for p in placed] if draft.pushing else placed
    roles = Roles(placed)
    steps = _steps(placed, roles)
    known = states(steps)
    name = name_of(draft, steps)
    begin = placed[0].exchange.request.time if placed else 0.0
    end = max((p.exchange.last_time for p in placed), default=begin)
    return Pull(
        n=draft.number,
        reference=name.reference,
        registry=name.registry,
        repository=name.repository,
        tag=name.tag,
        digest=name.digest,
        client=draft.product,
        address=draft.client[0],
        outcome=outcome(draft, steps, roles, known),
        steps=steps,
        root=build(name.digest, roles, steps, known),
        begin=begin,
        elapsed=max(0.0, end - begin),
        broken=sorted(draft.broken, key=lambda event: event.time),
    )


def _as_push(placed: Placed) -> Placed:
    """While a push is on, the HEAD of a blob that the registry itself answers is part of it."""
    if placed.stage is not Stage.BLOB or placed.exchange.method != "HEAD":
        return placed
    return Placed(exchange=placed.exchange, stage=Stage.PUSH, cause=placed.cause, asked=placed.asked)


def _steps(placed: list[Placed], roles: Roles) -> list[Step]:
    begin = placed[0].exchange.request.time if placed else 0.0
    links = follows(placed)
    repeats = retries(placed, links)
    steps = [
        _step(n, one, roles, begin, follows_n=links[n - 1], retry_of=repeats[n - 1])
        for n, one in enumerate(placed, 1)
    ]
    for step in reversed(
        steps
    ):  # a redirect is of what it leads to: its target knows, and a chain hands it up
        if step.followed is not None and step.follows is not None:
            _hand_up(step, steps[step.follows - 1])
    return steps


def _hand_up(target: Step, redirect: Step) -> None:
    if redirect.exchange is not target.followed:
        return
    redirect.content = redirect.content or target.content
    redirect.digest = redirect.digest or target.digest


def _step(
    n: int, placed: Placed, roles: Roles, begin: float, *, follows_n: int | None, retry_of: int | None
) -> Step:
    exchange = placed.exchange
    digest = digest_of(placed)
    role = roles.by_digest.get(digest) if digest else None
    body = exchange.response_body
    content = _content(placed, digest, roles)
    first = exchange.response.time if exchange.response else None
    last = exchange.end.time if exchange.end else None
    head = placed.asked or exchange
    return Step(
        n=n,
        exchange=exchange,
        stage=placed.stage,
        content=content,
        digest=digest,
        size=body.size if body is not None and exchange.method != "HEAD" else None,
        verified=verified(placed),
        follows=follows_n,
        retry_of=retry_of,
        expected=role.descriptor if role else None,
        layer=role.layer if role and content is Content.LAYER else None,
        followed=placed.cause,
        asked_tag=head.route.reference if head.route is not None and head.route.is_tag else None,
        start=max(0.0, exchange.request.time - begin),
        wait=_between(exchange.request.time, first),
        receive=_between(first, last),
    )


def _between(earlier: float | None, later: float | None) -> float | None:
    """Seconds, never negative: a clock may step back in the middle of a pull."""
    return None if earlier is None or later is None else max(0.0, later - earlier)


def _content(placed: Placed, digest: str | None, roles: Roles) -> Content | None:
    exchange = placed.exchange
    if placed.stage in _WITHOUT_CONTENT:
        return None
    if placed.stage is Stage.SIGNATURE or (placed.stage is Stage.CDN and _asks_signature(placed)):
        return Content.SIGNATURE
    if placed.stage is Stage.RESOLVE:
        kind = kind_of(exchange.response_header("content-type")) if exchange.ok else None
        if kind is not None:
            return Content.INDEX if kind == "index" else Content.MANIFEST
        return roles.content(digest) if not exchange.ok else None
    known = roles.content(digest)
    if known is not None:
        return known
    document = exchange.document or exchange.pushed
    route = (placed.asked or exchange).route
    if route is None or route.kind not in (RouteKind.MANIFEST, RouteKind.REFERRERS):
        return None
    kind = document.kind if document is not None else _told_kind(exchange)
    if kind is None:
        return None
    return Content.INDEX if kind == "index" else Content.MANIFEST


def _asks_signature(placed: Placed) -> bool:
    route = (placed.asked or placed.exchange).route
    return route is not None and (
        route.kind is RouteKind.SIGNATURE or signature_of(route.reference or "") is not None
    )


def _told_kind(exchange: Exchange) -> ManifestKind | None:
    """What Content-Type says of a manifest whose body was not kept; a document that is there speaks for itself."""
    body = exchange.response_body
    kept = body is not None and body.document is not None
    return kind_of(exchange.response_header("content-type")) if exchange.ok and not kept else None
