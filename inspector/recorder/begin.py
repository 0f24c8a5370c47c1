"""Begins a recording: from settings and mitmproxy's options to a session that runs.

Knows: mitmproxy's options, the terminal. Must not know: flows, hooks.
What the user has set is never overridden; what is changed is what would tell the same story twice, or hang.
"""

import logging
import sys
from typing import Any

from mitmproxy import optmanager

from inspector.recorder import private
from inspector.recorder.capture import Capture, CaptureError
from inspector.recorder.live import Live
from inspector.recorder.session import Session
from inspector.recorder.settings import Settings
from inspector.sources.redact import Redactor

logger = logging.getLogger(__name__)


def begin(options: optmanager.OptManager, settings: Settings, *, prints: bool) -> Session:
    """The session. ``prints``: this is mitmdump, whose standard output is ours to use.

    Raises CaptureError when the user named a capture that cannot be written.
    """
    for line in private.install():
        logger.warning("pull-inspector: %s", line)
    if not private.option_was_set(options, "http2_ping_keepalive"):
        # With its pings tcp_timeout never ends a stalled HTTP/2 upstream.
        set_option(options, "http2_ping_keepalive", 0)
    live = Live() if _wants_live(options, settings, prints=prints) else None
    session = Session(Redactor(settings.redact), capture=open_capture(options, settings), live=live)  # type: ignore[arg-type]  # checked
    session.streams.leave_small = bool(getattr(options, "modify_body", None))
    reads = bool(options.rfile) if "rfile" in options else False
    session.stores_read_flows = reads
    session.settles = not reads
    _announce(session)
    if live is not None:
        _silence(options)
    if prints and getattr(options, "termlog_verbosity", None) in {"warn", "error"}:
        # Lines that nobody will see: mitmproxy makes, formats and hands round several for each request all the same.
        # Its warnings are of connections that failed: the live lines tell of those.
        level = logging.WARNING if live is None else logging.ERROR
        logging.getLogger("mitmproxy.proxy.server").setLevel(level)
    return session


def finish() -> None:
    """Give back what ``begin`` took of the process: for programs that run mitmproxy more than once."""
    logging.getLogger("mitmproxy.proxy.server").setLevel(logging.NOTSET)


def open_capture(options: optmanager.OptManager, settings: Settings) -> Capture | None:
    """The capture that the settings want. The default one is a service: where it cannot be written, a line says so."""
    named = private.option_was_set(options, "registry_capture")
    if settings.capture is None or ("rfile" in options and options.rfile and not named):
        return None
    try:
        capture = Capture(settings.capture, rotate=settings.rotate, keep_empty=named, say=logger.error)
    except CaptureError as error:
        if named:
            raise
        logger.warning("pull-inspector: %s; the traffic is not recorded", error)
        return None
    if capture.path != settings.capture:
        logger.warning("pull-inspector: %s is there already; recording to %s", settings.capture, capture.path)
    return capture


def _wants_live(options: optmanager.OptManager, settings: Settings, *, prints: bool) -> bool:
    if not prints or settings.live is False:
        return False
    quiet = private.option_was_set(options, "flow_detail") and options.flow_detail == 0
    quiet = (
        quiet
        and private.option_was_set(options, "termlog_verbosity")
        and options.termlog_verbosity == "error"
    )
    return bool(settings.live) or not quiet


def _announce(session: Session) -> None:
    if session.capture is None:
        return
    text = f"recording to {session.capture.path} · redaction: {session.redactor.level}"
    if session.live is not None:
        session.live.say(text)
    else:
        logger.info("%s", text)


def _silence(options: optmanager.OptManager) -> None:
    """mitmdump's own lines about requests and connections would tell it twice."""
    reconfigure: Any = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(
            errors="backslashreplace"
        )  # a name that the terminal's encoding lacks must not end anything
    for name, value in (("flow_detail", 0), ("termlog_verbosity", "warn")):
        if not private.option_was_set(options, name):
            set_option(options, name, value)


def set_option(options: optmanager.OptManager, name: str, value: object) -> None:
    """Set one of mitmproxy's options, where it has it."""
    if name in options:
        options.update(**{name: value})  # type: ignore[no-untyped-call]
