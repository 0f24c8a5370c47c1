"""Bounds to what is kept of a message before it makes sense. A part of ``private``; installed by the mirror only.

mitmproxy gathers a head until it ends, a chunk's size until its line ends, what a client sends on while it is answered, and
a ClientHello of up to 16 MiB: a peer that never comes to an end fills the memory. It also fails over trailers of a chunked
body, so that the other side hangs. Here a head has a most, and trailers are dropped (RFC 9110 section 6.5.1).

Must not know: registries, flows.
"""

import asyncio
import functools
from collections.abc import Generator
from typing import Any

import h11
from h11._readers import ChunkedReader
from h11._receivebuffer import ReceiveBuffer
from mitmproxy import ctx
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers import tls
from mitmproxy.proxy.layers.http import _http1
from mitmproxy.proxy.layers.http._base import ReceiveHttp

from inspector.recorder.private import guests
from inspector.recorder.private.fit import DoesNotFit, require_names, require_parameters

MARK = "_pull_inspector_heads"
MOST = 64 * 1024
"""Bytes that have come and are not yet part of anything: a signed Location is at most 16 KiB of a head."""

type Commands[T] = Generator[commands.Command, Any, T]


def install() -> list[str]:
    """Install the bounds. Once a process; one sentence when mitmproxy is not fit for them."""
    if hasattr(_http1, MARK):
        return []
    setattr(_http1, MARK, "installed")
    connection: Any = _http1.Http1Connection
    hello: Any = tls.ClientTLSLayer.receive_handshake_data
    make_reader: Any = _http1.make_body_reader
    handle = connection._handle_event  # noqa: SLF001 - this module's subject
    try:
        require_parameters(handle, "self", "event")
        require_names(handle, "buf", "state", "send")
        require_names(hello, "recv_buffer", "client_hello_parsed")
        require_parameters(make_reader, "expected_size")
        require_names(make_reader, "ChunkedReader")
    except DoesNotFit as error:
        return [f"bounds to heads do not fit this mitmproxy: {error}"]

    @functools.wraps(handle)
    def bounded(self: Any, event: events.Event) -> Commands[None]:
        yield from handle(self, event)
        if isinstance(event, events.DataReceived) and len(self.buf) > MOST:
            yield from _too_long(self)

    @functools.wraps(hello)
    def bounded_hello(self: Any, data: bytes) -> Commands[tuple[bool, str | None]]:
        if not self.client_hello_parsed and len(self.recv_buffer) + len(data) > 4 * MOST:
            _drop(self.tunnel_connection)
            return False, "Cannot parse ClientHello: it is too long"
        handled: tuple[bool, str | None] = yield from hello(self, data)
        return handled

    @functools.wraps(make_reader)
    def reader(expected_size: int | None) -> Any:
        return _Chunks() if expected_size is None else make_reader(expected_size)

    connection._handle_event = bounded  # noqa: SLF001 - this module's subject
    setattr(tls.ClientTLSLayer, "receive_handshake_data", bounded_hello)  # noqa: B010 - a method
    _http1.make_body_reader = reader
    return []


def _too_long(self: Any) -> Commands[None]:
    """Give the connection up, and tell whoever waits for what it was to bring."""
    heading, waiting = self.state == self.read_headers, self.state != self.done
    self.buf, self.state = ReceiveBuffer(), self.done
    if not waiting:
        return
    if isinstance(self, _http1.Http1Server) and heading:
        yield commands.SendData(self.conn, _http1.make_error_response(431, "the header is too long"))
        yield commands.CloseConnection(self.conn)
        return
    if isinstance(self, _http1.Http1Server):
        _drop(self.conn)
        return
    yield commands.CloseConnection(self.conn)
    if self.stream_id is not None:
        why = "HTTP/1 protocol error: the header is too long"
        yield ReceiveHttp(self.ReceiveProtocolError(self.stream_id, why, self.ReceiveProtocolError.code))


def _drop(client: Any) -> None:
    """Not by a command: the task that is here would be cancelled, and the socket stay."""
    asyncio.get_running_loop().call_soon(guests.close, ctx.master, client)


class _Chunks(ChunkedReader):
    """A chunked body, whose trailers are nobody's business."""

    def __call__(self, buf: Any) -> h11.Data | h11.EndOfMessage | None:
        found = super().__call__(buf)
        return h11.EndOfMessage() if isinstance(found, h11.EndOfMessage) else found
