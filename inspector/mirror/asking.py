"""Asks upstreams: at which address, what they ask for, what was learned of that.

Knows: the mirror's own client, challenges that were met, addresses that failed. Must not know: clients' requests, flows.
"""

import time
from collections.abc import Awaitable, Callable

import msgspec

from inspector.mirror import challenge
from inspector.mirror.challenge import Known
from inspector.mirror.io.client import Client
from inspector.mirror.model import (
    Call,
    Failure,
    Headers,
    Hop,
    Kind,
    Origin,
    Reply,
    Request,
    Target,
    Trouble,
    Upstream,
)
from inspector.mirror.policy import MARK
from inspector.mirror.request import header_all

# What a next address may help with: nothing has been answered yet.
_ELSEWHERE = frozenset({Trouble.CONNECT, Trouble.NAME, Trouble.TIMEOUT, Trouble.TLS, Trouble.PROTOCOL})
_BAD_FOR = 30.0
_CHALLENGE_BYTES = 64 * 1024
_UNAUTHORIZED = b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}'


class Job(msgspec.Struct, kw_only=True):
    """One request under way. ``hops``: what was asked of upstreams for it; ``target`` once it is known.

    ``inside``: the client has begun to wait for a blob, so a redirect is followed for it, whatever the setting.
    """

    request: Request
    hops: list[Hop] = msgspec.field(default_factory=list)
    target: Target | None = None
    inside: bool = False


class Asking:
    """The mirror's way to its upstreams. ``client`` is that of ``inspector.mirror.io``; ``identity`` its mark in Via."""

    def __init__(self, client: Client, identity: str, clock: Callable[[], float] = time.time) -> None:
        self.client = client
        self.identity = identity
        self.clock = clock
        self._known: dict[str, Known] = {}
        self._challenges: dict[str, Reply] = {}
        self._bad: dict[str, float] = {}

    # -- challenges ------------------------------------------------------------------------------------------------------

    def known(self, upstream: Upstream) -> Known | None:
        """What the upstream asks for, if that is known yet."""
        return self._known.get(upstream.name)

    def remembered(self, upstream: Upstream) -> Reply | None:
        """The last challenge as an answer, for a ping while the upstream is away.

        It is still true, and the request after it is told why it fails: podman shows nothing of a failed ping.
        """
        return self._challenges.get(upstream.name)

    def learn(self, target: Target, reply: Reply) -> Known:
        """Remember the challenge that an answer holds. What is known now."""
        up = target.upstream
        values = header_all(reply.headers, challenge.HEADER)
        if values:
            found = challenge.read(up, values, reply.url or str(up.origins[0]))
            before = self._known.get(up.name)
            if found.realm or found.basic or before is None:
                self._known[up.name] = found
                self._challenges[up.name] = Reply(
                    status=401,
                    headers=tuple((challenge.HEADER, value) for value in values),
                    body=_UNAUTHORIZED,
                    url=reply.url,
                )
            return found
        if target.kind is Kind.PING and reply.status == 200:
            self._known.setdefault(up.name, Known())
        return self._known.get(up.name, Known())

    async def challenge_of(self, upstream: Upstream, hops: list[Hop]) -> Known:
        """What the upstream asks for; it is asked if need be (the mirror may have been restarted in between)."""
        known = self.known(upstream)
        if known is not None:
            return known
        target = Target(kind=Kind.PING, upstream=upstream, path="/v2/", own="")
        headers: Headers = (("user-agent", MARK), ("via", f"1.1 {MARK}-{self.identity}"))

        async def ping(url: str) -> Reply:
            call = Call(
                method="GET", url=url, egress=upstream.egress, headers=headers, most_bytes=_CHALLENGE_BYTES
            )
            return await self.client.send(call, hops)

        return self.learn(target, await self.somewhere(target, ping))

    # -- addresses -------------------------------------------------------------------------------------------------------

    async def somewhere[T](self, target: Target, send: Callable[[str], Awaitable[T]]) -> T:
        """What ``send`` makes of the upstream's URL. The next address is tried while none has answered.

        What has answered, whatever it says, is the answer. An address that failed is tried last for half a minute.
        """
        failure: Failure | None = None
        for origin in self._order(target.upstream.origins):
            try:
                result = await send(f"{origin}{target.path}")
            except Failure as error:
                if error.trouble not in _ELSEWHERE:
                    raise
                self._bad[str(origin)] = self.clock() + _BAD_FOR
                failure = failure or error
            else:
                self._bad.pop(str(origin), None)
                return result
        raise failure or Failure(Trouble.CONNECT, target.upstream.name, "it has no address")

    def _order(self, origins: tuple[Origin, ...]) -> list[Origin]:
        now = self.clock()
        return sorted(origins, key=lambda origin: self._bad.get(str(origin), 0.0) > now)

    def failed(self, url: str) -> None:
        """An address of an upstream broke off in mid-transfer: another is tried first for a while."""
        from inspector.wire.url import origin

        if origin(url):
            while len(self._bad) >= 1000:
                del self._bad[next(iter(self._bad))]
            self._bad[origin(url)] = self.clock() + _BAD_FOR
