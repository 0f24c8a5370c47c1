"""Tokens of upstreams: fetched once for all who wait, kept until shortly before they end, never shared beyond their key.

Knows: token services' answers (through ``lifetime``), single flight, bounds. Must not know: whether a realm may be believed
(``mirror.challenge`` decides that), scopes' meaning, flows. Credentials go to ``key.realm`` and, over 307 and 308, to its own
origin; nowhere else.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from inspector.mirror.io import lifetime, urls
from inspector.mirror.io.client import Client
from inspector.mirror.io.lifetime import Fresh
from inspector.mirror.io.tokenrequest import (
    DEADLINE,
    REDIRECTS,
    following,
    names_nobody,
    request,
    retry_after,
)
from inspector.mirror.model import (
    Failure,
    Grant,
    Headers,
    Hop,
    Reply,
    Secret,
    TokenAsk,
    TokenKey,
    Trouble,
)

MOST_KEPT = 1024
MOST_WAITING = 4096
"""Who may wait for tokens at once; the next one is told that the mirror is busy."""

MOST_HOPS = 3
LONGEST_PAUSE = 60.0
"""Seconds for which a 429 or 503 with Retry-After is believed without asking again."""

SHORT_PAUSE = 1.0
"""The same for one without, and for a service that is not reached."""

CLIENTS_LEAST = 60.0
"""Seconds for which clients use a token whatever they are told (moby: minimumTokenLifetimeSeconds)."""

type _Key = tuple[TokenKey, Secret | None, tuple[tuple[str, Secret], ...]]


class _Entry(msgspec.Struct):
    """What came: an answer (with its token when it has one) or a Failure, good until ``until`` (monotonic)."""

    came: float
    until: float
    reply: Reply | None = None
    fresh: Fresh | None = None
    failure: Failure | None = None


class TokenPool:
    """The tokens of all upstreams. ``clock`` is monotonic seconds, ``now`` epoch seconds."""

    def __init__(
        self,
        client: Client,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client, self._clock, self._now = client, clock, now
        self._kept: OrderedDict[_Key, _Entry] = OrderedDict()
        self._running: dict[_Key, asyncio.Task[tuple[_Entry, list[Hop]]]] = {}
        self._waiting = 0

    async def answer(self, ask: TokenAsk, hops: list[Hop]) -> Reply:
        """The token service's answer, for a client. Shared and kept only when it names nobody.

        Failure(TOKEN) for a 200 that holds no token; every other status is an answer.
        """
        if not names_nobody(ask):
            reply = await self._ask(ask, hops)
            if reply.status == 200 and lifetime.read(reply, self._now()) is None:
                raise _no_token(ask, reply)
            return reply
        entry = await self._shared(
            msgspec.structs.replace(ask, method="GET", pairs=()), hops, least=CLIENTS_LEAST
        )
        reply = _answered(entry)
        if entry.fresh is None:
            if reply.status == 200:
                raise _no_token(ask, reply)
            return self._with_pause(entry, reply)
        remaining = entry.came + entry.fresh.life - self._clock()
        body = lifetime.left(entry.fresh, remaining, _rfc3339(self._now()))
        headers: Headers = (("content-type", "application/json"), ("content-length", str(len(body))))
        return Reply(status=200, headers=headers, body=body, url=reply.url, address=reply.address)

    async def grant(self, ask: TokenAsk, hops: list[Hop]) -> Grant:
        """A token for the mirror's own use. Failure(TOKEN), with the reply, when the service gives none."""
        entry = await self._shared(ask, hops)
        reply = _answered(entry)
        if entry.fresh is None:
            if reply.status == 200:
                raise _no_token(ask, reply)
            sentence = f"its token service answered {reply.status}"
            raise Failure(
                Trouble.TOKEN, urls.host_of(ask.key.realm), sentence, self._with_pause(entry, reply)
            )
        remaining = entry.came + entry.fresh.life - self._clock()
        return Grant(token=Secret(entry.fresh.token), expires=self._now() + remaining)

    def forget(self, key: TokenKey) -> None:
        """Drop what is kept for ``key``: the upstream refused it."""
        named = _sorted(key)
        for known in [known for known in self._kept if known[0] == named]:
            del self._kept[known]

    # -- one for all ---------------------------------------------------------------------------------------------------

    async def _shared(self, ask: TokenAsk, hops: list[Hop], *, least: float = 0.0) -> _Entry:
        """The outcome of one exchange for all who ask alike. ``least``: seconds that a kept token must be good for yet."""
        key: _Key = (_sorted(ask.key), ask.authorization, ask.pairs)
        entry = self._kept.get(key)
        if entry is not None and self._clock() < entry.until - _spare(entry, least):
            self._kept.move_to_end(key)
            return entry
        if self._waiting >= MOST_WAITING:
            raise Failure(Trouble.BUSY, urls.host_of(ask.key.realm), "too many wait for a token")
        task = self._running.get(key)
        first = task is None
        if task is None:
            task = asyncio.create_task(self._fetch(key, ask))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        self._waiting += 1
        try:
            # Shielded: one who goes away takes the token from nobody else.
            came, made = await asyncio.shield(task)
        finally:
            self._waiting -= 1
        if first:  # the exchange is told once, in the story of the one who caused it
            hops += made
        return came

    async def _fetch(self, key: _Key, ask: TokenAsk) -> tuple[_Entry, list[Hop]]:
        hops: list[Hop] = []
        reply, failure = None, None
        try:
            reply = await self._ask(ask, hops)
        except Failure as error:
            failure = error
        came = self._clock()
        entry = _Entry(came=came, until=came, reply=reply, failure=failure)
        if reply is not None and reply.status == 200:
            entry.fresh = lifetime.read(reply, self._now())
        entry.until = came + _keep_for(entry)
        if entry.until > came:
            self._kept[key] = entry
            self._kept.move_to_end(key)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return entry, hops

    def _with_pause(self, entry: _Entry, reply: Reply) -> Reply:
        """The reply with what is left of its Retry-After."""
        told = retry_after(reply, self._now())
        if told is None:
            return reply
        left = max(1, round(told - (self._clock() - entry.came)))
        kept = tuple(field for field in reply.headers if field[0] != "retry-after")
        return msgspec.structs.replace(reply, headers=(*kept, ("retry-after", str(left))))

    # -- asking --------------------------------------------------------------------------------------------------------

    async def _ask(self, ask: TokenAsk, hops: list[Hop]) -> Reply:
        call = request(ask)
        secret = not names_nobody(ask)
        try:
            async with asyncio.timeout(DEADLINE):
                for _ in range(MOST_HOPS + 1):
                    reply = await self._client.send(call, hops)
                    if reply.status not in REDIRECTS:
                        return reply
                    call = msgspec.structs.replace(call, url=following(call, reply, secret=secret))
        except TimeoutError:
            sentence = f"its token service gave no whole answer within {DEADLINE:g} seconds"
            raise Failure(Trouble.TIMEOUT, urls.host_of(call.url), sentence) from None
        except Failure as failure:
            if failure.trouble is not Trouble.TOO_LARGE:
                raise
            sentence = f"its token service's answer is longer than {lifetime.LIMIT // 1024} KiB"
            raise Failure(Trouble.TOKEN, failure.host, sentence) from None
        raise Failure(Trouble.TOKEN, urls.host_of(call.url), "its token service redirects without end")


