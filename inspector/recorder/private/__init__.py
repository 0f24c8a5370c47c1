"""The one part of this package that touches mitmproxy's private parts. Nothing else may, but ``inspector.faults.stream``, which
stands before the stream that is made ready here.

Each remedy first checks that the installed mitmproxy looks as it expects; where it does not, the remedy steps aside
with one sentence, and traffic goes on as mitmproxy alone would carry it. Remedies are process-wide, so they are
installed once; the mark that says so lies on mitmproxy's own class, where a second copy of this package finds it.

Must not know: flows, captures, the core. It knows only mitmproxy 12.2's connection handling.

Why each is there (all measured with 12.2.3):

* reads: 64 KiB reads cap throughput; 256 KiB give 1.3 to 1.5 of it and pay for the hashing.
* writes: TLS went out in pieces of 64 KiB and a rest; with reads of whole blocks, 5 % of 64 clients' processor time.
* hooks: each request asks some thirty addons for eight hooks that few have; a third of a request's cost.
* lost close: a cancellation that arrives while a handler waits for the event lock loses the close of a dead upstream;
  every stream on it then hangs, with no error.
* queued streams: those that wait for MAX_CONCURRENT_STREAMS are forgotten when their connection closes; they hang.
* bounded buffers: toward an HTTP/2 peer that holds its window, mitmproxy buffers without bound.
* HEAD: an error answer to HEAD over HTTP/2 carries DATA, and strict clients drop the whole connection.
"""

from collections.abc import Callable
from typing import Any

from mitmproxy import optmanager
from mitmproxy.proxy import server

from inspector.recorder.private import backpressure, remedies
from inspector.recorder.private.fit import DoesNotFit

MARK = "_pull_inspector_remedies"

REMEDIES: dict[str, Callable[[], None]] = {
    "reads of 256 KiB": remedies.read_more_at_once,
    "TLS in one write": remedies.send_more_at_once,
    "hooks only where they are heard": remedies.pass_over_deaf_addons,
    "no lost close": remedies.never_lose_a_close,
    "queued HTTP/2 streams end with their connection": remedies.end_queued_streams,
    "HEAD errors without DATA": remedies.answer_head_without_data,
    "bounded HTTP/2 buffers": backpressure.bound_http2_buffers,
}


def install() -> list[str]:
    """Install every remedy that fits. Returns one sentence for each that does not; [] on every call but the first."""
    if getattr(server.ConnectionHandler, MARK, None) is not None:
        return []
    setattr(server.ConnectionHandler, MARK, "installed")
    aside = []
    for name, remedy in REMEDIES.items():
        try:
            remedy()
        except (DoesNotFit, AttributeError, TypeError, ValueError) as error:
            aside.append(f"the remedy “{name}” does not fit this mitmproxy and stays off: {error}")
    return aside


def option_was_set(options: optmanager.OptManager, name: str) -> bool:
    """Whether the user gave the option a value, be it the default one. When that cannot be told: differs from it."""
    # There is no public way to tell "unset" from "set to the default".
    option: Any = getattr(options, "_options", {}).get(name)
    if hasattr(option, "value") and hasattr(optmanager, "unset"):
        return option.value is not optmanager.unset
    return name in options and bool(options.has_changed(name))  # type: ignore[no-untyped-call]
