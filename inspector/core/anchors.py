"""The requests for content in a set of pulls: what the two sides of a mirror have in common.

Knows: the steps of pulls, each from some recording. Must not know: clocks, which side is which.
An anchor is a request for a manifest, a blob or a tags list: it says what it asks for, so that the request that a mirror
makes for it, elsewhere and under another path, can be known again.
"""

from collections.abc import Iterator, Sequence

import msgspec

from inspector.core.drafts import tail
from inspector.core.pull import Pull, Stage, Step
from inspector.wire.routes import RouteKind

_ROUTES = frozenset({RouteKind.MANIFEST, RouteKind.BLOB, RouteKind.TAGS})
_ELSEWHERE = frozenset({Stage.TOKEN, Stage.CDN, Stage.PUSH, Stage.PING})


class Anchor(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """``pull`` is the place of its pull in the set. ``first`` is None where there was no answer. Epoch seconds."""

    pull: int
    step: Step
    keys: frozenset[str]
    start: float
    first: float | None
    last: float

    @property
    def host(self) -> str:
        return self.step.exchange.host

    @property
    def bearer(self) -> str | None:
        return self.step.exchange.bearer


def anchors_of(pulls: Sequence[Pull]) -> Iterator[Anchor]:
    """Every anchor of the pulls, pull by pull, in order of time within each."""
    for place, pull in enumerate(pulls):
        for step in pull.steps:
            keys = _keys(step)
            if keys:
                exchange = step.exchange
                yield Anchor(
                    pull=place,
                    step=step,
                    keys=keys,
                    start=exchange.request.time,
                    first=exchange.response.time if exchange.response else None,
                    last=exchange.last_time,
                )


def _keys(step: Step) -> frozenset[str]:
    """A digest is known by itself, a tag by the last component of its repository: a mirror may change what is before it."""
    route = step.exchange.route
    if route is None or route.kind not in _ROUTES or step.stage in _ELSEWHERE:
        return frozenset()
    if route.kind is RouteKind.TAGS:
        return frozenset({f"tags of {tail(route.repository or '')}"})
    keys = {step.digest} if step.digest else set()
    if route.reference:
        keys.add(route.reference if route.is_digest else f"{tail(route.repository or '')}:{route.reference}")
    return frozenset(keys)
