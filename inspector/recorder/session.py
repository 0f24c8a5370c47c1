"""One recording: from mitmproxy's hooks to events, the engine, the capture and the live output.

Knows: how the recorder's parts play together. Must not know: mitmproxy's options and its event loop's tasks, which are
the addon's (``addons/record.py``), nor anything private of mitmproxy. Every flow goes one way, live or from a file:
``requestheaders`` opens it, ``response`` or ``error`` (or the end of the recording) closes it, once.

What fails in here costs a line of log and one record, never the traffic.
"""

import logging
from collections.abc import Callable, Iterable

import msgspec
from mitmproxy import http

from inspector.core.engine import Engine
from inspector.core.events import ConnectionFailed, Event, RequestHead
from inspector.core.exchange import Exchange
from inspector.core.pull import Pull, Stage
from inspector.core.updates import Closed, Finished, Started, Update
from inspector.recorder.capture import Capture
from inspector.recorder.connections import Connections
from inspector.recorder.hashing import Measured
from inspector.recorder.live import LARGE, Live, Progressing
from inspector.recorder.stream import FORM, Bodies, Streams
from inspector.recorder.telling import AT_ONCE, Telling
from inspector.rules import capture_findings
from inspector.sources import flow as source
from inspector.sources.copy import redacted_copy
from inspector.sources.metadata import KEY, BodyFacts, Facts, pack, unpack
from inspector.sources.redact import Redactor

logger = logging.getLogger(__name__)

QUIET = 1.5
"""Seconds without anything new after which a pull is taken to be over and its report printed."""

MARKERS = {
    Stage.TOKEN: ":key:",
    Stage.CHALLENGE: ":lock:",
    Stage.REDIRECT: ":arrow_right:",
    Stage.CDN: ":package:",
    Stage.BLOB: ":package:",
    Stage.MANIFEST: ":page_facing_up:",
    Stage.RESOLVE: ":label:",
    Stage.PUSH: ":outbox_tray:",
    Stage.SIGNATURE: ":pencil2:",
}
"""mitmproxy's marker of a flow, by stage; the rest get a dot."""


class _Open(msgspec.Struct, kw_only=True):
    """A flow under way. ``live`` is what it was at its beginning; ``repository`` is what its route names."""

    flow: http.HTTPFlow
    live: bool
    exchange: Exchange | None = None
    repository: str | None = None


