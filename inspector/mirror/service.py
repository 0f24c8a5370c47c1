"""Carries decisions out, and says what to answer.

Knows: the order of things. Must not know: mitmproxy, flows, connections. What comes out is an ``Answer``, or a ``Stream``:
a blob that mitmproxy itself shall fetch, so that its bytes never pass through here.
"""

import secrets
import time
from collections.abc import Awaitable, Callable

from inspector.mirror import answers, home, tokens, upstream
from inspector.mirror.asking import Asking, Job
from inspector.mirror.blobs import REDIRECTS, Blobs, Stream
from inspector.mirror.errors import refuse, refuse_failure
from inspector.mirror.io import redirects
from inspector.mirror.io.client import Client
from inspector.mirror.io.tokens import TokenPool
from inspector.mirror.model import (
    Answer,
    Auth,
    Call,
    Failure,
    FetchToken,
    Follow,
    Forward,
    Headers,
    Home,
    Kind,
    Landing,
    Redirects,
    Reply,
    Request,
    Settings,
    Target,
    TokenAsk,
    Upstream,
)
from inspector.mirror.own import Own
from inspector.mirror.policy import decide
from inspector.mirror.request import header
from inspector.wire.url import split

MOST_REDIRECTS = 5


class Mirror:
    """The mirror's work, without the server. ``client`` and ``pool`` are those of ``inspector.mirror.io``."""

    def __init__(
        self, settings: Settings, client: Client, pool: TokenPool, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.settings = settings
        self.asking = Asking(client, secrets.token_hex(6), clock)
        self.blobs = Blobs(settings, self.asking)
        self._pool = pool
        self._own = Own(settings, self.asking, pool)

    async def handle(self, job: Job, body: bytes) -> Answer | Stream:
        """What to do about a request. A ``Failure`` has become an answer."""
        decision = decide(job.request, self.settings, identity=self.asking.identity)
        match decision:
            case Answer():
                return decision
            case Home():
                return home.page(decision.own, self.settings, job.request.method)
            case FetchToken():
                return await self._token(job, decision, body)
            case Follow():
                return await _guarded("its upstream", self.blobs.follow(job, decision))
            case Forward():
                job.target = decision.target
                return await self.ask(job, decision.target)

    async def ask(self, job: Job, target: Target) -> Answer | Stream:
        """Ask the upstream; once more for a healing that needs a new URL."""
        return await _guarded(target.upstream.name, self._forward(job, target))

    # -- token endpoint --------------------------------------------------------------------------------------------------

    async def _token(self, job: Job, fetch: FetchToken, body: bytes) -> Answer | Stream:
        if self.settings.auth is not Auth.RELAY:
            return refuse(404, "UNSUPPORTED", "this mirror gives no tokens: pull from it without any")
        wanted = tokens.read(fetch, job.request.method, job.request.headers, body, self.settings)
        if isinstance(wanted, Answer):
            return wanted
        return await _guarded(wanted.upstream.name, self._fetch_token(job, wanted, wanted.upstream))

    async def _fetch_token(self, job: Job, wanted: tokens.Wanted, up: Upstream) -> Answer:
        ask = tokens.ask_for_client(wanted, await self.asking.challenge_of(up, job.hops))
        if isinstance(ask, Answer):
            return ask
        return _token_answer(up.name, ask, await self._pool.answer(ask, job.hops))

    # -- what goes to the upstream ---------------------------------------------------------------------------------------

    async def _forward(self, job: Job, target: Target) -> Answer | Stream:
        own = self.settings.auth is Auth.OWN
        if own and (closed := await self._own.door(job, target)):
            return closed
        if own and target.kind is Kind.PING:
            return _pong(target)
        known = self.asking.known(target.upstream)
        if known is None and self.settings.auth is Auth.RELAY and _sends_password(job.request):
            known = await self.asking.challenge_of(target.upstream, job.hops)
        headers = upstream.headers_for(job.request, target, self.settings, known, self.asking.identity)
        if not own:
            return await self._ask(job, target, headers)
        answer = await self._ask(job, target, headers + await self._own.authorization(job, target))
        if isinstance(answer, Answer) and answer.status == 401 and self._own.refused(target):
            answer = await self._ask(job, target, headers + await self._own.authorization(job, target))
        return answer

    async def _ask(self, job: Job, target: Target, headers: Headers) -> Answer | Stream:
        if target.kind is Kind.BLOB and job.request.method == "GET":
            return await self.blobs.locate(job, target, headers)

        async def send(url: str) -> Landing:
            call = Call(method=job.request.method, url=url, egress=target.upstream.egress, headers=headers)
            if self.settings.redirects is not Redirects.FOLLOW:
                return Landing(url=url, headers=headers, reply=await self.asking.client.send(call, job.hops))
            return await redirects.follow(
                self.asking.client, call, job.hops, downgrade=self.settings.downgrade, most=MOST_REDIRECTS
            )

        try:
            landing = await self.asking.somewhere(target, send)
        except Failure:
            before = self.asking.remembered(target.upstream)
            if target.kind is not Kind.PING or before is None or header(headers, "authorization"):
                raise
            landing = Landing(url=before.url, headers=headers, reply=before)
        if landing.reply.status in REDIRECTS:
            call = Call(
                method=job.request.method, url=landing.url, egress=target.upstream.egress, headers=headers
            )
            return await self.blobs.hand_out(call, target, landing.reply)
        known = self.asking.learn(target, landing.reply)
        return answers.for_client(job.request.method, target, landing.reply, known, self.settings)


async def _guarded(name: str, work: Awaitable[Answer | Stream]) -> Answer | Stream:
    try:
        return await work
    except Failure as failure:
        return refuse_failure(name, failure)


def _pong(target: Target) -> Answer:
    headers: Headers = (
        ("content-type", "application/json"),
        ("docker-distribution-api-version", "registry/2.0"),
        ("content-length", "2"),
    )
    named: Headers = (("oci-namespace", target.ns),) if target.ns else ()
    return Answer(status=200, headers=headers + named, body=b"{}", reason="here")


def _sends_password(request: Request) -> bool:
    return (header(request.headers, "authorization") or "").lower().startswith("basic ")


def _token_answer(name: str, ask: TokenAsk, reply: Reply) -> Answer:
    """The token service's answer for the client; what is no answer of one is told as an error."""
    parts = split(ask.key.realm)
    host = parts.host if parts else "?"
    if reply.status in REDIRECTS:
        return refuse(502, "UNAVAILABLE", f"mirror of {name}: its token service {host} redirects elsewhere")
    if "html" in (header(reply.headers, "content-type") or "").lower():
        status = reply.status if reply.status >= 400 else 502
        return refuse(
            status,
            "UNAVAILABLE",
            f"mirror of {name}: its token service {host} answered {reply.status} with a web page",
        )
    fields = tuple((n, v) for n, v in answers.kept(reply.headers) if n != "content-length")
    fields += (("content-length", str(len(reply.body))),)
    return Answer(status=reply.status, headers=fields, body=reply.body, reason=f"the token service {host}")
