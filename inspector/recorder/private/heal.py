"""Heals transfers that break off upstream, and breaks those whose digest is wrong: what others call.

Knows: the parts. Must not know: mirrors, registries, where to go on: the one who guards a flow says so when asked.
"""

import mitmproxy.proxy.layers.http as layers
from mitmproxy import http

from inspector.recorder.private import asking, leaving, stalls
from inspector.recorder.private.asking import RESUMES, Again, Guard
from inspector.recorder.private.fit import DoesNotFit, require_names, require_parameters
from inspector.recorder.private.healing import HealingStream

__all__ = ["RESUMES", "guard", "install"]

MARK = "_pull_inspector_healing"


def install() -> list[str]:
    """Make mitmproxy's streams heal guarded flows. Once a process; one sentence when the installed one is not fit.

    Where it is not, or before, ``guard`` is without effect: a cut is then passed on, as mitmproxy does.
    """
    if hasattr(layers, MARK):
        return []
    setattr(layers, MARK, "installed")
    try:
        _check_fit()
        leaving.check_fit()
        asking.answer_hooks()
        stalls.remember_handlers()
    except (DoesNotFit, AttributeError, TypeError, ValueError) as error:
        return [f"going on with transfers that break off does not fit this mitmproxy: {error}"]
    setattr(layers, "HttpStream", HealingStream)  # noqa: B010 - a class's name, which type checkers hold for fixed
    return []


def _check_fit() -> None:
    stream = layers.HttpStream
    require_names(layers.HttpLayer.make_stream, "HttpStream", "streams")
    require_names(layers.HttpLayer.event_to_child, "command_sources", "RequestWakeup")
    require_names(stream._handle_event, "handle_protocol_error", "client_state", "server_state")  # noqa: SLF001 - what the remedy rests on
    require_names(
        stream.state_wait_for_response_headers, "start_response_stream", "state_consume_response_body"
    )
    require_names(stream.state_stream_response_body, "send_response", "stream")
    require_names(stream.make_server_connection, "GetHttpConnection", "handle_protocol_error", "server_conn")
    require_parameters(stream.state_consume_request_body, "self", "event")
    require_parameters(stream.handle_protocol_error, "self", "event")
    require_parameters(stream.check_killed, "self", "emit_error_hook")


def guard(
    flow: http.HTTPFlow, *, digest: str | None, tries: int, pause: float, stall: float, again: Again
) -> None:
    """Have this flow's answer healed and checked; to be called in the ``request`` hook, for requests without body.

    ``digest`` (``sha256:…``): a 200 to GET is hashed, its last piece held back, and broken when it is another content.
    ``tries``: how often to ask again, anew after each 8 MiB that came. ``pause``: least seconds between two tries.
    ``stall``: seconds without a byte, while the client is not slow, after which upstream counts as cut; 0: never. The first
    answer may take four times as long.

    ``again(flow, attempt, why) -> bool`` is asked (a) when the body breaks off or stalls, ``why`` being the reason, (b) when
    no connection came about, (c) at a head of status 301, 302, 303, 307, 308, 403, 429, 5xx, or at any other than 200 and
    206 in place of the rest: ``why`` is "status N", ``flow.response`` is that head. It may take its time, and set
    ``flow.request``'s URL and headers but Range. True: ask again. False: give up: the head goes to ``responseheaders`` as
    it is, or the transfer is broken; if nothing has reached the client yet, ``flow.response`` may be set to an answer.
    """
    asking.set_guard(flow, Guard(digest, tries, pause, stall, again))
