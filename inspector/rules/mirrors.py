"""What shows that a host is a mirror (catalogue 1.0, rule 5), never its name.

Knows: one step, and what is known of registries. Must not know: the pull around it (that is `case`), rules.
"""

import msgspec

from inspector.core.pull import Stage, Step
from inspector.quirks import known
from inspector.rules.steps import namespace_of
from inspector.wire.url import host_of


class Mirror(msgspec.Struct, frozen=True, kw_only=True):
    """Why a host counts as a mirror: ``n`` is the step that shows it, ``upstream`` whom it stands for, where known."""

    host: str
    n: int
    why: str
    upstream: str | None = None


def recorded(step: Step) -> Mirror | None:
    """Its own requests, made for the sake of this one, were recorded too (rule 5, d)."""
    if not step.upstream:
        return None
    host = step.exchange.host
    asked = next(
        (one for one in step.upstream if one.exchange.route is not None), step.upstream[0]
    ).exchange.host
    return Mirror(host=host, n=step.n, why=f"its own requests to {asked} were recorded", upstream=asked)


def shown_by(step: Step) -> Mirror | None:
    """What this one exchange shows of it: ``ns=``, ``OCI-Namespace``, another registry's realm or storage (rule 5, a and c)."""
    host, exchange = step.exchange.host, step.exchange
    if step.stage in (Stage.TOKEN, Stage.CDN):
        return None
    namespace = namespace_of(step)
    if namespace:
        return Mirror(host=host, n=step.n, why=f"it was asked with ns={namespace}", upstream=namespace)
    if exchange.response_header("oci-namespace"):
        return Mirror(host=host, n=step.n, why="it answers with OCI-Namespace")
    for challenge in exchange.challenges if step.stage is Stage.CHALLENGE else ():
        owner = known.by_realm(host_of(challenge.realm) or "", challenge.service)
        if challenge.scheme == "bearer" and owner is not None and known.by_host(host) is not owner:
            return Mirror(host=host, n=step.n, why=f"its realm is that of {owner.name}", upstream=owner.name)
    target = host_of(exchange.location) if exchange.is_redirect else None
    owner = known.by_storage(target) if target else None
    if owner is not None and known.by_host(host) is None:
        return Mirror(
            host=host, n=step.n, why=f"it redirects to the storage of {owner.name}", upstream=owner.name
        )
    return None
