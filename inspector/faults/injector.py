"""One run of the fault addon: what is asked and answered goes by here, and comes back broken where the plan says so.

Knows: plan, surroundings, the acts. Must not know: mitmproxy's layers (``stream.py``), options. Whatever fails in here
leaves the traffic as it is and costs a line of log.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable

import msgspec
from mitmproxy import http
from mitmproxy.connection import Client, Server

from inspector.core.redirects import Pending
from inspector.faults import fault as acts
from inspector.faults.effects import Effect
from inspector.faults.fault import Asked
from inspector.faults.plan import Entry, Plan
from inspector.faults.surroundings import Surroundings
from inspector.sources.redact import Redactor

logger = logging.getLogger(__name__)

_MOST_FORGED = 64


class Replied(msgspec.Struct, frozen=True):
    """Answer with this; the server is not asked."""

    response: http.Response


class Gone(msgspec.Struct, frozen=True):
    """End the connection without an answer."""

    message: str


class Sent(msgspec.Struct, frozen=True):
    """Ask the server with this in place of the client's request."""

    request: http.Request


type BeforeAnswer = Replied | Gone | Sent | None


class Collected(msgspec.Struct, frozen=True):
    """Wait for the whole body; ``change`` then alters the answer."""

    change: Callable[[http.Response], None]


type AtAnswer = Collected | Effect | None


class Matter(msgspec.Struct, kw_only=True):
    """What is known of one flow between its request and its answer."""

    asked: Asked
    pending: Pending | None = None
    struck: bool = False
    forging: Entry | None = None


