"""What a pull is called: reference, registry, repository, tag, digest (report-json.md, "Pulls").

Knows: the steps of one pull. Must not know: outcomes, findings. By what the traffic shows, never by a list of hosts
(but for Docker Hub's own names, which every client writes as ``docker.io``).
"""

from urllib.parse import parse_qs

import msgspec

from inspector.core.draft import Draft
from inspector.core.exchange import Exchange
from inspector.core.loose import scope_repositories
from inspector.core.pull import Stage, Step
from inspector.wire.reference import normal_reference
from inspector.wire.routes import RouteKind


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """The names of a pull; None where the traffic does not show one."""

    reference: str | None
    registry: str | None
    repository: str | None
    tag: str | None
    digest: str | None


def name_of(draft: Draft, steps: list[Step]) -> Name:
    """Name a pull by its requests."""
    asked = [s.exchange for s in steps if _names(s)]
    repository = draft.repository or _any_repository(steps)
    reference = None
    if draft.has_reference and asked:
        host, own = _written(asked, repository or "")
        reference = normal_reference(host, own, draft.tag, draft.asked_digest)
    return Name(
        reference=reference,
        registry=_registry(steps),
        repository=repository,
        tag=draft.tag,
        digest=_digest(draft, steps),
    )


def _written(asked: list[Exchange], repository: str) -> tuple[str, str]:
    """Registry and repository as the client would write them.

    The registry is what ``ns=`` names, else who was asked last (mirrors come before it). Its own requests show the
    repository without what a mirror wants before it.
    """
    namespace = next((ns for one in asked if (ns := _namespace(one))), None)
    host = namespace or asked[-1].host
    name = normal_reference(host, "", None, None)
    own = [
        one.route.repository
        for one in asked
        if one.route and normal_reference(one.host, "", None, None) == name
    ]
    return host, own[-1] or repository if own else repository


def _names(step: Step) -> bool:
    """Whether a step is the client's own request for a manifest, not one that a redirect led to."""
    route = step.exchange.route
    if (
        route is None
        or route.kind is not RouteKind.MANIFEST
        or step.stage in (Stage.SIGNATURE, Stage.REFERRERS)
    ):
        return False
    return step.followed is None


def _namespace(exchange: Exchange) -> str | None:
    """The registry that ``ns=`` names (distribution-spec main, "Registry Proxying")."""
    values = parse_qs(exchange.query).get("ns")
    return values[0].lower() if values and values[0] else None


def _any_repository(steps: list[Step]) -> str | None:
    for step in steps:
        if step.exchange.route is not None and step.exchange.route.repository:
            return step.exchange.route.repository
    for step in steps:
        if step.stage is Stage.TOKEN and (names := scope_repositories(step.exchange)):
            return min(names)
    return None


def _registry(steps: list[Step]) -> str | None:
    """The host that the manifest came from in the end; a storage host that a redirect led to is not it."""
    found: str | None = None
    for step in steps:
        exchange = step.exchange
        if not exchange.ok:
            continue
        if step.stage is Stage.CDN and step.followed is not None:
            exchange = step.followed
        elif step.stage not in (Stage.RESOLVE, Stage.MANIFEST, Stage.PUSH):
            continue
        if exchange.route is not None and exchange.route.kind is RouteKind.MANIFEST:
            found = exchange.host
    return found


def _digest(draft: Draft, steps: list[Step]) -> str | None:
    """What the reference resolved to: as announced or asked for; as computed only when neither is there."""
    if draft.tag is None:
        return draft.asked_digest
    computed: str | None = None
    announced: str | None = None
    for step in steps:
        route = step.exchange.route
        by_tag = route is not None and route.kind is RouteKind.MANIFEST and route.reference == draft.tag
        if not by_tag and not (step.followed is not None and step.asked_tag == draft.tag):
            continue
        if step.exchange.ok and step.digest:
            if step.exchange.response_header("docker-content-digest"):
                announced = step.digest
            else:
                computed = step.digest
    return announced or computed