def _keep_for(entry: _Entry) -> float:
    """Seconds for which an outcome serves those who come later. A refusal is told anew each time: it may be lifted."""
    if entry.failure is not None:
        return SHORT_PAUSE
    if entry.fresh is not None:
        return entry.fresh.life - min(0.2 * entry.fresh.life, 30.0)
    if entry.reply is not None and entry.reply.status in {429, 500, 502, 503, 504}:
        told = retry_after(entry.reply, time.time())
        return SHORT_PAUSE if told is None else min(max(told, SHORT_PAUSE), LONGEST_PAUSE)
    return 0.0


def _spare(entry: _Entry, least: float) -> float:
    """How long before its own end a kept token is too old for one who needs it for ``least`` seconds."""
    if entry.fresh is None:
        return 0.0
    end = entry.came + entry.fresh.life
    return max(0.0, entry.until - (end - min(least, 0.8 * entry.fresh.life)))


def _answered(entry: _Entry) -> Reply:
    if entry.failure is not None:
        # A new one for each: an exception that many raise grows a traceback for each of them.
        raise Failure(entry.failure.trouble, entry.failure.host, entry.failure.sentence, entry.failure.reply)
    if entry.reply is None:
        raise AssertionError  # an entry has one or the other
    return entry.reply


def _no_token(ask: TokenAsk, reply: Reply) -> Failure:
    sentence = "its token service answered 200 without a token that can be used"
    return Failure(Trouble.TOKEN, urls.host_of(ask.key.realm), sentence, reply)


def _sorted(key: TokenKey) -> TokenKey:
    return msgspec.structs.replace(key, scopes=tuple(sorted(set(key.scopes))))


def _rfc3339(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
