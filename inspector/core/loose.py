"""Exchanges that name no reference yet: pings, challenges to pings, tokens, tags lists, catalogs, searches.

They belong to the pull of the same client and repository that follows, else to the one before (report-json.md, Pulls).
Knows: such exchanges of one client, in order. Must not know: how drafts are found. Bounded: the oldest make way.
"""

from collections import deque

from inspector.core.draft import Placed
from inspector.core.exchange import Exchange
from inspector.core.pull import Stage
from inspector.wire.token import parse_scope
from inspector.wire.url import location_key

BEFORE = 60.0  # seconds; a ping or login that long ago led to nothing that comes now
_AT_ONCE = 2.0  # seconds between a challenge and its token request, also on a slow line
_MOST = 256  # more than any client leaves open; a scanner that only pings is not remembered longer


def scope_repositories(exchange: Exchange) -> set[str]:
    """The repositories that a token request's scopes name."""
    scopes = (parse_scope(text) for text in exchange.token_request.scopes)
    return {scope.name for scope in scopes if scope and scope.type.startswith("repository") and scope.name}


def repository_of(exchange: Exchange) -> str | None:
    """The repository that an exchange names, in its path or else in its scope."""
    route = exchange.route
    if route is not None and route.repository:
        return route.repository
    return min(scope_repositories(exchange), default=None)


def realm_key(url: str) -> str:
    """A realm or a token request's URL without its query, for comparing the two."""
    return location_key(url.partition("?")[0])


def challenges_for(exchange: Exchange) -> set[str]:
    """The realms that an exchange's Bearer challenges name, as keys."""
    return {realm_key(one.realm) for one in exchange.challenges if one.scheme == "bearer" and one.realm}


class Loose:
    """What one client sent that names no reference, until a draft claims it."""

    def __init__(self) -> None:
        self.waiting: deque[Placed] = deque(maxlen=_MOST)

    def add(self, placed: Placed) -> None:
        self.waiting.append(placed)

    def claim(self, exchange: Exchange) -> list[Placed]:
        """What belongs with ``exchange``, which names its repository; taken out of the waiting ones."""
        repository = exchange.route.repository if exchange.route else None
        chosen: list[Placed] = []
        if exchange.bearer:
            chosen += [
                p for p in self.waiting if p.stage is Stage.TOKEN and grants(p.exchange, exchange.bearer)
            ]
        chosen += [p for p in self.waiting if p not in chosen and self._leads(p, exchange, repository)]
        return self._with_challenges(self._with_tokens(chosen))

    def tags_before(self, time: float) -> list[Placed]:
        """Tags lists that ended before ``time``, each with its token and challenge, taken out."""
        ended = [p for p in self.waiting if p.stage is Stage.TAGS and p.exchange.last_time < time]
        return self._with_challenges(self._with_tokens(ended)) if ended else []

    def _with_tokens(self, chosen: list[Placed]) -> list[Placed]:
        """And the tokens that the chosen tags lists carry."""
        bearers = [p.exchange.bearer for p in chosen if p.stage is Stage.TAGS and p.exchange.bearer]
        return chosen + [
            p
            for p in self.waiting
            if p not in chosen and p.stage is Stage.TOKEN and any(grants(p.exchange, one) for one in bearers)
        ]

    def _leads(self, placed: Placed, exchange: Exchange, repository: str | None) -> bool:
        """Whether a waiting exchange led to ``exchange`` although no token of it is carried."""
        earlier = placed.exchange
        if not 0 <= exchange.request.time - earlier.request.time <= BEFORE:
            return False
        if _other_trace(earlier, exchange):
            return False
        if placed.stage is Stage.TOKEN:
            return not earlier.ok and repository in scope_repositories(earlier)
        if placed.stage is Stage.TAGS:
            route = earlier.route
            return bool(route and route.repository == repository)
        return placed.stage in (Stage.PING, Stage.CHALLENGE, Stage.REDIRECT) and _ping_leads(
            earlier, exchange
        )

    def _pairs(self) -> dict[int, Placed]:
        """Which challenge each waiting token request answered, by the token's id().

        In order of time each takes the oldest open challenge of its realm of the last two seconds (several clients may
        have been challenged at once), else the latest one (an older one was given up).
        """
        asked: list[Placed] = []
        pairs: dict[int, Placed] = {}
        for placed in sorted(self.waiting, key=lambda p: (p.exchange.request.time, p.exchange.order)):
            if placed.stage is Stage.CHALLENGE:
                asked.append(placed)
            elif placed.stage is Stage.TOKEN:
                realm = realm_key(placed.exchange.request.url)
                fits = [c for c in asked if realm in challenges_for(c.exchange)]
                fits = [c for c in fits if not _other_trace(c.exchange, placed.exchange)]
                fresh = [
                    c for c in fits if placed.exchange.request.time - c.exchange.request.time <= _AT_ONCE
                ]
                if fits:
                    pairs[id(placed)] = chosen = fresh[0] if fresh else fits[-1]
                    asked.remove(chosen)
        return pairs

    def claim_token(self, bearer: str) -> list[Placed]:
        """The waiting token exchange that granted ``bearer`` and the challenge that it answered, taken out."""
        chosen = [p for p in self.waiting if p.stage is Stage.TOKEN and grants(p.exchange, bearer)]
        return self._with_challenges(chosen)

    def _with_challenges(self, chosen: list[Placed]) -> list[Placed]:
        pairs = self._pairs() if chosen else {}
        known = {id(placed) for placed in chosen}
        chosen += [pairs[i] for i in list(known) if i in pairs and id(pairs[i]) not in known]
        self._forget(chosen)
        return chosen

    def _forget(self, chosen: list[Placed]) -> None:
        taken = {id(placed) for placed in chosen}
        self.waiting = deque((p for p in self.waiting if id(p) not in taken), maxlen=_MOST)

    def drain(self) -> list[Placed]:
        """Everything that still waits; nothing waits afterwards."""
        rest = list(self.waiting)
        self.waiting.clear()
        return rest


def _other_trace(one: Exchange, other: Exchange) -> bool:
    """Both say which trace they belong to, and it is not the same."""
    return one.trace is not None and other.trace is not None and one.trace != other.trace


def _ping_leads(ping: Exchange, exchange: Exchange) -> bool:
    """Whether a ping on its own (no token came of it) belongs with a later request.

    On the same host it does, unless its challenge may still be answered. On another host only when it was refused or
    never answered: a client that turns from a mirror to the registry. (A copy pings two registries that both answer.)
    """
    if ping.host == exchange.host:
        return exchange.bearer is None or not challenges_for(ping)
    return ping.status is None or (ping.status >= 400 and ping.status != 401)


def grants(exchange: Exchange, bearer: str) -> bool:
    """Whether a token exchange's answer is the token that a later request carries."""
    answer = exchange.token_answer
    return bool(answer) and bearer in (answer.token, answer.access_token) if answer else False
