"""The mirror's own HTTP client, for what is small: tokens, pings, manifests, redirects. Never for a blob.

Knows: requests, limits, what may be asked twice; connections come from ``pool``. Must not know: what an answer means.
It adds no header but Host and Content-Length, follows nothing, keeps no cookies, reads no environment, logs nothing.
"""

import asyncio
import ssl
import time

import h11
import msgspec

from inspector.mirror.io import connect, trust, urls
from inspector.mirror.io.http1 import Broken, Connection, Head, TooLarge, Unanswered
from inspector.mirror.io.pool import KEEP, Opening, Pool
from inspector.mirror.model import Call, Egress, Failure, Headers, Hop, Reply, Trouble
from inspector.wire.clean import clean

STALL = 15.0
"""Seconds without a byte after which an upstream counts as gone."""

MOST_AT_ONCE = 512
"""Calls at once; more wait for at most their deadline."""

MOST_ERROR = 64 * 1024
"""Bytes of an error's body, and of a redirect's, that are read although only the head was asked for."""

TRIES = 3

# Asking twice does no harm (RFC 9110 section 9.2.2), so what was not answered may be asked again.
_REPEATABLE = frozenset({"GET", "HEAD"})


class Client:
    """Sends calls to upstreams. One for the whole mirror; ``close`` ends what it keeps alive."""

    def __init__(self, *, stall: float = STALL, keep: float = KEEP) -> None:
        self._pool = Pool(stall=stall, keep=keep)
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def send(self, call: Call, hops: list[Hop]) -> Reply:
        """One exchange. ``hops`` gets it, and each attempt before it that failed; Failure when there is no answer.

        With ``head_only`` the body of a success is not read; that of an error (400 and up, 64 KiB at most) is, for the
        client's sake.
        """
        where = urls.required(call.url)
        try:
            async with asyncio.timeout(call.deadline), self._room:
                return await self._tried(call, where, hops)
        except TimeoutError:
            sentence = f"no whole answer within {call.deadline:g} seconds"
            raise Failure(Trouble.TIMEOUT, clean(where.host, 100), sentence) from None

    async def addresses(self, egress: Egress, url: str, first: str | None) -> tuple[str, ...]:
        """The judged addresses of a URL's host, in order, ``first`` (``IP:port``, which has just answered) at their head."""
        return await self._pool.addresses(egress, urls.required(url), first)

    async def close(self) -> None:
        """Close every connection that is kept."""
        self._pool.close()

    async def _tried(self, call: Call, where: urls.Place, hops: list[Hop]) -> Reply:
        for attempt in range(1, TRIES + 1):
            note = _Note(call)
            try:
                return await self._once(call, where, note, afresh=attempt > 1)
            except Failure as failure:
                note.error = failure.sentence
                unanswered = failure.trouble in {Trouble.CONNECT, Trouble.TLS, Trouble.TIMEOUT}
                again = note.reused or (unanswered and note.opening.others)
                if attempt == TRIES or note.status is not None or call.method not in _REPEATABLE or not again:
                    raise
            except asyncio.CancelledError:
                note.error = "given up before it was answered"
                raise
            finally:
                hops.append(note.hop())
        raise AssertionError  # the last attempt returns or raises

    async def _once(self, call: Call, where: urls.Place, note: "_Note", *, afresh: bool) -> Reply:
        key = (call.egress, where.origin)
        kept = None if afresh or call.method not in _REPEATABLE else self._pool.take(key)
        note.reused = kept is not None
        connection = kept
        try:
            if connection is None:
                connection = await self._pool.open(call.egress, where, call.connect, note.opening)
            note.opening.address = connection.address
            head = await connection.send(call.method, where.target, _fields(call, where), call.body)
            note.answered(head)
            body = await self._body(call, head, connection)
        except BaseException as error:
            if connection is not None:
                connection.close()
            if not isinstance(error, Exception):
                raise
            if connection is not None and connection.address and note.status is None and not kept:
                self._pool.bury(connection.address)
            raise _by_proxy(_failure(error, where), call.egress) from None
        note.size = len(body)
        self._pool.give_back(connection, key)
        return Reply(
            status=head.status,
            headers=head.headers,
            body=body,
            url=call.url,
            address=connection.address,
        )

    @staticmethod
    async def _body(call: Call, head: Head, connection: Connection) -> bytes:
        """The body, or as much of it as was asked for. What is left unread ends the connection."""
        length = head.get("content-length") or ""
        told = int(length) if length.isdigit() and len(length) < 20 else None
        if not call.head_only:
            if call.method != "HEAD" and told is not None and told > call.most_bytes:
                raise TooLarge
            return await connection.body(call.most_bytes)
        if call.method != "HEAD" and head.status < 300:
            # Only the end of one that is empty can be waited for.
            return await connection.body(0) if told == 0 or head.status == 204 else b""
        try:
            body = await connection.body(MOST_ERROR, cut=True)
        except (Broken, TimeoutError):
            return b""
        return body if head.status >= 400 else b""


