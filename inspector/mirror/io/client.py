"""The mirror's own HTTP client, for what is small: tokens, pings, manifests, redirects. Never for a blob.

Knows: egress rules (through ``addresses``), connections that are kept alive, limits. Must not know: what an answer means.
It adds no header but Host and Content-Length, follows nothing, keeps no cookies, reads no environment, logs nothing.
"""

import asyncio
import ssl
import time
from collections import OrderedDict

import h11
import msgspec

from inspector.mirror.io import addresses, connect, trust, urls
from inspector.mirror.io.http1 import Broken, Connection, Head, TooLarge, Unanswered
from inspector.mirror.model import Call, Egress, Failure, Headers, Hop, Reply, Trouble
from inspector.wire.clean import clean

STALL = 15.0
"""Seconds without a byte after which an upstream counts as gone."""

KEEP = 30.0
"""Seconds that an idle connection is kept."""

MOST_IDLE = 64
MOST_AT_ONCE = 512
"""Calls at once; more wait for at most their deadline."""

MOST_ERROR = 64 * 1024
"""Bytes of an error's body, and of a redirect's, that are read although only the head was asked for."""

MOST_DEAD = 256
DEAD_FOR = 30.0
"""Seconds for which an address that failed is tried last."""

TRIES = 3

# Asking twice does no harm (RFC 9110 section 9.2.2), so what was not answered may be asked again.
_REPEATABLE = frozenset({"GET", "HEAD"})

type _Key = tuple[Egress, tuple[str, str, int]]


class Client:
    """Sends calls to upstreams. One for the whole mirror; ``close`` ends what it keeps alive."""

    def __init__(self, *, stall: float = STALL, keep: float = KEEP) -> None:
        self._stall, self._keep = stall, keep
        self._idle: OrderedDict[Connection, tuple[_Key, float]] = OrderedDict()
        self._dead: OrderedDict[str, float] = OrderedDict()
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

    async def close(self) -> None:
        """Close every connection that is kept."""
        while self._idle:
            self._idle.popitem()[0].close()

    async def _tried(self, call: Call, where: urls.Place, hops: list[Hop]) -> Reply:
        for attempt in range(1, TRIES + 1):
            note = _Note(call)
            try:
                return await self._once(call, where, note)
            except Failure as failure:
                note.error = failure.sentence
                unanswered = failure.trouble in {Trouble.CONNECT, Trouble.TLS, Trouble.TIMEOUT}
                again = note.reused or (unanswered and note.others)
                if attempt == TRIES or note.status is not None or call.method not in _REPEATABLE or not again:
                    raise
            except asyncio.CancelledError:
                note.error = "given up before it was answered"
                raise
            finally:
                hops.append(note.hop())
        raise AssertionError  # the last attempt returns or raises

    async def _once(self, call: Call, where: urls.Place, note: "_Note") -> Reply:
        key = (call.egress, where.origin)
        connection = self._kept(key) if call.method in _REPEATABLE else None
        note.reused = connection is not None
        whole = False
        try:
            if connection is None:
                connection = await self._open(call, where, note)
            note.address = connection.address
            head = await connection.send(call.method, where.target, _fields(call, where), call.body)
            note.answered(head)
            body = await self._body(call, head, connection)
            whole = body is not None
            note.size = len(body or b"")
        except Exception as error:
            if connection is not None and connection.address is not None and note.status is None:
                self._bury(connection.address)
            raise self._failure(error, where) from None
        finally:
            if connection is not None and not (whole and self._keep_alive(connection, key)):
                connection.close()
        return Reply(
            status=head.status, headers=head.headers, body=body or b"", url=call.url, address=connection.address
        )

    @staticmethod
    async def _body(call: Call, head: Head, connection: Connection) -> bytes | None:
        """The body; None when it was left unread, and the connection is of no more use."""
        length = head.get("content-length") or ""
        told = int(length) if length.isdigit() and len(length) < 20 else None
        if not call.head_only:
            if call.method != "HEAD" and told is not None and told > call.most_bytes:
                raise TooLarge
            return await connection.body(call.most_bytes)
        if call.method == "HEAD" or head.status == 304 or told == 0:
            return await connection.body(0)
        if head.status < 300 or (told is not None and told > MOST_ERROR):
            return None
        try:
            body = await connection.body(MOST_ERROR)
        except (TooLarge, Broken, TimeoutError):
            return None
        return body if head.status >= 400 else b""

    # -- connections ---------------------------------------------------------------------------------------------------

    async def _open(self, call: Call, where: urls.Place, note: "_Note") -> Connection:
        egress = call.egress
        found = await addresses.resolve(where.host, where.port, egress)
        found = tuple(sorted(found, key=lambda a: self._is_dead(_endpoint(a, where.port))))
        note.others = len(found) > 1
        context = trust.context(egress.ca, insecure=egress.insecure) if where.scheme == "https" else None
        reader, writer = await connect.open_stream(
            where.host, where.port, found, egress.proxy, each=call.connect
        )
        try:
            peer = None
            if egress.proxy is None:
                name = writer.get_extra_info("peername")
                note.address = peer = _endpoint(str(name[0]), where.port)
            if context is not None:
                async with asyncio.timeout(call.connect * 2):
                    await writer.start_tls(context, server_hostname=where.host)
        except BaseException as error:
            connect.close(writer)
            if peer is not None and isinstance(error, Exception):
                self._bury(peer)
            raise
        note.connected = time.time()
        return Connection(reader, writer, peer, self._stall)

    def _kept(self, key: _Key) -> Connection | None:
        for connection, (of, until) in list(self._idle.items()):
            if time.monotonic() > until or not connection.quiet():
                del self._idle[connection]
                connection.close()
            elif of == key:
                del self._idle[connection]
                return connection
        return None

    def _keep_alive(self, connection: Connection, key: _Key) -> bool:
        if not connection.reuse():
            return False
        self._idle[connection] = (key, time.monotonic() + self._keep)
        while len(self._idle) > MOST_IDLE:
            self._idle.popitem(last=False)[0].close()
        return True

    def _bury(self, address: str) -> None:
        self._dead[address] = time.monotonic() + DEAD_FOR
        self._dead.move_to_end(address)
        while len(self._dead) > MOST_DEAD:
            self._dead.popitem(last=False)

    def _is_dead(self, address: str) -> bool:
        return self._dead.get(address, 0.0) > time.monotonic()

    @staticmethod
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


class _Note(msgspec.Struct):
    """What is learned of an attempt while it runs."""

    call: Call
    start: float = msgspec.field(default_factory=time.time)
    connected: float | None = None
    first_byte: float | None = None
    status: int | None = None
    headers: Headers = ()
    size: int | None = None
    address: str | None = None
    reused: bool = False
    others: bool = False
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
            connected=self.connected,
            first_byte=self.first_byte,
            end=time.time(),
            status=self.status,
            reply_headers=self.headers,
            size=self.size,
            address=self.address,
            reused=self.reused,
            error=self.error,
        )


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


def _endpoint(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
