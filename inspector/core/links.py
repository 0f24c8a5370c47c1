"""Which exchange led to which, and which repeats which, within one pull.

Knows: the placed exchanges of a pull in order of their requests. Must not know: content, outcomes.
Both answers are found with dictionaries, in one pass: a pull of ten thousand exchanges costs ten thousand steps.
"""

from inspector.core.draft import Placed, asked_reference
from inspector.core.loose import challenges_for, realm_key
from inspector.core.pull import Stage


def follows(placed: list[Placed]) -> list[int | None]:
    """For each exchange the number (from 1) of the latest one that led to it: redirect, challenge or token."""
    numbers = {id(p.exchange): n for n, p in enumerate(placed, 1)}
    challenges: dict[str, int] = {}
    tokens: dict[str, int] = {}
    links: list[int | None] = []
    for n, one in enumerate(placed, 1):
        found = [numbers.get(id(one.cause))] if one.cause is not None else []
        if one.stage is Stage.TOKEN:
            found.append(challenges.get(realm_key(one.exchange.request.url)))
        elif one.exchange.bearer:
            found.append(tokens.get(one.exchange.bearer))
        earlier = [number for number in found if number is not None and number < n]
        links.append(max(earlier, default=None))
        for key in challenges_for(one.exchange):
            challenges[key] = n
        answer = one.exchange.token_answer if one.stage is Stage.TOKEN else None
        if answer is not None:
            tokens.update({token: n for token in (answer.token, answer.access_token) if token})
    return links


def retries(placed: list[Placed]) -> list[int | None]:
    """For each exchange the number of the one that it repeats: the same request, which was refused or broke.

    A request that is sent again with the token that its challenge asked for repeats nothing. A redirect whose target
    was refused or cut counts as failed itself.
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
        repeats.append(before if before is not None and failed[before - 1] else None)
        latest[key] = n
    return repeats


def _target(placed: Placed) -> str:
    """What a request is for, whatever signature its URL carries this time."""
    reference = asked_reference(placed)
    if reference is not None:
        return f"{'cdn' if placed.stage is Stage.CDN else 'registry'} {reference}"
    return placed.exchange.path


def _failed(placed: Placed) -> bool:
    exchange = placed.exchange
    if placed.stage is Stage.CHALLENGE and exchange.credential is None:
        return False
    if exchange.status is None or not exchange.whole:
        return True
    return exchange.status >= 400
