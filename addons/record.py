"""Records, classifies and reports image pulls while mitmproxy carries them: ``mitmdump -s addons/record.py``.

A thin adapter: options in, hooks on to ``inspector.recorder.session``. Nothing but the standard library and mitmproxy is
imported before it is known that the rest fits; where it does not, one line says so and what to do.
mitmproxy loads this file as a module of its own, so no type and no state that others share may live here.
"""

import asyncio
import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mitmproxy import ctx, exceptions, http, tls, version
from mitmproxy.connection import Client
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

if TYPE_CHECKING:
    from inspector.recorder.session import Session
    from inspector.recorder.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
if (ROOT / "inspector" / "recorder").is_dir() and str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # a checkout, loaded by some mitmdump that does not know of it

_TICK = 0.25


def misfit() -> str | None:
    """One line when this mitmproxy, or its environment, cannot run the recorder; None when it can."""
    here = f"this {Path(sys.argv[0]).stem or 'mitmproxy'} (mitmproxy {version.VERSION} in {sys.executable})"
    venv = ROOT / ".venv" / "bin" / "mitmdump"
    source = ROOT if (ROOT / "pyproject.toml").is_file() else "pull-inspector"
    way_out = f"install it there with `pip install {source}`, or use that of an environment which has it"
    if venv.exists():
        way_out = f"run {venv}"
    if sys.version_info < (3, 12):  # noqa: UP036 - mitmproxy may run in an older one
        return f"pull-inspector needs Python 3.12 or newer, {here} has {sys.version.split()[0]}: {way_out}"
    if not (12, 2) <= tuple(int(part) for part in version.VERSION.split(".")[:2]) < (13, 0):
        return f"pull-inspector is made for mitmproxy 12.2 up to 13, not for {here}: {way_out}"
    try:
        import inspector.recorder.begin  # noqa: F401 - only to see whether everything is there
    except ImportError as error:
        return f"pull-inspector is not installed for {here}, {error}: {way_out}"
    return None


class Record:
    """The addon. Until mitmproxy runs there are only options; from then on there is a session."""

    def __init__(self) -> None:
        self._session: Session | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._over = False
        self._refused: list[str] = []

    # -- options -------------------------------------------------------------------------------------------------------

    def load(self, loader: Any) -> None:
        from inspector.recorder.settings import OPTIONS

        for option in OPTIONS:
            loader.add_option(option.name, str, option.default, option.help)

    def configure(self, updated: set[str]) -> None:
        if not any(name.startswith("registry_") for name in updated):
            return
        try:
            self._settings()
        except ValueError as error:
            if self._session is not None:
                raise exceptions.OptionsError(str(error)) from error  # type: ignore[no-untyped-call]
            self._refuse(str(error))

    def _settings(self) -> "Settings":
        from inspector.recorder.settings import OPTIONS, parse

        return parse(*(getattr(ctx.options, option.name) for option in OPTIONS))

    def _refuse(self, reason: str) -> None:
        """End mitmproxy's start with one line. An exception would come with a traceback here."""
        if reason not in self._refused:
            self._refused.append(reason)
            logging.getLogger(__name__).error("pull-inspector: %s", reason)

    # -- life ----------------------------------------------------------------------------------------------------------

    def running(self) -> None:
        if self._session is None:
            self._begin()

    def _begin(self) -> None:
        from inspector.recorder.begin import begin
        from inspector.recorder.capture import CaptureError

        try:
            self._session = begin(ctx.options, self._settings(), prints=_is_mitmdump())
        except (CaptureError, ValueError) as error:
            self._refuse(str(error))
            return
        self._ticking = asyncio.get_running_loop().create_task(self._tick())

    async def _tick(self) -> None:
        while self._session is not None:
            await asyncio.sleep(_TICK)
            if self._session is not None:
                self._session.tick(time.time())

    def done(self) -> None:
        session, self._session, self._over = self._session, None, True
        if self._ticking is not None:
            self._ticking.cancel()
        if session is not None:
            from inspector.recorder.begin import finish

            session.close()
            finish()

    # -- flows ---------------------------------------------------------------------------------------------------------

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if self._session:
            self._session.requestheaders(flow)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if self._session:
            self._session.responseheaders(flow)

    async def response(self, flow: http.HTTPFlow) -> None:
        if self._session:
            await self._session.ended(flow)

    async def error(self, flow: http.HTTPFlow) -> None:
        if self._session:
            await self._session.ended(flow)

    # -- connections ---------------------------------------------------------------------------------------------------

    def client_connected(self, client: Client) -> None:
        if self._session is None and not self._over:
            self._begin()  # mitmproxy listens a moment before it calls ``running``
        if self._session:
            self._session.connections.connected(client)

    def http_connect(self, flow: http.HTTPFlow) -> None:
        if self._session:
            self._session.connections.connect(flow)

    def http_connect_error(self, flow: http.HTTPFlow) -> None:
        if self._session:
            self._session.failed(self._session.connections.connect_refused(flow))

    def tls_established_client(self, data: tls.TlsData) -> None:
        if self._session:
            self._session.connections.secured(data)

    def tls_failed_client(self, data: tls.TlsData) -> None:
        if self._session:
            self._session.failed(self._session.connections.client_tls(data))

    def tls_failed_server(self, data: tls.TlsData) -> None:
        if self._session:
            self._session.connections.server_tls(data)

    def server_connect_error(self, data: ServerConnectionHookData) -> None:
        if self._session:
            self._session.connections.server_connect(data)

    def client_disconnected(self, client: Client) -> None:
        if self._session:
            self._session.failed(self._session.connections.disconnected(client))


def _is_mitmdump() -> bool:
    from mitmproxy.tools.dump import DumpMaster

    return isinstance(ctx.master, DumpMaster)


_reason = misfit()
if _reason is None:
    addons = [Record()]
else:
    addons = []
    logging.getLogger(__name__).error("%s", _reason)
