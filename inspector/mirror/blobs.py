"""Blobs: where they lie, and where to go on when what holds them breaks off.

Knows: redirects of registries, what a storage may be told. Must not know: mitmproxy, how bytes flow. The registry is asked
for one byte only, so that its redirect is seen; what the redirect names is left for the one request that fetches it, since
a signed URL may be good for one use, or for GET alone.
"""

import asyncio

import msgspec

from inspector.mirror import answers, upstream
from inspector.mirror.asking import Asking, Job
from inspector.mirror.challenge import Known
from inspector.mirror.errors import refuse
from inspector.mirror.io import redirects
from inspector.mirror.io.addresses import resolve
from inspector.mirror.model import (
    Answer,
    Call,
    Endpoint,
    Failure,
    Follow,
    Headers,
    Landing,
    Redirects,
    Reply,
    Settings,
    Target,
    Trouble,
)
from inspector.mirror.policy import REDIRECT_PATH
from inspector.mirror.rewritten import Rewritten
from inspector.wire.url import split

MOST_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_RANGE = ("range", "if-range")
_WORDS = 5.0  # seconds for a refusal's own words


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """A blob to be fetched by mitmproxy: the URL, the fields to send (no Host), where to dial, and what it is.

    ``redirects``: how many led here.
    """

    url: str
    headers: Headers
    endpoint: Endpoint
    target: Target
    redirects: int = 0


class Blobs:
    """Finds blobs."""

    def __init__(self, settings: Settings, asking: Asking) -> None:
        self._settings = settings
        self._asking = asking
        self._rewritten = Rewritten()

    async def locate(self, job: Job, target: Target, headers: Headers) -> Answer | Stream:
        """Ask the registry where the blob is. ``headers``: what is to be sent, with the client's Range."""

        async def probe(url: str) -> tuple[Call, Reply]:
            call = Call(
                method="GET",
                url=url,
                egress=target.upstream.egress,
                headers=upstream.probing(headers),
                head_only=True,
            )
            return call, await self._asking.client.send(call, job.hops)

        call, reply = await self._asking.somewhere(target, probe)
        call = msgspec.structs.replace(call, headers=headers)
        if reply.status in REDIRECTS:
            if self._settings.redirects is not Redirects.FOLLOW and not job.inside:
                return await self.hand_out(call, target, reply)
            return _stream(target, await self._land(call, reply), redirects=1)
        if reply.status >= 400 and reply.status != 416:  # 416: a blob of no bytes
            known = self._asking.learn(target, reply)
            return answers.for_client("GET", target, reply, known, self._settings)
        place = _endpoint(target, call.url, ())
        addresses = await resolve(place.host, place.port, target.upstream.egress)
        return _stream(target, Landing(url=call.url, headers=headers, reply=reply, addresses=addresses))

    async def _land(self, call: Call, reply: Reply) -> Landing:
        return await redirects.land(call, reply, downgrade=self._settings.downgrade)

    # -- redirects that the client sees ------------------------------------------------------------------------------------

    async def hand_out(self, call: Call, target: Target, reply: Reply) -> Answer:
        """A redirect that the client shall see (*pass*), or shall come back to the mirror with (*rewrite*)."""
        landing = await self._land(call, reply)
        location = landing.url
        if self._settings.redirects is Redirects.REWRITE:
            key = self._rewritten.keep(landing, target, self._asking.clock())
            location = f"{target.own}{REDIRECT_PATH}{key}"
        fields = upstream.without(answers.kept(reply.headers), "content-length", "content-type")
        fields += (("location", location), ("content-length", "0"))
        return Answer(status=reply.status, headers=fields, reason="upstream's redirect")

    async def follow(self, job: Job, decision: Follow) -> Answer | Stream:
        """The client comes back with a redirect that was rewritten."""
        kept = self._rewritten.find(decision.key, self._asking.clock())
        if kept is None:
            return refuse(404, "BLOB_UNKNOWN", "this redirect is not known any more: ask for the blob again")
        landing, target = kept
        job.target = target
        sent = tuple((n, v) for n, v in job.request.headers if n in {"accept", "user-agent", *_RANGE})
        headers = (*upstream.without(landing.headers, "accept", "user-agent", *_RANGE), *sent)
        if job.request.method == "GET":
            return _stream(target, msgspec.structs.replace(landing, headers=headers), redirects=1)
        call = Call(method="HEAD", url=landing.url, egress=target.upstream.egress, headers=headers)
        found = await redirects.follow(
            self._asking.client, call, job.hops, downgrade=self._settings.downgrade
        )
        return answers.for_client("HEAD", target, found.reply, Known(), self._settings)

    async def words_of(self, job: Job, stream: Stream, status: int | None) -> bytes:
        """What a storage says with its 403: its code tells a blocked region from a wrong signature. b"" for nothing.

        It is asked once more, since mitmproxy hands on the head alone.
        """
        if status != 403:
            return b""
        headers = upstream.probing(stream.headers)
        egress = stream.target.upstream.egress
        call = Call(
            method="GET", url=stream.url, egress=egress, headers=headers, head_only=True, deadline=_WORDS
        )
        try:
            reply = await self._asking.client.send(call, job.hops)
        except Failure:
            return b""
        return reply.body if reply.status == status else b""

    # -- going on ----------------------------------------------------------------------------------------------------------

    async def onward(self, stream: Stream, status: int, headers: Headers) -> Stream:
        """Where the redirect leads that the blob's holder answered with. ``Failure`` where the mirror may not go."""
        if stream.redirects >= MOST_REDIRECTS:
            raise Failure(Trouble.REDIRECT, stream.endpoint.host, f"more than {MOST_REDIRECTS} redirects")
        egress = stream.target.upstream.egress
        call = Call(method="GET", url=stream.url, egress=egress, headers=stream.headers)
        landing = await self._land(call, Reply(status=status, headers=headers, url=stream.url))
        return _stream(stream.target, landing, redirects=stream.redirects + 1)

    async def may_retry(self, attempt: int, status: int | None, *, refused: int = 0) -> bool:
        """Whether to ask again after a cut (``status`` None) or a refusal; waits as long as is due.

        A 403 is most often a signed URL that has expired: a new one helps at once, or never (``refused``: how many came
        in a row). A 429 is passed on.
        """
        if attempt > self._settings.tries or status == 429 or (status == 403 and refused > 1):
            return False
        if status != 403:
            await asyncio.sleep(self._settings.pause * 2 ** min(attempt - 1, 6))
        return True


def _stream(target: Target, landing: Landing, *, redirects: int = 0) -> Stream:
    endpoint = _endpoint(target, landing.url, landing.addresses)
    return Stream(
        url=landing.url, headers=landing.headers, endpoint=endpoint, target=target, redirects=redirects
    )


def _endpoint(target: Target, url: str, addresses: tuple[str, ...]) -> Endpoint:
    parts = split(url)
    if parts is None or not parts.host:
        raise Failure(Trouble.REDIRECT, target.upstream.name, "its redirect names no host")
    return Endpoint(
        host=parts.host.removeprefix("[").removesuffix("]"),
        port=parts.port or (443 if parts.scheme == "https" else 80),
        addresses=addresses,
        proxy=target.upstream.egress.proxy,
    )
