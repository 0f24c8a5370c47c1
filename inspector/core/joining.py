"""Which requests in a set of pulls a mirror made for the sake of which others: both of its sides were recorded.

What a mirror asks for a client it asks while the client waits, for the same content, of another host (catalogue 1.0, rule
12). Knows: the pulls' anchors, and which recording each pull is from. Must not know: what becomes of the two sides.
Two pulls of one image look much alike, so a whole row of requests must fit, and by more than the clock when the clocks do
not agree: the same bearer, trace or forwarded address, or a program that is no client of registries.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from inspector.core.anchors import Anchor, anchors_of
from inspector.core.clocks import FARTHEST, Offset, Span, offset
from inspector.core.pairs import Made, Pair, conflicting, forwarded, is_client, is_forwarding, may_be_a_mirror
from inspector.core.pull import Pull, Stage

EDGE = 0.003  # seconds by which a proxy's times may be off
_MOST = 48  # requests for one thing, nearest in time, that a request is held against
_ROW = 3  # different things: so many fit by chance no more
_SIDES = 2
_PART = 0.75  # of a row: a cache goes on storing when its client has been served

type Sure = tuple[bool, bool, bool]
"""Tied, by clocks that agree, and begun after the other one."""
type Lane = tuple[int, str, bool]
"""The requests of one pull to one host; those that say they come from a proxy apart from the others."""


def links(pulls: Sequence[Pull], sources: Sequence[int]) -> dict[int, Made]:
    """By id() of an exchange that a mirror made: for which step it did. ``sources``: of which recording each pull is.

    Only anchors are in it: what else the mirror asked (tokens, the storage) is found by them.
    """
    anchors = list(anchors_of(pulls))
    if len({anchor.host for anchor in anchors}) < 2:
        return {}
    found: dict[int, tuple[Sure, Made]] = {}
    recordings = sorted(set(sources))
    for outer in recordings:
        for inner in recordings:
            mine = [anchor for anchor in anchors if sources[anchor.pull] == outer]
            theirs = [anchor for anchor in anchors if sources[anchor.pull] == inner]
            pairs = list(_pairs(mine, theirs))
            if pairs:
                alone = outer != inner and len({anchor.pull for anchor in (*mine, *theirs)}) == _SIDES
                for pair, made in _fitting(pairs, theirs, pulls, one_recording=outer == inner, alone=alone):
                    sure, key = (pair.tied, made.offset.natural, _within(pair)), id(pair.inner.step.exchange)
                    if key not in found or found[key][0] < sure:
                        found[key] = sure, made
    return to_the_client(dict(_one_way(found)))


def _pairs(mine: list[Anchor], theirs: list[Anchor]) -> Iterator[Pair]:
    by_key: dict[str, list[Anchor]] = {}
    for anchor in sorted(mine, key=lambda a: a.start):
        for key in anchor.keys:
            by_key.setdefault(key, []).append(anchor)
    hosts = {key: {anchor.host for anchor in found} for key, found in by_key.items()}
    times = {key: [anchor.start for anchor in found] for key, found in by_key.items()}
    asked: set[tuple[int, str, str]] = set()
    for number, inner in enumerate(theirs):
        seen: set[int] = set()
        request = (inner.pull, inner.step.exchange.method, inner.step.exchange.request.url)
        again = request in asked
        asked.add(request)
        for key in inner.keys:
            if hosts.get(key, set()) <= {inner.host}:
                continue  # most pulls are of one host, and done with here
            for outer in _near(by_key[key], times[key], inner.start):
                if id(outer) in seen or not _other(inner, outer):
                    continue
                seen.add(id(outer))
                span = _span(inner, outer, number, again=again)
                if span.low <= span.high:
                    yield Pair(inner=inner, outer=outer, span=span)


def _near(found: list[Anchor], times: list[float], time: float) -> list[Anchor]:
    at = bisect_left(times, time)
    low = max(bisect_left(times, time - FARTHEST), at - _MOST)
    return found[low : min(bisect_left(times, time + FARTHEST), at + _MOST)]


def _span(inner: Anchor, outer: Anchor, number: int, *, again: bool) -> Span:
    """Begun while the other waits; and a mirror cannot begin to answer before its upstream has.

    But where it asks for the same ``again``, as a cache does that fetches for its store apart from its client.
    """
    until = outer.last - inner.start
    if not again and inner.first is not None and outer.first is not None:
        until = min(until, outer.first - inner.first)
    return Span(outer.start - inner.start - EDGE, until + EDGE, number)


def _other(inner: Anchor, outer: Anchor) -> bool:
    """Two hosts, and not sent on from the one to the other by a redirect: that is the client's own next request."""
    return inner.host != outer.host and inner.step.followed is not outer.step.exchange


# -- what fits -------------------------------------------------------------------------------------------------------------


def _fitting(
    pairs: list[Pair], theirs: list[Anchor], pulls: Sequence[Pull], *, one_recording: bool, alone: bool
) -> Iterator[tuple[Pair, Made]]:
    tied = [pair for pair in pairs if pair.tied]
    known = Offset(seconds=0.0, within=0.0, fitting=0, natural=True) if one_recording else None
    clock = known or offset(pair.span for pair in tied or pairs)
    if clock is None:
        return
    whole: dict[Lane, list[Anchor]] = {}
    for anchor in theirs:
        whole.setdefault(_lane(anchor), []).append(anchor)
    # A client that tries one host and then the next does so within EDGE too: of one clock's times the order counts.
    told = list(
        _accepted(
            [pair for pair in pairs if known is None or _within(pair)], whole, clock, pulls, alone=alone
        )
    )
    if not told and one_recording:  # it may be two recordings in one file, of two machines
        sure = tied or [pair for pair in pairs if not is_client(pair.inner.step.exchange)]
        other = offset(pair.span for pair in sure)
        forwarding = all(is_forwarding(pair.inner.step.exchange) for pair in sure)
        if other is not None and not other.natural and (forwarding or other.fitting >= _ROW):
            clock, told = other, list(_accepted(pairs, whole, other, pulls))
    yield from _chosen(told, clock)


