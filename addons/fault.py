"""Breaks one named thing of a pull in transit: ``mitmdump -s addons/fault.py --set fault=cdn-denied:2``.

A thin adapter: options in, hooks on to ``inspector.faults``. What can be broken, and how, is there; ``fault=help`` lists it.
mitmproxy loads this file as a module of its own, so no type and no state that others share may live here.
It goes with ``record.py`` in either order: faults strike before any script sees the answer, so what is recorded is what the
client got. Before or behind a mirror it runs in a mitmdump of its own.
"""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mitmproxy import ctx, exceptions, tls, version
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

if TYPE_CHECKING:
    from inspector.faults.injector import Injector

ROOT = Path(__file__).resolve().parent.parent
if (ROOT / "inspector" / "faults").is_dir() and str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # a checkout, loaded by some mitmdump that does not know of it


def misfit() -> str | None:
    """One line when this mitmproxy, or its environment, cannot run the faults; None when it can."""
    here = f"this {Path(sys.argv[0]).stem or 'mitmproxy'} (mitmproxy {version.VERSION} in {sys.executable})"
    venv = ROOT / ".venv" / "bin" / "mitmdump"
    way_out = "install it there with `pip install pull-inspector`, or use that of an environment which has it"
    if venv.exists():
        way_out = f"run {venv}"
    if sys.version_info < (3, 12):  # noqa: UP036 - mitmproxy may run in an older one
        return f"pull-inspector needs Python 3.12 or newer, {here} has {sys.version.split()[0]}: {way_out}"
    if not (12, 2) <= tuple(int(part) for part in version.VERSION.split(".")[:2]) < (13, 0):
        return f"pull-inspector is made for mitmproxy 12.2 up to 13, not for {here}: {way_out}"
    try:
        import inspector.faults.stream  # noqa: F401 - only to see whether everything is there
    except ImportError as error:
        return f"pull-inspector is not installed for {here}, {error}: {way_out}"
    return None


class Faults:
    """The addon. ``injector`` is there from the moment that the options make sense."""

    def __init__(self) -> None:
        self.injector: Injector | None = None
        self._refused: list[str] = []

    def load(self, loader: Any) -> None:
        from inspector.faults.options import OPTIONS
        from inspector.recorder import private

        for option in OPTIONS:
            kind = Sequence[str] if option.kind is list else option.kind
            loader.add_option(option.name, kind, option.default, option.help)
        for line in private.install():
            logging.getLogger(__name__).warning("pull-inspector: %s", line)

    def configure(self, updated: set[str]) -> None:
        if not {"fault", "fault_filter", "fault_after"} & updated:
            return
        from inspector.faults.catalogue import listed
        from inspector.faults.options import parse, wants_help

        if wants_help(ctx.options.fault):
            print(listed())
            raise SystemExit(0)
        try:
            plan = parse(ctx.options.fault, ctx.options.fault_filter, ctx.options.fault_after)
        except ValueError as error:
            if self.injector is not None:
                raise exceptions.OptionsError(str(error)) from error  # type: ignore[no-untyped-call]
            self._refuse(str(error))
            return
        self._begin(plan)

    def _begin(self, plan: Any) -> None:
        from inspector.faults.injector import Injector
        from inspector.faults.stream import enlist
        from inspector.sources.redact import Redactor

        if self.injector is None:
            self.injector = Injector(plan, Redactor())
        self.injector.plan = plan
        enlist(ctx.options, self.injector)

    def _refuse(self, reason: str) -> None:
        """End mitmproxy's start with one line. An exception would come with a traceback here."""
        if reason not in self._refused:
            self._refused.append(reason)
            logging.getLogger(__name__).error("pull-inspector: %s", reason)

    def running(self) -> None:
        if self.injector is not None:
            from inspector.faults.stream import enlist

            enlist(
                ctx.options, self.injector
            )  # again: a script that was loaded later may have put its own stream there

    def done(self) -> None:
        if self.injector is not None:
            from inspector.faults.stream import dismiss

            dismiss(ctx.options)

    async def pull_inspector_fault(self, wait: Any) -> None:
        """The stream's own hook: an answer is held back."""
        await wait()

    def server_connect(self, data: ServerConnectionHookData) -> None:
        if self.injector is not None:
            self.injector.dials(data.client, data.server)

    def tls_start_client(self, data: tls.TlsData) -> None:
        client = data.context.client
        if self.injector is not None and self.injector.greets(client, data.context.server):
            from inspector.faults.handshake import connection

            data.ssl_conn = connection(client.sni or "unknown")


_reason = misfit()
if _reason is None:
    addons = [Faults()]
else:
    addons = []
    logging.getLogger(__name__).error("%s", _reason)