class Injector:
    """Carries one plan out. ``matter`` objects are the stream's to keep."""

    def __init__(self, plan: Plan, redactor: Redactor) -> None:
        self.plan = plan
        self._redactor = redactor
        self._surroundings = Surroundings(redactor)
        self._forged: OrderedDict[str, tuple[str, bytes]] = OrderedDict()

    # -- before the answer ---------------------------------------------------------------------------------------------

    def asks(self, flow: http.HTTPFlow) -> tuple[Matter, BeforeAnswer]:
        """The request is whole, and the server not asked yet."""
        asked, pending = self._surroundings.asked(flow)
        matter = Matter(asked=asked, pending=pending)
        kinds = (acts.Reply, acts.Ask, acts.Dead, acts.Forge)
        for entry in self.plan.turns(flow, asked.stage, *kinds):
            found = self._before(flow, matter, entry)
            if found is not None:
                matter.struck = True
                return matter, found
        forged = self._known(asked)
        return matter, Replied(forged) if forged is not None else None

    def _before(self, flow: http.HTTPFlow, matter: Matter, entry: Entry) -> BeforeAnswer:
        match entry.fault.act:
            case acts.Reply(make=make):
                response = make(matter.asked)
                if response is not None:
                    self._struck(entry, flow, f"answered {{}} with {response.status_code}")
                    return Replied(_without_body(response) if matter.asked.is_head else response)
            case acts.Dead(message=message):
                self._struck(entry, flow, "left {} without an answer")
                return Gone(message)
            case acts.Ask(change=change):
                request = flow.request.copy()
                if change(request):
                    self._struck(entry, flow, "changed {} on its way to the server")
                    return Sent(request)
            case acts.Forge():
                route = matter.asked.route
                if route is not None and route.is_tag:
                    request = flow.request.copy()
                    request.method = (
                        "GET"  # what HEAD is to tell of the other document is known from the true one
                    )
                    matter.forging = entry
                    return Sent(request)
        return None

    def _known(self, asked: Asked) -> http.Response | None:
        """A document that was put in the place of a tag's, asked for by its own digest."""
        route = asked.route
        digest = route.reference if route is not None and route.kind in ("manifest", "blob") else None
        if digest == acts.digest_of(acts.EMPTY_BLOB) and self._forged:
            response = _document(digest, "application/octet-stream", acts.EMPTY_BLOB)
        elif digest is not None and digest in self._forged:
            response = _document(digest, *self._forged[digest])
        else:
            return None
        return _without_body(response) if asked.is_head else response

    # -- at the answer -------------------------------------------------------------------------------------------------

    def answers(self, flow: http.HTTPFlow, matter: Matter, *, has_body: bool) -> AtAnswer:
        """The server's head is in ``flow.response``, and may be altered there."""
        response = flow.response
        if response is None:
            return None
        if matter.forging is not None and response.status_code == 200:
            return Collected(self._forger(flow, matter, matter.forging))
        if matter.struck:
            return None
        stage = self._surroundings.stage(self._surroundings.answered(flow), matter.pending)
        for entry in self.plan.turns(flow, stage, acts.Head, acts.Pour, acts.Whole):
            match entry.fault.act:
                case acts.Whole():
                    return Collected(self._changer(flow, matter, entry))
                case acts.Pour(make=make) if has_body:
                    effect = make(response, self.plan.after)
                    if effect is not None:
                        self._struck(entry, flow, "strikes the body of {}")
                        return effect
                case acts.Head(change=change):
                    if change(matter.asked, response):
                        self._struck(entry, flow, "changed the answer to {}")
                        return None
        return None

    def told(self, flow: http.HTTPFlow, matter: Matter) -> None:
        """The client is about to get the head that is in ``flow.response``."""
        self._surroundings.learn(flow, matter.pending)

    def _changer(self, flow: http.HTTPFlow, matter: Matter, entry: Entry) -> Callable[[http.Response], None]:
        act = entry.fault.act

        def change(response: http.Response) -> None:
            if isinstance(act, acts.Whole) and not entry.over and act.change(matter.asked, response):
                self._struck(entry, flow, "changed the answer to {}")

        return change

    def _forger(self, flow: http.HTTPFlow, matter: Matter, entry: Entry) -> Callable[[http.Response], None]:
        act = entry.fault.act

        def forge(response: http.Response) -> None:
            found = (
                act.make(matter.asked, response.get_content(strict=False) or b"")
                if isinstance(act, acts.Forge)
                else None
            )
            if found is None:
                return
            digest = acts.digest_of(found[1])
            self._forged[digest] = found
            if len(self._forged) > _MOST_FORGED:
                self._forged.popitem(last=False)
            other = _document(digest, *found)
            response.headers, response.raw_content = other.headers, other.raw_content
            self._struck(entry, flow, "put another document in the place of {}")

        return forge

    # -- connections ---------------------------------------------------------------------------------------------------

    def dials(self, client: Client, server: Server) -> None:
        """The proxy is about to connect."""
        host, port = server.address[:2] if server.address else ("unknown", 0)
        for entry in self.plan.turns(_connect(client, server, host, port), acts.ANY_STAGE, acts.Dial):
            if isinstance(entry.fault.act, acts.Dial) and entry.fault.act.change(server):
                entry.strike()
                logger.warning("fault %s: dialling %s:%s", entry.fault.name, self._redactor.line(host), port)
                return

    def greets(self, client: Client, server: Server) -> bool:
        """Whether the client's TLS handshake, about to begin, is to fail."""
        host = client.sni or (server.address[0] if server.address else "unknown")
        for entry in self.plan.turns(_connect(client, server, host, 443), acts.ANY_STAGE, acts.Handshake):
            entry.strike()
            logger.warning("fault %s: greeting a client of %s", entry.fault.name, self._redactor.line(host))
            return True
        return False

    # -- the log -------------------------------------------------------------------------------------------------------

    def _struck(self, entry: Entry, flow: http.HTTPFlow, how: str) -> None:
        entry.strike()
        what = f"{self._redactor.line(flow.request.method, 32)} {self._redactor.url(flow.request.pretty_url)}"
        logger.warning("fault %s: %s", entry.fault.name, how.format(what))


def _without_body(response: http.Response) -> http.Response:
    """For HEAD: the fields alone, Content-Length as a GET would have it (RFC 9110 section 9.3.2)."""
    length = response.headers.get("content-length")
    response.raw_content = b""
    if length is not None:
        response.headers["content-length"] = length
    return response


def _document(digest: str, media_type: str, body: bytes) -> http.Response:
    fields = {"Content-Type": media_type, "Docker-Content-Digest": digest, "Content-Length": str(len(body))}
    return http.Response.make(200, body, fields)


def _connect(client: Client, server: Server, host: str, port: int) -> http.HTTPFlow:
    """What a filter is shown of a connection."""
    flow = http.HTTPFlow(client, server)
    flow.request = http.Request.make("CONNECT", f"https://{host}:{port}/")
    return flow
