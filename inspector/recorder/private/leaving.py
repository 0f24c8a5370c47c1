"""Leaves an upstream's answer before its end, so that nothing of it is taken for a part of the next one.

Knows: mitmproxy's HTTP/1 and HTTP/2 client layers. Must not know: why a transfer is left, or what comes after.
A stream has one number through all its tries, and a late piece, or the late news of a close, would be told to it again.
"""

from collections.abc import Generator
from typing import Any

from mitmproxy.connection import Connection
from mitmproxy.proxy import commands
from mitmproxy.proxy.layers.http import GetHttpConnection as Get
from mitmproxy.proxy.layers.http import HttpLayer, HttpStream, SendHttp, _http1, _http2
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
    ResponseTrailers,
)

from inspector.recorder.private.fit import require_names

_OF_RESPONSES = (
    ResponseHeaders,
    ResponseData,
    ResponseTrailers,
    ResponseEndOfMessage,
    ResponseProtocolError,
)

type Speaker = _http1.Http1Client | _http2.Http2Client
type Commands[T] = Generator[commands.Command, Any, T]


class GetLiveConnection(Get):
    """As its parent, but a connection that failed before is no answer: that one was tried, now another is."""

    def connection_spec_matches(self, connection: Connection) -> bool:
        return not connection.error and super().connection_spec_matches(connection)


def check_fit() -> None:
    """DoesNotFit when mitmproxy's layers are not as this module expects."""
    require_names(HttpLayer.get_connection, "connection_spec_matches", "connections", "error")
    require_names(_http1.Http1Connection._handle_event, "state")  # noqa: SLF001 - this module's subject
    require_names(_http2.Http2Client.__init__, "our_stream_id", "their_stream_id", "stream_queue")
    require_names(_http2.Http2Connection.__init__, "streams")
    require_names(HttpStream.check_killed, "_paused_event_queue")


def speaker_of(layer: HttpLayer, server: Connection) -> Speaker | None:
    """What speaks HTTP on ``server``; None before it is connected, and for HTTP/3."""
    found: Any = layer.connections.get(server)
    while found is not None and not isinstance(found, _http1.Http1Client | _http2.Http2Client):
        found = getattr(found, "child_layer", None)
    return found


def leave(layer: HttpLayer, stream: HttpStream, server: Connection) -> Commands[None]:
    """End an answer that is under way: HTTP/1 loses its connection, of HTTP/2 only the stream ends."""
    speaker = speaker_of(layer, server)
    if isinstance(speaker, _http2.Http2Client):
        if stream.stream_id in speaker.our_stream_id:
            error = RequestProtocolError(stream.stream_id, "left", ErrorCode.CANCEL)
            yield SendHttp(error, server)
    elif (
        speaker is not None and speaker.stream_id == stream.stream_id
    ):  # else it has ended, and may serve again
        yield commands.CloseConnection(server)
    forget(layer, stream, server)


def forget(layer: HttpLayer, stream: HttpStream, server: Connection) -> None:
    """Let nothing that still comes from ``server`` reach ``stream``.

    Not to be called while an HTTP/2 connection is telling its streams of an end: it counts on what is taken away here.
    """
    speaker = speaker_of(layer, server)
    if isinstance(speaker, _http2.Http2Client):
        ours = speaker.our_stream_id.pop(stream.stream_id, None)
        if ours is not None:
            speaker.streams.pop(ours, None)
        speaker.stream_queue.pop(stream.stream_id, None)
    elif speaker is not None and speaker.stream_id == stream.stream_id:
        speaker.state = speaker.done
    queue = stream._paused_event_queue  # noqa: SLF001 - mitmproxy peeks into it for the same reason
    kept = [event for event in queue if not isinstance(event, _OF_RESPONSES)]
    queue.clear()
    queue.extend(kept)
