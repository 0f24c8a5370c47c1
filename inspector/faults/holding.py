"""Holds one answer back for a while, and its server with it: what is not sent on is not read either.

Knows: mitmproxy's connection handlers and asyncio's transports. Must not know: why, or what is held.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from mitmproxy import ctx, http

_LOOK = 0.1
"""Seconds between two looks at whether the client is still there."""


async def hold(
    flow: http.HTTPFlow, seconds: float | None, left: Callable[[], bool], more: Callable[[], bool]
) -> None:
    """Wait ``seconds``, or without end; or until ``left`` says that the client is gone, or the connection is closed.

    The server is read again when ``more`` says that nothing of it waits any more: else what waits would pile up.
    """
    transport = _paused(flow)
    try:
        until = None if seconds is None else time.monotonic() + seconds
        while not left() and flow.client_conn.connected:
            rest = _LOOK if until is None else min(_LOOK, until - time.monotonic())
            if rest <= 0:
                return
            await asyncio.sleep(rest)
    finally:
        if transport is not None and not transport.is_closing() and (left() or not more()):
            transport.resume_reading()


def _paused(flow: http.HTTPFlow) -> Any:
    """The transport to the flow's server, no longer read; None where it has none, or mitmproxy keeps it elsewhere."""
    addons: Any = ctx.master.addons
    server: Any = addons.get("proxyserver")
    for handler in getattr(server, "connections", {}).values():
        if handler.client is flow.client_conn:
            found = handler.transports.get(flow.server_conn)
            transport = getattr(getattr(found, "writer", None), "transport", None)
            if transport is None:
                return None
            transport.pause_reading()
            if hasattr(found.reader, "_paused"):
                found.reader._paused = False  # noqa: SLF001 - else asyncio's reader, emptied, resumes what is not its own
            return transport
    return None
