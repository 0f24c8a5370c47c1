"""The question that a broken transfer asks: go on, and where? A part of ``private``.

Knows: mitmproxy's hooks, as a way to wait without holding up other streams. Must not know: how a transfer goes on.
The hook is mitmproxy's way only: no addon hears of it, whoever guards a flow has given the function that is asked.
"""

import asyncio
import functools
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from mitmproxy import http
from mitmproxy.proxy import commands, mode_servers

from inspector.recorder.private.breaking import Check, settle
from inspector.recorder.private.fit import require_names, require_parameters

logger = logging.getLogger(__name__)

RESUMES = "pull_inspector_resumes"
"""Key in ``flow.metadata``: a list of {"at": byte, "time": epoch seconds, "why": sentence, "host": host, "status": int}.

One for each try; ``status`` is None until there is an answer. ``at`` counts from the first byte that this client got.
"""

MOST_NOTED = 64
"""Tries that are noted of one flow."""

MOST_REDIRECTS = 10
"""Redirects in a row, should the one who is asked not bound them."""

type Again = Callable[[http.HTTPFlow, int, str], Awaitable[bool]]

_ATTRIBUTE = "_pull_inspector_guard"  # not in metadata: that is written to files


@dataclass(slots=True, eq=False)
class Guard:
    """What was asked for one flow: see ``heal.guard``."""

    digest: str | None
    tries: int
    pause: float
    stall: float
    again: Again


def set_guard(flow: http.HTTPFlow, guard: Guard) -> None:
    setattr(flow, _ATTRIBUTE, guard)


def guard_of(flow: http.HTTPFlow) -> Guard | None:
    found: Guard | None = getattr(flow, _ATTRIBUTE, None)
    return found


def note(flow: http.HTTPFlow, at: int, why: str) -> dict[str, Any]:
    """Note a try in the flow's metadata. Returns the note, so that its status can be filled in."""
    entry = {"at": at, "time": time.time(), "why": why, "host": flow.request.pretty_host, "status": None}
    noted = flow.metadata.setdefault(RESUMES, [])
    if len(noted) < MOST_NOTED:
        noted.append(entry)
    return entry


@dataclass(eq=False)
class Question:
    """``head``: the answer that made us ask, if there is one; ``started``: the client has had a part of the body.

    ``yes`` is what came of it. ``answer`` is set when the one who was asked has put an answer of its own into the flow.
    """

    flow: http.HTTPFlow
    guard: Guard
    attempt: int
    why: str
    head: http.Response | None
    started: bool
    pause: float = 0.0
    yes: bool = False
    answer: http.Response | None = None

    async def ask(self) -> None:
        flow, began = self.flow, time.monotonic()
        kept = flow.response if self.started else self.head
        flow.response = self.head
        try:
            self.yes = bool(await self.guard.again(flow, self.attempt, self.why))
        except asyncio.CancelledError:
            raise
        except Exception as error:
            logger.warning("a transfer is given up, asking where to go on failed (%s)", type(error).__name__)
        finally:
            if not self.started and flow.response is not self.head:
                self.answer = flow.response
            flow.response = kept
        if self.yes and (left := began + self.pause - time.monotonic()) > 0:
            await asyncio.sleep(left)


@dataclass(eq=False)
class Digesting:
    """The verdict of a check, waited for."""

    check: Check
    verdict: str | None = None

    async def ask(self) -> None:
        def told(verdict: str | None) -> None:
            self.verdict = verdict

        await settle(self.check, told)


@dataclass(eq=False)
class PullInspectorWaitHook(commands.StartHook):  # type: ignore[no-untyped-call]
    """Waits for the one thing in it. mitmproxy allows one field only."""

    matter: Question | Digesting


def answer_hooks() -> None:
    """Have the hook answered; DoesNotFit when mitmproxy handles hooks in another way."""
    handler = mode_servers.ProxyConnectionHandler
    original = handler.handle_hook
    require_parameters(original, "self", "hook")
    require_names(original, "timeout_watchdog", "disarm", "handle_lifecycle")

    @functools.wraps(original)
    async def handle_hook(self: mode_servers.ProxyConnectionHandler, hook: commands.StartHook) -> None:
        if not isinstance(hook, PullInspectorWaitHook):
            await original(self, hook)
            return
        with self.timeout_watchdog.disarm():
            await hook.matter.ask()

    handler.handle_hook = handle_hook  # type: ignore[method-assign]
