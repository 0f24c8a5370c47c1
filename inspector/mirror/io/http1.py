"""One HTTP/1.1 connection to an upstream: a request goes out, a head and a bounded body come back.

Knows: h11, and what makes a connection unfit for another request. Must not know: pools, redirects, tokens, TLS set-up.
HTTP/1.1 only: the h2 that mitmproxy pins is not to be trusted with a hostile server, and a mirror's metadata is small.
"""

import asyncio
from collections.abc import Iterable

import h11

from inspector.mirror.io.connect import close
from inspector.mirror.model import Headers

READ = 64 * 1024
MOST_HEAD = 64 * 1024
"""Bytes of a response head; a signed Location is at most 16 KiB of it."""

MOST_INTERIM = 16
"""1xx answers that are let pass before the answer."""


class Unanswered(Exception):  # noqa: N818 - what happened, not an error of ours
    """The connection ended before one byte of an answer: the request may be sent again elsewhere."""


class Broken(Exception):  # noqa: N818 - as above
    """What came was not one well-formed answer. The sentence says why, in words of ours."""


class TooLarge(Exception):  # noqa: N818 - as above
    """The body is longer than was asked for."""


class Head:
    """Status and header fields (names in lower case) of an answer."""

    def __init__(self, response: h11.Response) -> None:
        self.status = response.status_code
        self.headers: Headers = tuple(
            (name.decode("ascii"), value.decode("utf-8", "surrogateescape"))
            for name, value in response.headers
        )

    def get(self, name: str) -> str | None:
        """The first value of that field."""
        return next((value for field, value in self.headers if field == name), None)


class Connection:
    """A connection after TCP and TLS. ``address`` is ``IP:port`` as dialled, None through a proxy."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str | None, stall: float
    ) -> None:
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD)
        self._stall = stall
        self._heard = False
        self.address = address
        self.used = False

    async def send(self, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> Head:
        """Send one request and wait for the head of its answer. Unanswered, Broken, OSError; TimeoutError at a stall.

        h11.LocalProtocolError when a field holds what HTTP cannot carry.
        """
        fields = [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in headers]
        request = h11.Request(method=method, target=target, headers=fields)
        out = self._http.send(request) or b""
        if body:
            out += self._http.send(h11.Data(data=body)) or b""
        out += self._http.send(h11.EndOfMessage()) or b""
        self._heard = False
        try:
            self._writer.write(out)
            async with asyncio.timeout(self._stall):
                await self._writer.drain()
            return await self._head()
        except (ConnectionError, EOFError) as error:
            if self._heard:
                raise Broken("the connection broke in mid-answer") from error
            raise Unanswered from error

    async def _head(self) -> Head:
        for _ in range(MOST_INTERIM):
            event = await self._next()
            if isinstance(event, h11.Response):
                names = [name for name, _ in event.headers]
                if b"transfer-encoding" in names and b"content-length" in names:
                    raise Broken("the answer has both Content-Length and Transfer-Encoding")
                return Head(event)
            if not isinstance(event, h11.InformationalResponse) or event.status_code == 101:
                raise Broken("the answer is no HTTP/1.1")
        raise Broken("the answer never begins")

    async def body(self, most: int, *, cut: bool = False) -> bytes:
        """The answer's body, whole. TooLarge beyond ``most`` bytes, Broken when it is cut, TimeoutError at a stall.

        With ``cut`` the first ``most`` bytes of a longer body; the connection is then of no more use.
        """
        got = bytearray()
        while True:
            try:
                event = await self._next()
            except (ConnectionError, EOFError):
                raise Broken(f"the answer broke off after {len(got)} bytes") from None
            if isinstance(event, h11.EndOfMessage):
                return bytes(got)
            if not isinstance(event, h11.Data):
                raise Broken("the answer broke off")
            got += event.data
            if len(got) > most and cut:
                return bytes(got[:most])
            if len(got) > most:
                raise TooLarge

    async def _next(self) -> object:
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                raise Broken(_in_our_words(error)) from None
            if event is not h11.NEED_DATA:
                return event
            async with asyncio.timeout(self._stall):
                data = await self._reader.read(READ)
            if not data and not self._heard:
                raise EOFError
            self._heard = True
            self._http.receive_data(data)

    def reuse(self) -> bool:
        """Get ready for another request; False when the connection must not carry one.

        Bytes beyond the answer would be taken for the next one (response smuggling): they end the connection.
        """
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        data, ended = self._http.trailing_data
        if data or ended or not self.quiet():
            return False
        self._http.start_next_cycle()
        self.used = True
        return True

    def quiet(self) -> bool:
        """Whether the peer has neither closed nor said anything while nobody asked."""
        buffered = getattr(self._reader, "_buffer", b"")  # no public way to see what waits unread
        return not (buffered or self._reader.at_eof() or self._writer.is_closing())

    def close(self) -> None:
        """Drop the connection, whatever is on its way."""
        close(self._writer)


def _in_our_words(error: h11.RemoteProtocolError) -> str:
    """h11's messages quote the peer, whose headers may hold secrets; what is kept is the kind."""
    text = str(error).lower()
    for mark, words in (
        ("content-length", "its Content-Length is malformed or contradictory"),
        ("transfer-encoding", "its Transfer-Encoding is not one that HTTP/1.1 has"),
        ("too long", "its header is too long"),
        ("without sending complete message body", "the answer broke off in mid-body"),
        ("chunk", "its chunks are malformed"),
        ("status line", "no HTTP is spoken there"),
    ):
        if mark in text:
            return words
    return "the answer is no valid HTTP/1.1"
