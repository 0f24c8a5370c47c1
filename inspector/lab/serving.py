"""What the hub's three servers have in common: a log of what was served, and faults to order.

Knows: tornado. Must not know: registries, tokens, signed URLs. A place is what a handler calls itself
(``ping``, ``manifest``, ``tags``, ``blob``, ``token``, ``cdn``); a fault is tied to a place.
"""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, cast

from tornado.http1connection import HTTP1Connection
from tornado.iostream import StreamClosedError
from tornado.web import Application, RequestHandler

CHUNK = 64 * 1024
LOG_LENGTH = 10_000


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong at a place. What is None stays as it is.

    ``status`` and ``body`` replace the answer's; ``headers`` replaces fields, a value of None removes one;
    ``cut`` closes the connection after so many bytes of the body, while Content-Length says more;
    ``times`` is how often it happens before all is well again.
    """

    status: int | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    body: bytes | None = None
    cut: int | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """One request as the server saw it: the truth that a report can be held against."""

    host: str
    place: str
    method: str
    path: str
    status: int
    time: float


@dataclass(frozen=True, slots=True)
class Pace:
    """How far away the hub pretends to be: seconds before each answer, bytes a second of each body (0: no limit)."""

    latency: float = 0.0
    rate: float = 0.0


@dataclass(slots=True)
class Desk:
    """What the handlers of one hub share: its faults, its pace, and its log, which keeps the newest only."""

    faults: dict[str, Fault] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    log: deque[Served] = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))

    def fault(self, place: str) -> Fault | None:
        """The fault for this place, counted as having happened."""
        fault = self.faults.get(place)
        if fault is None or fault.times == 0:
            return None
        if fault.times is not None:
            fault.times -= 1
        return fault

    def application(self, routes: list[tuple[str, type["Handler"]]], **shared: object) -> Application:
        """A server's routes. ``shared`` goes to each handler as attributes."""
        arguments = {"desk": self, **shared}
        return Application(
            [(pattern, handler, arguments) for pattern, handler in routes], log_function=self._note
        )

    def _note(self, handler: RequestHandler) -> None:
        request = handler.request
        place = handler.place if isinstance(handler, Handler) else "none"
        path = request.path or ""
        now = time.time()
        self.log.append(Served(request.host, place, str(request.method), path, handler.get_status(), now))


class Handler(RequestHandler):
    """A handler that answers with whole bodies, through ``answer``, and lets a fault have its way with them."""

    place: ClassVar[str] = "none"
    desk: Desk

    def initialize(self, **shared: object) -> None:
        """Take what the application shares with its handlers."""
        vars(self).update(shared)

    def set_default_headers(self) -> None:
        """Say nothing of tornado: the hub plays parts that are not made of it."""
        self.clear_header("Server")

    def compute_etag(self) -> None:
        """No ETag of tornado's own making, and so no 304 by surprise."""

    async def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Send the answer, or what the place's fault makes of it. The body of a HEAD is only counted."""
        fault = self.desk.fault(self.place) or Fault()
        await asyncio.sleep(self.desk.pace.latency)
        body = body if fault.body is None else fault.body
        self.set_status(fault.status or status)
        for name, value in {**headers, "Content-Length": str(len(body)), **fault.headers}.items():
            if value is None:
                self.clear_header(name)
            else:
                self.set_header(name, value)
        if self.request.method == "HEAD":
            await self.finish()
            return
        try:
            await self._send(body, fault.cut)
        except StreamClosedError:
            return  # The client went away; there is nobody left to tell.

    async def _send(self, body: bytes, cut: int | None) -> None:
        for start in range(0, len(body) if cut is None else min(cut, len(body)), CHUNK):
            piece = body[start : start + CHUNK if cut is None else min(start + CHUNK, cut)]
            self.write(piece)
            await self.flush()
            if self.desk.pace.rate:
                await asyncio.sleep(len(piece) / self.desk.pace.rate)
        if cut is not None and cut < len(body):
            # What is sent is sent, the rest never comes.
            cast("HTTP1Connection", self.request.connection).close()
        await self.finish()