class Session:
    """A recording under way. The hooks' names are mitmproxy's; ``tick`` wants to be called a few times a second."""

    def __init__(
        self, redactor: Redactor, *, capture: Capture | None = None, live: Live | None = None
    ) -> None:
        self.capture = capture
        self.redactor = redactor
        self.live = live
        self.engine = Engine()
        self.streams = Streams()
        self.connections = Connections()
        self.stores_read_flows = (
            False  # whether flows that were read from a file (-r) go into the capture too
        )
        self.settles = True  # whether a pull may be over before the recording is; not so while a file is read
        self._memory = source.Connections()
        self._open: dict[str, _Open] = {}
        self._telling = Telling(live) if live is not None else None

    # -- hooks of flows ----------------------------------------------------------------------------------------------

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """A request begins; or a flow read from a file is told from its beginning."""
        if flow.live:
            self.connections.request(flow)
            self._guarded(lambda: self.streams.request_head(flow), "stream a request")
        if flow.request.method == "CONNECT":
            return
        self._open[flow.id] = _Open(flow=flow, live=flow.live)
        if (
            self.live is not None
        ):  # it tells the flow's beginning again at its end, with the upstream that it got
            self._guarded(lambda: self._feed([source.request_head(flow, self.redactor)]), "follow a request")

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """The answer begins."""
        if flow.live:
            self._guarded(lambda: self.streams.response_head(flow), "stream an answer")

    async def ended(self, flow: http.HTTPFlow) -> None:
        """``response`` or ``error``: the flow is over."""
        self.connections.ended(flow)
        bodies = await self.streams.end(flow)
        entry = self._open.pop(flow.id, None)
        failed_connection = flow.request.method == "CONNECT" and flow.error is not None
        if entry is not None or failed_connection:
            # mitmproxy takes a flow that an addon has killed for dead before it tells of its end
            self._close(flow, bodies, cut=False, live=entry.live if entry else flow.live)

    def failed(self, flows: Iterable[http.HTTPFlow]) -> None:
        """Connections that never came to a request, as ``connections`` tells them."""
        for flow in flows:
            self._close(flow, Bodies(), cut=False, live=flow.live, keep=True)

    # -- the rest of the addon's life ----------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Show progress, and the pulls that have settled. ``now`` in epoch seconds."""
        self._close_unheard()
        self.failed(self.connections.left())
        if self.live is not None:
            self.live.progress(self._progressing(self.live, now))
            if self.settles:
                self._guarded(lambda: self._warn(now), "tell a failure")
                self._guarded(lambda: self._show(self.engine.settled(now=now, quiet=QUIET)), "report a pull")

    def close(self) -> None:
        """The recording ends: what is under way is stored, marked as such; every pull is reported."""
        self._close_unheard()
        for entry in list(self._open.values()):
            answer = entry.flow.response  # one that came whole may wait for another addon's hook before ours
            cut = answer is None or answer.timestamp_end is None
            self._close(entry.flow, self.streams.end_now(entry.flow), cut=cut, live=entry.live)
        self._open.clear()
        self.failed(self.connections.close())
        self._guarded(self._report_rest, "report the rest")
        if self.capture is not None:
            self.capture.close()
        if self.live is not None:
            self.live.close()
        self.streams.close()

    def _close_unheard(self) -> None:
        """Flows that are over, of which nothing was heard: a script before ours failed in the same hook."""
        unheard = [
            e
            for e in self._open.values()
            if e.live and not e.flow.live and e.flow.response and e.flow.error is None
        ]
        for entry in unheard:
            del self._open[entry.flow.id]
            self._close(entry.flow, self.streams.end_now(entry.flow), cut=False, live=True)

    # -- one flow ------------------------------------------------------------------------------------------------------

    def _close(
        self, flow: http.HTTPFlow, bodies: Bodies, *, cut: bool, live: bool, keep: bool = False
    ) -> None:
        facts = self._guarded(
            lambda: self._facts(flow, bodies, cut=cut, live=live), "measure a flow"
        ) or Facts(cut_by_end=cut)
        if live:
            flow.metadata[KEY] = pack(facts)  # so that mitmproxy's own -w keeps it
        events = self._guarded(
            lambda: source.events_of(flow, self.redactor, self._memory, facts), "read a flow"
        )
        if events is None:
            return
        self._guarded(lambda: self._tell(flow, events), "classify a flow")
        if self.capture is not None and (live or keep or self.stores_read_flows):
            self._guarded(lambda: self._store(flow, facts, events, bodies), "store a flow")

    def _facts(self, flow: http.HTTPFlow, bodies: Bodies, *, cut: bool, live: bool) -> Facts:
        known = unpack(flow.metadata) or Facts()
        if not live:
            return msgspec.structs.replace(known, cut_by_end=known.cut_by_end or cut)
        server = flow.server_conn
        opened = self._memory.is_first(server.id, flow.id) if server.timestamp_start is not None else None
        request = _body_facts(bodies.request) if bodies.request else _plain_request(flow.request)
        response = _body_facts(bodies.response) if bodies.response else None
        return Facts(request=request, response=response, opened=opened, cut_by_end=cut)

    def _tell(self, flow: http.HTTPFlow, events: list[Event]) -> None:
        for update in self._feed(events):
            if isinstance(update, Finished) and update.stage is not None:
                mark(flow, update)

    def _store(self, flow: http.HTTPFlow, facts: Facts, events: list[Event], bodies: Bodies) -> None:
        if self.capture is None:
            return
        copy = redacted_copy(flow, self.redactor, facts, events=events)
        if bodies.added_chunked and copy.response is not None:
            copy.response.headers.pop("transfer-encoding", None)
        self.capture.add(copy)

    # -- events and updates --------------------------------------------------------------------------------------------

    def _feed(self, events: Iterable[Event]) -> list[Update]:
        updates: list[Update] = []
        for event in events:
            if isinstance(event, ConnectionFailed) and self.live is not None:
                self.live.failed(event)
                if self._telling is not None:
                    self._telling.refused(event)
            updates += self.engine.feed(event)
            if isinstance(event, RequestHead):
                self._remember(updates)
        for update in updates:
            self._follow(update)
        return updates

    def _remember(self, updates: list[Update]) -> None:
        for update in updates:
            if isinstance(update, Started) and (entry := self._open.get(update.exchange.id)):
                entry.exchange, entry.repository = update.exchange, update.repository

    def _follow(self, update: Update) -> None:
        match update:
            case Finished():
                if self.live is not None:
                    self.live.exchange(update)
            case Closed():
                self._show([update.pull])

    def _show(self, pulls: Iterable[Pull]) -> None:
        if self._telling is not None:
            self._telling.settled(pulls)

    def _warn(self, now: float) -> None:
        if self._telling is not None:
            self._telling.failing(self.engine.failing(now=now, quiet=AT_ONCE))

    def _report_rest(self) -> None:
        pulls = self.engine.finish()
        self._show(pulls)
        if self.live is not None and (findings := capture_findings(self.engine.unclaimed, pulls)):
            self.live.findings(findings)

    def _progressing(self, live: Live, now: float) -> Iterable[Progressing]:
        for flow, received, expected in self.streams.progress(LARGE):
            entry = self._open.get(flow.id)
            if entry is not None and entry.exchange is not None:
                seconds = now - entry.exchange.request.time
                label = live.label(entry.exchange, entry.repository)
                yield Progressing(flow.id, label, received, expected, seconds)

    @staticmethod
    def _guarded[T](action: Callable[[], T], what: str) -> T | None:
        """The action's result; None and a line of log when it fails. The kind only: its text may hold a secret."""
        try:
            return action()
        except Exception as error:
            logger.warning(
                "pull-inspector could not %s (%s); the traffic goes on", what, type(error).__name__
            )
            logger.debug("what failed:", exc_info=True)
            return None


def mark(flow: http.HTTPFlow, update: Finished) -> None:
    """Put stage, repository and pull where mitmproxy's console and mitmweb show them, unless the user has been there."""
    if update.stage is None:
        return
    words = [str(update.stage), update.repository, f"pull {update.pull}" if update.pull else None]
    if not flow.comment:
        flow.comment = " · ".join(word for word in words if word)
    if not flow.marked:
        flow.marked = MARKERS.get(update.stage, ":default:")


def _body_facts(measured: Measured) -> BodyFacts:
    return BodyFacts(
        size=measured.size,
        sha256=measured.sha256,
        decoded_size=measured.decoded_size,
        decoded_sha256=measured.decoded_sha256,
        complete=measured.complete,
    )


def _plain_request(request: http.Request) -> BodyFacts | None:
    """A form may hold a password, and its hash could be tried against a dictionary: only its size is told."""
    if request.raw_content is None or not request.headers.get("content-type", "").lower().startswith(FORM):
        return None
    return BodyFacts(size=len(request.raw_content), complete=True)
