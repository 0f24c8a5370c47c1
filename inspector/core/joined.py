"""Both sides of a mirror as one pull: what it did upstream stands behind the requests that it did it for.

Knows: pulls, and which of their requests a mirror made (``joining``). Must not know: files, rules, how it is shown.
Where the two sides had got into one pull (one address, one User-Agent, one file) they are taken apart and put together
anew, each by itself; otherwise a pull stays the very one that it was.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from inspector.core.clocks import Offset
from inspector.core.drafts import same_repository
from inspector.core.engine import Engine
from inspector.core.events import UpstreamCall
from inspector.core.exchange import Exchange
from inspector.core.joining import links
from inspector.core.pairs import Made
from inspector.core.pull import Behind, Pull, Step
from inspector.core.waiting import Waiting

_NEXT = 60.0  # seconds within which a client turns from a mirror to the registry


class Group(msgspec.Struct, kw_only=True, eq=False):
    """Some pulls of the set, by their places, that belong together; and of their requests those that a mirror made."""

    places: list[int]
    members: list[Pull]
    inner: dict[int, Made]

    def pulls(self) -> list[Pull]:
        """Put together. To be asked once: what a mirror asked is hung on the client's very steps."""
        exchanges = [step.exchange for pull in self.members for step in pull.steps]
        own = [exchange for exchange in exchanges if id(exchange) not in self.inner]
        if len(own) == len(exchanges):
            return self.members
        outer = _pulls_of(own, self.members)
        lost = [event for pull in self.members if pull not in outer for event in pull.broken]
        if outer and lost:
            outer[0].broken = sorted([*outer[0].broken, *lost], key=lambda event: event.time)
        holder = {id(step.exchange): pull for pull in outer for step in pull.steps}
        parts: dict[int, list[Exchange]] = {}
        for exchange in exchanges:
            made = self.inner.get(id(exchange))
            if made is not None:
                parts.setdefault(id(holder[id(made.step.exchange)]), []).append(exchange)
        for pull in outer:
            _attach(pull, _pulls_of(parts.get(id(pull), []), self.members), self.inner)
        return outer


def join(pulls: Sequence[Pull], sources: Sequence[int]) -> list[Group]:
    """Put the sides together. Every pull of the set is in one group, most of them alone.

    ``sources``: of which recording each pull is. Groups are in order of their first place.
    """
    made = links(pulls, sources)
    inner = Waiting(pulls, sources, made).rest() if made else {}
    around = {place: {place} for place in range(len(pulls))}  # the places that each is one group with

    def bring_together(one: int, other: int) -> None:
        if around[one] is not around[other]:
            whole = around[one] | around[other]
            around.update(dict.fromkeys(whole, whole))

    for place, pull in enumerate(pulls):
        own = [inner[id(step.exchange)].pull for step in pull.steps if id(step.exchange) in inner]
        for other in own:
            bring_together(place, other)
        if own and len(own) < len(pull.steps):
            for other in _going_on(place, pulls, sources):
                bring_together(place, other)
    groups: list[Group] = []
    done: set[int] = set()
    for place in range(len(pulls)):
        if place not in done:
            done |= around[place]
            places = sorted(around[place])
            groups.append(Group(places=places, members=[pulls[one] for one in places], inner=inner))
    return groups


def _going_on(place: int, pulls: Sequence[Pull], sources: Sequence[int]) -> Iterator[int]:
    """What the client did next for the same image: where it turned from the mirror to the registry, it is one pull.

    The mirror's own requests to that registry, which had got among the client's, may have hidden it.
    """
    pull = pulls[place]
    for other, one in enumerate(pulls):
        if (
            sources[other] == sources[place]
            and (one.address, one.client.raw, one.tag) == (pull.address, pull.client.raw, pull.tag)
            and same_repository(one.repository, pull.repository)
            and 0 <= one.begin - pull.begin <= pull.elapsed + _NEXT
        ):
            yield other


def _pulls_of(exchanges: Iterable[Exchange], members: list[Pull]) -> list[Pull]:
    """The pulls that these exchanges are: those that there are, where they hold these and no others; else made anew."""
    left = {id(exchange): exchange for exchange in exchanges}
    whole = [pull for pull in members if all(id(step.exchange) in left for step in pull.steps)]
    covered = {id(step.exchange) for pull in whole for step in pull.steps}
    if len(covered) == len(left):
        return whole
    # A part of one side may have got into a pull of its own, as a HEAD of the tag that came first: all of it once more.
    engine = Engine()
    for exchange in sorted(left.values(), key=lambda one: (one.last_time, one.order)):
        engine.take(exchange)
    sources = {id(step.exchange): pull.source for pull in members for step in pull.steps}
    fresh = engine.finish()
    for pull in fresh:
        pull.source = sources[id(pull.steps[0].exchange)]
    return fresh


def _attach(pull: Pull, sides: list[Pull], inner: dict[int, Made]) -> None:
    """Hang the mirror's own steps on those of its client, numbered on, and its calls with times by the client's clock."""
    steps = {id(step.exchange): step for step in pull.steps}
    number = len(pull.steps)
    for side in sorted(sides, key=lambda one: one.begin):
        first, offsets = number, []
        for step in side.steps:
            made = inner[id(step.exchange)]
            number += 1
            outer = steps[id(made.step.exchange)]
            outer.upstream.append(_as_upstream(step, number, first, made.offset))
            offsets.append(made.offset)
        clock = offsets[0]
        pull.behind.append(
            Behind(
                pull=side,
                first=first,
                shift=clock.seconds,
                within=clock.within,
                matched=sum(1 for step in side.steps if inner[id(step.exchange)].matched),
            )
        )
    for step in pull.steps:
        if step.upstream:
            step.upstream.sort(key=lambda one: (one.start, one.n))
            step.exchange.joined = tuple(
                _call(one, step, inner[id(one.exchange)].offset) for one in step.upstream
            )


def _as_upstream(step: Step, number: int, first: int, clock: Offset) -> Step:
    """The step as a part of the client's pull: ``start`` stays that of its own side."""
    return msgspec.structs.replace(
        step,
        n=number,
        follows=step.follows + first if step.follows else None,
        retry_of=step.retry_of + first if step.retry_of else None,
        start=step.start + clock.seconds,
    )


def _call(step: Step, outer: Step, clock: Offset) -> UpstreamCall:
    exchange = step.exchange
    body, given = exchange.response_body, outer.exchange.response_body
    same = body is not None and given is not None and body.sha256 is not None and body.sha256 == given.sha256
    return UpstreamCall(
        method=exchange.method,
        url=exchange.request.url,
        host=exchange.host,
        status=exchange.status,
        error=exchange.error,
        start=exchange.request.time + clock.seconds,
        first_byte=_moved(exchange.response.time if exchange.response else None, clock),
        end=_moved(exchange.end.time if exchange.end else None, clock),
        size=step.size,
        address=exchange.request.upstream.address,
        body=same and bool(step.size),
        n=step.n,
    )


def _moved(time: float | None, clock: Offset) -> float | None:
    return None if time is None else time + clock.seconds
