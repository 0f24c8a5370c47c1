"""The engine: events in, updates and pulls out. Sans-io, no clock.

    engine = Engine()
    for event in events:
        for update in engine.feed(event): ...
    pulls = engine.settled(now=..., quiet=2.0)   # live: pulls that look finished and are new since last asked
    pulls = engine.finish()                      # the rest, in order of their first request

An exchange is placed when it ends, so a live run and the file that it wrote are placed in the same order and give the
same report. Knows: drafts, and what waits for one. Must not know: where events come from, rules, how a pull is shown.
"""

from collections import OrderedDict

from inspector.core.analysis import analyse
from inspector.core.draft import ClientKey, Draft, Placed
from inspector.core.drafts import Drafts, client_key
from inspector.core.events import Body, ConnectionFailed, Ended, Event, RequestHead, ResponseHead, Side
from inspector.core.exchange import Exchange
from inspector.core.loose import Loose, challenges_for, realm_key, repository_of
from inspector.core.placing import find, learn_reference, probes_before
from inspector.core.pull import Outcome, Pull, Stage
from inspector.core.redirects import Pending, Redirects
from inspector.core.settling import Failed, give, settle
from inspector.core.stages import asked_for, classify, looks_like_search, looks_like_token
from inspector.core.updates import Closed, Finished, Started, Update
from inspector.wire.routes import RouteKind
from inspector.wire.useragent import REGISTRY_CLIENTS

_MOST_REALMS = 4096
_MOST_CLIENTS = 1024
_MOST_OPEN = 65536
_AT_ONCE = 1.5  # seconds from a tags list to the pull that it was asked for
_LOOSE_ROUTES = frozenset({RouteKind.PING, RouteKind.TAGS, RouteKind.CATALOG, RouteKind.SEARCH})
# A pull that failed may still be retried (docker pauses 5 s): it is shown later than one that is complete.
_PATIENCE = {Outcome.FAILED: 4.0, Outcome.INCOMPLETE: 10.0, Outcome.INSPECTED: 3.0, Outcome.UP_TO_DATE: 1.0}


