"""Which exchange led to which, and which repeats which, within one pull.

Knows: the placed exchanges of a pull in order of their requests. Must not know: content, outcomes.
Both answers are found with dictionaries, in one pass: a pull of ten thousand exchanges costs ten thousand steps.
"""

from inspector.core.draft import Placed, asked_reference
from inspector.core.loose import challenges_for, realm_key
from inspector.core.pull import Stage
from inspector.wire.routes import RouteKind


def follows(placed: list[Placed]) -> list[int | None]:
    """For each exchange the number (from 1) of the latest one that led to it: redirect, challenge or token."""
    numbers = {id(p.exchange): n for n, p in enumerate(placed, 1)}
    challenges: dict[str, int] = {}
    tokens: dict[str, int] = {}
    unread: int | None = None  # the latest token whose answer was not kept: it may be any that is carried
    links: list[int | None] = []
    for n, one in enumerate(placed, 1):
        found = [numbers.get(id(one.cause))] if one.cause is not None else []
        if one.stage is Stage.TOKEN:
            found.append(challenges.get(realm_key(one.exchange.request.url)))
        elif one.exchange.bearer:
            found.append(tokens.get(one.exchange.bearer, unread))
        earlier = [number for number in found if number is not None and number < n]
        links.append(max(earlier, default=None))
        for key in challenges_for(one.exchange):
            challenges[key] = n
        answer = one.exchange.token_answer if one.stage is Stage.TOKEN else None
        if one.stage is Stage.TOKEN and one.exchange.ok and answer is None:
            unread = n
        if answer is not None:
            tokens.update({token: n for token in (answer.token, answer.access_token) if token})
    return links


def retries(placed: list[Placed], links: list[int | None]) -> list[int | None]:
    """For each exchange the number of the one that it repeats: the same request, which was refused or broke.

    ``links`` is what ``follows`` said. A request that is sent again with the token that a challenge asked for repeats
    nothing, nor does the next hop of a redirect. A redirect whose target was refused or cut counts as failed itself.
    """
    numbers = {id(p.exchange): n for n, p in enumerate(placed, 1)}
    failed = [_failed(p) for p in placed]
    for n in range(len(placed), 0, -1):  # from the end: a chain of redirects fails as its last hop fails
        cause = placed[n - 1].cause
        if failed[n - 1] and cause is not None and id(cause) in numbers:
            failed[numbers[id(cause)] - 1] = True
    latest: dict[tuple[str, str, str], int] = {}
    repeats: list[int | None] = []
    for n, one in enumerate(placed, 1):
        key = (one.exchange.method, one.exchange.host, _target(one))
        before = latest.get(key)
        again = before is not None and failed[before - 1] and links[n - 1] != before
        repeats.append(before if again and not _authorized(n, before or 0, placed, links) else None)
        latest[key] = n
    return repeats


def _authorized(n: int, before: int, placed: list[Placed], links: list[int | None]) -> bool:
    """Whether ``n`` carries a token that was fetched because ``before``, or one beside it, was challenged."""
    token = links[n - 1]
    while token is not None and placed[token - 1].stage is Stage.REDIRECT:
        token = links[token - 1]
    challenge = links[token - 1] if token is not None and placed[token - 1].stage is Stage.TOKEN else None
    if challenge is None or challenge < before:
        return False
    route = placed[challenge - 1].exchange.route
    return route is not None and route.kind is not RouteKind.PING  # a ping begins another round


def _target(placed: Placed) -> str:
    """What a request is for, whatever signature its URL carries this time."""
    reference = asked_reference(placed)
    if placed.stage is Stage.CDN and reference is not None:
        return f"cdn {reference}"
    return placed.exchange.request.url.partition("?")[0]


def _failed(placed: Placed) -> bool:
    exchange = placed.exchange
    if placed.stage is Stage.CHALLENGE and exchange.credential is None:
        return False
    if exchange.status is None or not exchange.whole:
        return True
    return exchange.status >= 400
