"""Which draft an exchange belongs to.

Challenge to token by realm, token to request by the bearer that it carries, redirect to fetch by Location, content to
pull by the digests that the pull's manifests name; two pulls at once are told apart by client, repository and content
graph (design.md, "How exchanges become a pull"). Knows: the drafts of every client. Must not know: what is made of
them. The number of drafts held is bounded: see ``Drafts``.
"""

from inspector.core.draft import Draft, Placed
from inspector.core.drafts import Drafts, client_key
from inspector.core.exchange import Exchange
from inspector.core.retries import begins_again, continues
from inspector.wire.routes import Route, RouteKind, referrers_tag_of, signature_of

_AT_ONCE = 2.0  # seconds


def find(drafts: Drafts, exchange: Exchange, route: Route) -> Draft | None:
    """The open draft that a request on a registry route continues, or None when it begins a new one."""
    candidates = drafts.of_repository(exchange, route.repository or "")
    subject = signature_of(route.reference or "") or referrers_tag_of(route.reference or "")
    if route.kind is RouteKind.MANIFEST and subject and exchange.method in ("GET", "HEAD"):
        return _about(candidates, subject)
    if route.kind is RouteKind.MANIFEST and route.is_tag:
        return _by_tag(candidates, exchange, route)
    if route.kind in (RouteKind.MANIFEST, RouteKind.BLOB) and exchange.method in ("GET", "HEAD"):
        return _by_digest(candidates, exchange, route) or _foreign(drafts, exchange)
    if route.kind in (RouteKind.UPLOAD, RouteKind.BLOB, RouteKind.MANIFEST):
        return _push(candidates, exchange)
    return _about(candidates, route.reference or "")


def _about(candidates: list[Draft], subject: str) -> Draft | None:
    """For referrers and signatures: the pull of the subject, else of what was last pulled there."""
    return next(
        (draft for draft in candidates if subject in draft.wanted), candidates[0] if candidates else None
    )


def _by_tag(candidates: list[Draft], exchange: Exchange, route: Route) -> Draft | None:
    reference = route.reference or ""
    if exchange.method not in ("GET", "HEAD"):
        return _push(candidates, exchange)
    for draft in candidates:
        if draft.pushed:
            continue
        if draft.tag == reference and (
            exchange.trace in draft.traces or continues(draft, exchange, reference)
        ):
            return draft
        if not draft.has_reference and (draft.pushing or not draft.placed_content):
            return draft
    return None


def _by_digest(candidates: list[Draft], exchange: Exchange, route: Route) -> Draft | None:
    digest = route.reference or ""
    if route.kind is RouteKind.MANIFEST:
        candidates = [draft for draft in candidates if not begins_again(draft, exchange, digest)]
    if exchange.method == "HEAD":
        # A copy to the same path elsewhere looks there for what it has: no pull turns to another host with HEAD.
        here = [draft for draft in candidates if exchange.host in draft.asked]
        candidates = here or [d for d in candidates if d.asked_digest == digest or not d.placed_content]
    naming = [draft for draft in candidates if digest in draft.wanted]
    if naming:
        return min(naming, key=lambda draft: _fitness(draft, exchange, digest))
    for draft in candidates:
        if draft.asked_digest == digest and continues(draft, exchange, digest):
            return draft
        if (draft.pushing and not draft.pushed) or _looks_round(draft, exchange):
            return draft
    if route.kind is RouteKind.MANIFEST:
        return _unread(candidates)
    return _unread(candidates) or next((draft for draft in candidates if not draft.pushed), None)


def _looks_round(draft: Draft, exchange: Exchange) -> bool:
    """Whether a client that was told by HEAD that the tag is not there goes on with HEAD: so a push begins."""
    begun = draft.tag is not None and not draft.resolved and not draft.pushed
    at_once = exchange.request.time - draft.last_time <= _AT_ONCE
    return exchange.method == "HEAD" and draft.methods == {"HEAD"} and begun and at_once


def _foreign(drafts: Drafts, exchange: Exchange) -> Draft | None:
    """The pull whose manifest says that a layer is to be had at this very URL, in another repository."""
    behind = [d for d in drafts.of_address(exchange.request.client.address) if exchange.key in d.foreign]
    return next((draft for draft in reversed(behind) if draft.client == client_key(exchange)), None)


def _fitness(draft: Draft, exchange: Exchange, digest: str) -> tuple[bool, bool, bool, int]:
    """Lower is better: has it not yet, got the bearer, has used this connection, is the later one."""
    known_bearer = exchange.bearer is None or not draft.tokens or exchange.bearer in draft.tokens
    same_connection = exchange.request.client.connection in draft.connections
    return (digest in draft.got, not known_bearer, not same_connection, -draft.number)


def _unread(candidates: list[Draft]) -> Draft | None:
    """A draft whose manifests are not known (their bodies were not kept): whatever comes next may be its content."""
    for draft in candidates:
        if draft.has_reference and draft.resolved and not draft.documents:
            return draft
    return None


def _push(candidates: list[Draft], exchange: Exchange) -> Draft | None:
    """The push that is on at this host, else one that may have been sent here to upload."""
    going_on = [draft for draft in candidates if not draft.pushed]
    for draft in going_on:
        if exchange.host in draft.asked and (draft.pushing or not draft.documents):
            return draft
    return next((draft for draft in going_on if draft.pushing), None)


def probes_before(drafts: Drafts, exchange: Exchange, route: Route) -> list[Placed]:
    """What a pull of the same repository was given and belongs to the push that ``exchange`` begins; taken out."""
    for draft in drafts.of_repository(exchange, route.repository or ""):
        if exchange.host in draft.asked and len(probes := draft.take_probes()):
            return probes
    return []


def learn_reference(draft: Draft, route: Route) -> None:
    """Take the pull's name from its first request for a manifest or a tags list."""
    if draft.repository is None:
        draft.repository = route.repository
    if draft.has_reference or route.kind is not RouteKind.MANIFEST:
        return
    if route.is_digest:
        draft.asked_digest = route.reference
        if route.reference:
            draft.wanted.add(route.reference)
    else:
        draft.tag = route.reference