def _lane(anchor: Anchor) -> Lane:
    return anchor.pull, anchor.host, is_forwarding(anchor.step.exchange)


def _accepted(
    pairs: list[Pair],
    whole: dict[Lane, list[Anchor]],
    clock: Offset,
    pulls: Sequence[Pull],
    *,
    alone: bool = False,
) -> Iterator[Pair]:
    """The pairs of those rows of requests that were made by a mirror. ``alone``: each recording holds one pull."""
    by_lane: dict[Lane, list[Pair]] = {}
    for pair in pairs:
        if pair.at(clock.seconds):
            by_lane.setdefault(_lane(pair.inner), []).append(pair)
    for lane, fits in by_lane.items():
        # Within one pull nobody asks for what it is waiting for, but the one that it waits for.
        own = [pair for pair in fits if pair.outer.pull == lane[0]] if clock.natural else []
        yield from own
        told = {id(pair.inner) for pair in own}
        rest = [pair for pair in fits if id(pair.inner) not in told]
        if not rest:
            continue
        left = [one for one in whole[lane] if id(one) not in told]
        if _made_by_a_mirror(rest, left, clock, pulls) or (alone and _is_the_other_side(rest, left)):
            yield from rest


def _within(pair: Pair) -> bool:
    return pair.outer.start <= pair.inner.start


def _made_by_a_mirror(fits: list[Pair], lane: list[Anchor], clock: Offset, pulls: Sequence[Pull]) -> bool:
    part = len({id(pair.inner) for pair in fits}) / len(lane)
    row = len({key for pair in fits for key in pair.inner.keys & pair.outer.keys})
    tied = any(pair.tied for pair in fits)
    if part < _PART:
        return False
    if tied:
        return True
    if any(conflicting(pair) for pair in fits) or not all(may_be_a_mirror(pair) for pair in fits):
        return clock.natural and part == 1 and row >= _ROW and _all_waited_for(fits, pulls)
    return clock.natural or row >= _ROW or all(forwarded(pair) for pair in fits)


def _is_the_other_side(fits: list[Pair], lane: list[Anchor]) -> bool:
    """Of two recordings with one pull each, a program that is no client of registries asks for all that the other asked.

    A pull that failed at its tag has no more than that to be known by.
    """
    return len({id(pair.inner) for pair in fits}) == len(lane) and not any(
        is_client(pair.inner.step.exchange) for pair in fits
    )


def _all_waited_for(fits: list[Pair], pulls: Sequence[Pull]) -> bool:
    """Also its pings and tokens were asked while the client waited for the mirror: a client's own would not be."""
    host = fits[0].outer.host
    waits = [
        (step.exchange.request.time - EDGE, step.exchange.last_time + EDGE)
        for place in {pair.outer.pull for pair in fits}
        for step in pulls[place].steps
        if step.exchange.host == host
    ]
    return all(
        any(begin <= step.exchange.request.time <= end for begin, end in waits)
        for place in {pair.inner.pull for pair in fits}
        for step in pulls[place].steps
        if step.stage is not Stage.CDN
    )


# -- which of several ------------------------------------------------------------------------------------------------------


def _chosen(told: Iterable[Pair], clock: Offset) -> Iterator[tuple[Pair, Made]]:
    """For each request the one that it was made for: two clients may wait for the same at once."""
    by_inner: dict[int, list[Pair]] = {}
    for pair in sorted(told, key=lambda pair: pair.inner.start):
        by_inner.setdefault(id(pair.inner), []).append(pair)
    taken: Counter[tuple[int, str, str]] = Counter()
    for fits in by_inner.values():
        inner = fits[0].inner.step.exchange
        best = min(fits, key=lambda pair: _strangeness(pair, taken))
        taken[id(best.outer), inner.method, inner.request.url] += 1
        yield best, Made(pull=best.outer.pull, step=best.outer.step, offset=clock)


def _strangeness(pair: Pair, taken: Counter[tuple[int, str, str]]) -> tuple[object, ...]:
    """Lower is better: tied to it, of its program, for the very thing, the first for it, nearest before it."""
    inner, outer = pair.inner.step.exchange, pair.outer.step.exchange
    return (
        not pair.tied,
        not forwarded(pair),
        inner.product.raw != outer.product.raw,
        taken[id(pair.outer), inner.method, inner.request.url],
        inner.method != outer.method,
        -pair.outer.start,
    )


def _one_way(found: dict[int, tuple[Sure, Made]]) -> Iterator[tuple[int, Made]]:
    """Of two that seem made for one another, by clocks a little apart, the surer: a quick answer fits either way."""
    for key, (sure, made) in found.items():
        back = found.get(id(made.step.exchange))
        if back is None or id(back[1].step.exchange) != key or sure >= back[0]:
            yield key, made


def to_the_client(found: dict[int, Made]) -> dict[int, Made]:
    """Behind a mirror there may be another: what it asks was asked for the client's request in the end. No ring is left."""
    told: dict[int, Made] = {}
    for key, made in found.items():
        last, seen = made, {key}
        while (further := found.get(id(last.step.exchange))) is not None:
            if id(last.step.exchange) in seen:
                break
            seen.add(id(last.step.exchange))
            last = further
        if id(last.step.exchange) not in found:
            told[key] = last
    return told