class Engine:
    """Puts exchanges together into pulls."""

    def __init__(self) -> None:
        self.other = 0
        self._failures = 0
        self._open: OrderedDict[str, Exchange] = OrderedDict()
        self._drafts = Drafts()
        self._redirects = Redirects()
        self._realms: OrderedDict[str, None] = OrderedDict()
        self._loose: OrderedDict[ClientKey, Loose] = OrderedDict()
        self._failed = Failed()
        self._order = 0

    # -- events ----------------------------------------------------------------------------------------------------

    def feed(self, event: Event) -> list[Update]:
        """Take one event; what it brought about, in order."""
        match event:
            case RequestHead():
                return self._start(event)
            case ResponseHead() if exchange := self._open.get(event.id):
                exchange.response = event
            case Body() if exchange := self._open.get(event.id):
                if event.side is Side.CLIENT:
                    exchange.request_body = event
                else:
                    exchange.response_body = event
            case Ended() if exchange := self._open.pop(event.id, None):
                return self._end(exchange, event)
            case ConnectionFailed():
                self._failures += 1
                self._failed.add(event)
            case _:
                pass  # of an exchange that is not open: nothing to say about it
        return []

    def _start(self, head: RequestHead) -> list[Update]:
        updates: list[Update] = []
        previous = self._open.pop(head.id, None)  # an id that comes twice: the first one is over
        if previous is not None and previous.response is None and previous.request.time == head.time:
            self._open[head.id] = Exchange(head)  # live: the same head once more, its upstream known now
            return []
        if previous is None and len(self._open) >= _MOST_OPEN:
            _, previous = self._open.popitem(last=False)
        if previous is not None:
            updates += self._end(previous, Ended(id=previous.id, time=None, cut_by_end=True))
        exchange = self._open[head.id] = Exchange(head)
        route = exchange.route
        stage = asked_for(exchange, route) if route else None
        pending = None if route else self._redirects.look(exchange)
        repository = self._repository(exchange, pending.draft if pending else None)
        updates.append(Started(exchange=exchange, stage=stage, repository=repository))
        return updates

    def _end(self, exchange: Exchange, end: Ended) -> list[Update]:
        exchange.end = end
        self._order += 1
        exchange.order = self._order
        placed, draft = self._place(exchange)
        if placed is None:
            self.other += 1
            return [Finished(exchange=exchange, stage=None, repository=None, pull=None)]
        repository = self._repository(exchange, draft)
        number = draft.number if draft else None
        updates: list[Update] = [
            Finished(exchange=exchange, stage=placed.stage, repository=repository, pull=number)
        ]
        while (surplus := self._drafts.overflow()) is not None:
            updates.append(Closed(pull=analyse(surplus)))
        return updates

    @staticmethod
    def _repository(exchange: Exchange, draft: Draft | None) -> str | None:
        return (draft.repository if draft is not None else None) or repository_of(exchange)

    def take(self, exchange: Exchange) -> None:
        """Place an exchange that has ended and was placed before, by another engine: see ``joined``."""
        self._end(exchange, exchange.end or Ended(id=exchange.id, time=None, cut_by_end=True))

    # -- placing ---------------------------------------------------------------------------------------------------

    def _place(self, exchange: Exchange) -> tuple[Placed | None, Draft | None]:
        pending = self._redirects.follow(exchange)
        token = self._is_token(exchange, pending)
        stage = classify(exchange, token=token, cause=pending.exchange if pending else None)
        stage = self._corrected(exchange, stage, pending)
        if stage is None:
            return None, None
        asked = pending.asked if pending else exchange
        placed = Placed(
            exchange=exchange, stage=stage, cause=pending.exchange if pending else None, asked=asked
        )
        draft = self._draft_for(placed, pending)
        if draft is None:
            self._loose_of(exchange).add(placed)
        else:
            draft.add(placed)
            self._drafts.touch(draft)
        self._remember(exchange, asked, draft, token=token)
        return placed, draft

    def _is_token(self, exchange: Exchange, pending: Pending | None) -> bool:
        if pending is not None and pending.token:
            return True
        if exchange.route is not None:  # a realm that is itself a registry route proves nothing
            return False
        return realm_key(exchange.request.url) in self._realms or looks_like_token(exchange)

    @staticmethod
    def _corrected(exchange: Exchange, stage: Stage | None, pending: Pending | None) -> Stage | None:
        """Two cases that the exchange alone cannot show: a ping sent elsewhere, and a path that others use too."""
        if exchange.route is None and stage is not None and pending is not None and not pending.token:
            head = pending.asked.route
            if head is None or head.kind not in (RouteKind.BLOB, RouteKind.MANIFEST):
                return Stage.PING if head is not None and head.kind is RouteKind.PING else None
        if stage is Stage.SEARCH and exchange.product.name not in REGISTRY_CLIENTS:
            return stage if looks_like_search(exchange) else None
        return stage

    def _draft_for(self, placed: Placed, pending: Pending | None) -> Draft | None:
        exchange, route = placed.exchange, placed.exchange.route
        if pending is not None and pending.draft is not None and self._drafts.holds(pending.draft):
            return pending.draft
        if placed.stage is Stage.TOKEN or route is None or route.kind in _LOOSE_ROUTES:
            return None
        self._give_tags(exchange)
        draft = find(self._drafts, exchange, route)
        if draft is None:
            earlier = probes_before(self._drafts, exchange, route) if placed.stage is Stage.PUSH else []
            draft = self._drafts.new(exchange, route.repository)
            for one in earlier:
                draft.add(one)
        learn_reference(draft, route)
        for one in self._claim(draft, exchange):
            draft.add(one)
        return draft

    def _give_tags(self, exchange: Exchange) -> None:
        """A tags list that nothing followed at once is no beginning of what comes now: it ends the pull before.

        Live, `settled` has done so by then; a file must give the same report.
        """
        key = client_key(exchange)
        loose = self._loose.get(key)
        ended = loose.tags_before(exchange.request.time - _AT_ONCE) if loose else []
        if not loose or not ended:
            return
        mine = [draft for draft in self._drafts.of_address(key[0]) if draft.client == key]
        for placed in ended:
            if not give(mine, placed):
                loose.add(placed)

    def _claim(self, draft: Draft, exchange: Exchange) -> list[Placed]:
        key = client_key(exchange)
        claimed = self._loose[key].claim(exchange) if key in self._loose else []
        if not claimed and exchange.bearer and exchange.bearer not in draft.tokens:
            # BuildKit lets another process of the same machine fetch the token: look behind the whole address.
            for other, loose in self._loose.items():
                if other != key and other[0] == key[0]:
                    claimed += loose.claim_token(exchange.bearer)
        return claimed

    def _loose_of(self, exchange: Exchange) -> Loose:
        key = client_key(exchange)
        loose = self._loose.setdefault(key, Loose())
        self._loose.move_to_end(key)
        if len(self._loose) > _MOST_CLIENTS:
            self._loose.popitem(last=False)
        return loose

    def _remember(self, exchange: Exchange, asked: Exchange, draft: Draft | None, *, token: bool) -> None:
        for key in challenges_for(exchange):
            self._realms[key] = None
            self._realms.move_to_end(key)
        while len(self._realms) > _MOST_REALMS:
            self._realms.popitem(last=False)
        if exchange.is_redirect:
            self._redirects.add(exchange, asked, draft, token=token)

    # -- pulls -----------------------------------------------------------------------------------------------------

    @property
    def failed_connections(self) -> int:
        """How many connections never came to a request, without those that were only opened ahead."""
        return self._failures - self._failed.spare

    @property
    def unclaimed(self) -> list[ConnectionFailed]:
        """The failed connections that belong to no pull, as far as it is known."""
        return self._failed.waiting

    def settled(self, *, now: float, quiet: float) -> list[Pull]:
        """The pulls in which nothing has moved for ``quiet`` seconds before ``now`` and that were not given since."""
        busy = {exchange.request.client.address for exchange in self._open.values()}
        asking = {client_key(exchange) for exchange in self._open.values()}
        settle(
            self._drafts, self._loose, self._failed,
            before=now - quiet, group_before=now - max(quiet, 60.0), busy=asking,
        )  # fmt: skip
        ready: list[Pull] = []
        for draft in self._drafts:
            if draft.shown == len(draft.placed) or draft.last_time > now - quiet or draft.client[0] in busy:
                continue
            pull = analyse(draft)
            if draft.last_time <= now - quiet - _PATIENCE.get(pull.outcome, 0.0):
                draft.shown = len(draft.placed)
                ready.append(pull)
        return ready

    def failing(self, *, now: float, quiet: float) -> list[Pull]:
        """The pulls that look failed, as soon as nothing has moved for ``quiet`` seconds; again when they have grown.

        For whoever wants to know at once: their clients may still try again, and ``settled`` gives the last word.
        """
        asking = {client_key(exchange) for exchange in self._open.values()}
        found: list[Pull] = []
        for draft in self._drafts:
            if (
                draft.looked_at == len(draft.placed)
                or draft.last_time > now - quiet
                or draft.client in asking
            ):
                continue
            draft.looked_at = len(draft.placed)
            pull = analyse(draft)
            if pull.outcome is Outcome.FAILED:
                found.append(pull)
        return found

    def finish(self) -> list[Pull]:
        """The capture is over: every pull that is still open, in order of its first request. The engine is empty."""
        for exchange in list(self._open.values()):
            self._open.pop(exchange.id, None)
            self._end(exchange, Ended(id=exchange.id, time=None, cut_by_end=True))
        settle(self._drafts, self._loose, self._failed, before=float("inf"), group_before=float("inf"))
        drafts = sorted(self._drafts, key=lambda draft: (draft.begin, draft.number))
        pulls = [analyse(self._drafts.close(draft)) for draft in drafts]
        for number, pull in enumerate(pulls, 1):
            pull.n = number
        return pulls
