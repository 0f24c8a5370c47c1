"""*own*: the mirror logs in to upstreams itself, and lets in whom it may.

Knows: the mirror's credentials, its users, tokens. Must not know: what is asked for. Its credentials go to the realm that
``challenge`` has accepted, and nowhere else; a client's Authorization goes nowhere.
"""

import asyncio
import hashlib
import hmac
import secrets

from inspector.mirror import htpasswd, tokens
from inspector.mirror.asking import Asking, Job
from inspector.mirror.challenge import Known
from inspector.mirror.errors import refuse
from inspector.mirror.io.tokens import TokenPool
from inspector.mirror.model import Answer, Headers, Settings, Target, TokenAsk
from inspector.mirror.request import header

_DOOR_OPEN = 300.0
_MOST_DOORS = 4096
_CHECKS_AT_ONCE = 4


class Own:
    """The mirror's own keys, and its door."""

    def __init__(self, settings: Settings, asking: Asking, pool: TokenPool) -> None:
        self._settings = settings
        self._asking = asking
        self._pool = pool
        self._pepper = secrets.token_bytes(32)
        self._doors: dict[bytes, float] = {}
        self._checks = asyncio.Semaphore(_CHECKS_AT_ONCE)

    async def authorization(self, job: Job, target: Target) -> Headers:
        """The Authorization for a request, () where the upstream asks for none."""
        known = await self._asking.challenge_of(target.upstream, job.hops)
        ask = self._ask(target, known)
        if ask is not None:
            grant = await self._pool.grant(ask, job.hops)
            return (("authorization", f"Bearer {grant.token.reveal()}"),)
        own = target.upstream.credentials
        return (("authorization", tokens.basic(own)),) if own and known.basic else ()

    def refused(self, target: Target) -> bool:
        """After a 401 to the mirror's own token: forget it. Whether another one may help."""
        ask = self._ask(target, self._asking.known(target.upstream) or Known())
        if ask is not None:
            self._pool.forget(ask.key)
        return ask is not None

    def _ask(self, target: Target, known: Known) -> TokenAsk | None:
        own = target.upstream.credentials
        text = f"{own.username}:{own.password.reveal()}" if own else ""
        credential = hmac.new(self._pepper, text.encode(), hashlib.sha256).hexdigest() if own else ""
        scopes = (f"repository:{target.repository}:pull",) if target.repository else ()
        return tokens.ask_for_mirror(target.upstream, known, scopes, credential)

    async def door(self, job: Job, target: Target) -> Answer | None:
        """The refusal of a client that has to name itself and does not; None when it may come in.

        A right password is remembered for five minutes by a keyed hash, since bcrypt is slow on purpose.
        """
        users = self._settings.htpasswd
        if users is None:
            return None
        given = header(job.request.headers, "authorization") or ""
        seal = hmac.new(self._pepper, given.encode(), hashlib.sha256).digest()
        now = self._asking.clock()
        if self._doors.get(seal, 0.0) > now:
            return None
        async with self._checks:
            admitted = bool(given) and await asyncio.to_thread(htpasswd.admits, users, given)
        if admitted:
            if len(self._doors) >= _MOST_DOORS:
                self._doors.clear()
            self._doors[seal] = now + _DOOR_OPEN
            return None
        asks: Headers = (("www-authenticate", f'Basic realm="{target.own.partition("//")[2]}"'),)
        return refuse(401, "UNAUTHORIZED", "this mirror asks for a user and a password: docker login", asks)
