"""What was left over finds its pull: loose exchanges and failed connections.

"What names no reference belongs to the pull of the same client and repository that follows, else to the one before.
Only when there is none does it make a pull with reference null" (report-json.md, Pulls).
Knows: drafts and what waits. Must not know: how they came to be.
"""

from collections import OrderedDict, deque
from collections.abc import Collection
from itertools import groupby

from inspector.core.draft import ClientKey, Draft, Placed, host_name
from inspector.core.drafts import Drafts, same_repository
from inspector.core.events import ConnectionFailed, Trouble
from inspector.core.loose import BEFORE, Loose, repository_of
from inspector.core.pull import Stage
from inspector.wire.routes import RouteKind

_MOST_FAILED = 1024
_NEAR = 60.0  # seconds between a failed connection and the pull that it belongs to
_FALLBACK = (
    10.0  # ... and where no name ties the two: a client turns from a dead mirror to the registry at once
)


class Failed:
    """Failed connections that no pull has claimed. Bounded: the oldest make way, the count goes on."""

    def __init__(self) -> None:
        self._waiting: deque[ConnectionFailed] = deque(maxlen=_MOST_FAILED)
        self.spare = 0  # connections that were opened ahead and never needed: no failures

    @property
    def waiting(self) -> list[ConnectionFailed]:
        return list(self._waiting)

    def add(self, event: ConnectionFailed) -> None:
        self._waiting.append(event)

    def remove(self, claimed: set[str]) -> None:
        self._waiting = deque((e for e in self._waiting if e.id not in claimed), maxlen=_MOST_FAILED)


def settle(
    drafts: Drafts,
    loose: OrderedDict[ClientKey, Loose],
    failed: Failed,
    *,
    before: float,
    group_before: float,
    busy: Collection[ClientKey] = (),
) -> None:
    """Give away what waited since ``before``; what finds no pull since ``group_before`` becomes one of its own.

    What a ``busy`` client has sent goes on waiting: the request that is under way may be what it led to.
    """
    for client, waiting in list(loose.items()):
        if client in busy:
            continue
        latest = max((p.exchange.last_time for p in waiting.waiting), default=0.0)
        if latest > before:
            continue
        # A Worker or script that sends no User-Agent asks on behalf of whoever is behind the same address.
        mine = [d for d in drafts.of_address(client[0]) if client[1] is None or d.client == client]
        kept = [placed for placed in waiting.drain() if not give(mine, placed)]
        if latest <= group_before:
            _group(drafts, kept)
        else:
            for placed in kept:
                waiting.add(placed)
        if not waiting.waiting:
            loose.pop(client, None)
    _give_failed(drafts, failed, before)


def give(mine: list[Draft], placed: Placed) -> bool:
    """Add a loose exchange to the draft that follows, else to the one before; False when there is none."""
    repository, when = repository_of(placed.exchange), placed.exchange.request.time
    fits = [d for d in mine if repository is None or same_repository(d.repository, repository)]
    fits = [d for d in fits if d.begin - BEFORE <= when <= d.last_time + BEFORE]
    if placed.stage in (Stage.PING, Stage.CHALLENGE, Stage.REDIRECT):
        there = [d for d in fits if host_name(placed.exchange.request.url) in d.hosts]
        fits = there or fits
    following = [d for d in fits if d.begin >= when]
    running = [d for d in fits if d.begin < when]
    chosen = (
        min(following, key=lambda d: d.begin)
        if following
        else max(running, key=lambda d: d.begin, default=None)
    )
    if chosen is None:
        return False
    chosen.add(placed)
    return True


def _group(drafts: Drafts, kept: list[Placed]) -> None:
    """Make pulls without a reference of what is left of one client: logins, searches, tags lists."""
    group: Draft | None = None
    for placed in sorted(kept, key=lambda p: (p.exchange.request.time, p.exchange.order)):
        if group is None or not _goes_on(group, placed):
            group = drafts.new(placed.exchange, repository_of(placed.exchange))
        group.repository = group.repository or repository_of(placed.exchange)
        group.add(placed)


def _goes_on(group: Draft, placed: Placed) -> bool:
    repository = repository_of(placed.exchange)
    if placed.cause is not None and any(p.exchange is placed.cause for p in group.placed):
        return True
    if placed.exchange.request.time - group.last_time > BEFORE or _begins_anew(group, placed):
        return False
    if repository and group.repository and repository != group.repository:
        return False
    if placed.stage is Stage.TOKEN:
        return True
    hosts = {p.exchange.host for p in group.placed if p.stage is not Stage.TOKEN}  # a group is short
    return not hosts or placed.exchange.host in hosts


def _begins_anew(group: Draft, placed: Placed) -> bool:
    """A ping without credentials after a login that is done, or after docker, which does not try again, got no token."""
    route = placed.exchange.route
    if route is None or route.kind is not RouteKind.PING or placed.exchange.credential:
        return False
    last = group.placed[-1]
    if last.stage is Stage.TOKEN:
        return not last.exchange.ok and group.product.name == "docker"
    return last.stage is Stage.PING and last.exchange.credential is not None


def _give_failed(drafts: Drafts, failed: Failed, before: float) -> None:
    claimed: set[str] = set()
    for address, events in groupby(failed.waiting, key=lambda e: e.client.address):
        behind = drafts.of_address(address)
        for event in events:
            chosen = _claims(behind, event) if event.time <= before else None
            if chosen is None:
                continue
            claimed.add(event.id)
            if event.trouble is Trouble.CLIENT_CLOSED and (event.host or "").lower() in chosen.hosts:
                failed.spare += (
                    1  # Go dials one connection per waiting request, and drops what it does not need
                )
            else:
                chosen.broken.append(event)
    if claimed:
        failed.remove(claimed)


def _claims(behind: list[Draft], event: ConnectionFailed) -> Draft | None:
    """The draft whose story a failed connection is part of.

    A pull whose challenge or redirect named the host comes first, then one that asked the host itself, then one that
    began soon afterwards (a mirror that could not be reached, and then the registry). Of several the nearest in time.
    """
    near = [(_distance(d, event.time), d) for d in behind]
    ranked = [
        (rank, away, -d.number, d)
        for away, d in near
        if away <= _NEAR and (rank := _rank(d, event)) is not None
    ]
    return min(ranked, default=(0, 0.0, 0, None), key=lambda item: item[:3])[3]


def _distance(draft: Draft, time: float) -> float:
    """Seconds between ``time`` and the draft; 0 while it runs."""
    return max(draft.begin - time, time - draft.last_time, 0.0)


def _rank(draft: Draft, event: ConnectionFailed) -> int | None:
    host = (event.host or "").lower()
    if event.time >= draft.begin and host in draft.named_hosts:
        return 0
    if host in draft.hosts:
        return 1
    return 2 if draft.begin - _FALLBACK <= event.time <= draft.begin else None