class _Note(msgspec.Struct):
    """What is learned of an attempt while it runs."""

    call: Call
    start: float = msgspec.field(default_factory=time.time)
    opening: Opening = msgspec.field(default_factory=Opening)
    first_byte: float | None = None
    status: int | None = None
    headers: Headers = ()
    size: int | None = None
    reused: bool = False
    error: str | None = None

    def answered(self, head: Head) -> None:
        self.first_byte = time.time()
        self.status, self.headers = head.status, head.headers

    def hop(self) -> Hop:
        return Hop(
            method=self.call.method,
            url=self.call.url,
            start=self.start,
            headers=self.call.headers,
            connected=self.opening.connected,
            first_byte=self.first_byte,
            end=time.time(),
            status=self.status,
            reply_headers=self.headers,
            size=self.size,
            address=self.opening.address,
            reused=self.reused,
            error=self.error,
        )


def _failure(error: Exception, where: urls.Place) -> Failure:
    """What went wrong, as a Failure with a sentence of ours."""
    host = clean(where.host, 100)
    match error:
        case Failure():
            return error
        case ssl.SSLError():
            return Failure(Trouble.TLS, host, trust.why(error))
        case TimeoutError():
            return Failure(Trouble.TIMEOUT, host, "it stopped answering")
        case Unanswered():
            return Failure(Trouble.CONNECT, host, "it closed the connection without an answer")
        case TooLarge():
            return Failure(Trouble.TOO_LARGE, host, "the answer is larger than is allowed here")
        case Broken():
            return Failure(Trouble.PROTOCOL, host, str(error))
        case h11.LocalProtocolError() | UnicodeError():
            return Failure(Trouble.PROTOCOL, host, "the request holds what HTTP cannot carry")
        case OSError():
            return Failure(Trouble.CONNECT, host, connect.why(error))
    raise error


def _by_proxy(failure: Failure, egress: Egress) -> Failure:
    """Names the proxy on the way: a trojan with a wrong password, say, leads to a server that is not the upstream."""
    if egress.proxy is None or failure.trouble not in {Trouble.TLS, Trouble.CONNECT, Trouble.TIMEOUT}:
        return failure
    sentence = f"{failure.sentence}, by way of the proxy {clean(egress.proxy.host, 100)}"
    return Failure(failure.trouble, failure.host, sentence, failure.reply)


def _fields(call: Call, where: urls.Place) -> list[tuple[str, str]]:
    fields = [("host", where.authority), *((n, v) for n, v in call.headers if n.lower() not in _OWN)]
    if call.body or call.method not in _REPEATABLE:
        fields.append(("content-length", str(len(call.body))))
    return fields


# Fields that describe this connection: they are the client's own.
_OWN = frozenset({
    "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade",
    "proxy-connection", "proxy-authorization",
})  # fmt: skip
