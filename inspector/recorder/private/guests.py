"""Clients that take and give nothing: bodies of refused requests, and connections that never come to a request.

mitmproxy keeps a request's body until it is whole, also when an addon has answered already; and it has one timeout for a
client's whole connection, which a byte now and then puts off for ever. A part of ``private``; installed by the mirror only.

Must not know: registries, flows' meaning.
"""

import asyncio
from typing import Any

import mitmproxy.proxy.layers.http as layers
from mitmproxy import connection, ctx
from mitmproxy.proxy import events, layer
from mitmproxy.proxy.layers.http._events import RequestData

from inspector.recorder.private.fit import DoesNotFit, require_names, require_parameters

MARK = "_pull_inspector_guests"
MOST_DISCARDED = 8 << 20
"""Bytes of a refused request that are read and thrown away, so that the client may still see the answer."""

MOST_KEPT = 64 << 10
"""Bytes of a request that was not refused: a form without a length, in chunks or over HTTP/2, ends here at the latest."""


def install() -> list[str]:
    """Throw the bodies of answered requests away, and take small ones only. Once a process; one sentence when mitmproxy is not fit for it."""
    if hasattr(layers, MARK):
        return []
    setattr(layers, MARK, "installed")
    stream: Any = next(kind for kind in layers.HttpStream.__mro__ if kind.__module__ == layers.__name__)
    original: Any = stream.state_consume_request_body
    try:
        require_parameters(original, "self", "event")
        require_names(original, "request_body_buf", "flow")
    except DoesNotFit as error:
        return [f"throwing refused uploads away does not fit this mitmproxy: {error}"]

    def consume(self: Any, event: events.Event) -> layer.CommandGenerator[None]:
        if not isinstance(event, RequestData):
            yield from original(self, event)
            return
        refused = self.flow.response is not None
        self.pull_inspector_taken = getattr(self, "pull_inspector_taken", 0) + len(event.data)
        if not refused and self.pull_inspector_taken <= MOST_KEPT:
            yield from original(self, event)
        elif not refused or self.pull_inspector_taken > MOST_DISCARDED:
            # Not by a command: mitmproxy would cancel the very task that is here, and forget the socket.
            asyncio.get_running_loop().call_soon(close, ctx.master, self.context.client)

    stream.state_consume_request_body = consume
    return []


def close(master: Any, client: connection.Client) -> None:
    """Close a client's connection, whatever it is doing."""
    server = master.addons.get("proxyserver")
    for handler in list(getattr(server, "connections", {}).values()):
        if handler.client is client and client in handler.transports:
            writer = handler.transports[client].writer
            if writer is not None:
                writer.transport.abort()
