"""Makes mitmproxy a registry mirror: ``mitmdump --mode reverse:https://registry-1.docker.io -s addons/mirror.py``.

A thin adapter: options in, hooks on to ``inspector.mirror``. What is decided, and by what means, is there.
mitmproxy loads this file as a module of its own, so no type and no state that others share may live here.
Load it before ``record.py``: then what is recorded is the client's side as the client saw it, with the upstream's beside it.
"""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mitmproxy import ctx, exceptions, http, version
from mitmproxy.connection import Client
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

if TYPE_CHECKING:
    from inspector.mirror.flows import Flows

ROOT = Path(__file__).resolve().parent.parent
if (ROOT / "inspector" / "mirror").is_dir() and str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # a checkout, loaded by some mitmdump that does not know of it

logger = logging.getLogger(__name__)


def misfit() -> str | None:
    """One line when this mitmproxy, or its environment, cannot run the mirror; None when it can."""
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
        import inspector.mirror.flows  # noqa: F401 - only to see whether everything is there
    except ImportError as error:
        return f"pull-inspector is not installed for {here}, {error}: {way_out}"
    return None


class Mirror:
    """The addon. ``flows`` is there from the moment that the options make sense."""

    def __init__(self) -> None:
        from inspector.mirror.house import House

        self._flows: Flows | None = None
        self._house = House()

    def load(self, loader: Any) -> None:
        from inspector.mirror.config_file import OPTIONS
        from inspector.mirror.setup import prepare

        for option in OPTIONS:
            kind = Sequence[str] if option.kind is list else str
            loader.add_option(option.name, kind, option.default, option.help)
        for line in prepare(loader.master.options):
            logger.warning("pull-inspector: %s", line)

    def configure(self, updated: set[str]) -> None:
        names = {"mode", "ssl_verify_upstream_trusted_ca", "ssl_insecure", "client_certs", "http2"}
        if self._flows is not None and not any(
            name.startswith("mirror_") or name in names for name in updated
        ):
            return
        from inspector.mirror.flows import Flows
        from inspector.mirror.setup import by_tcp_only, settings_of

        by_tcp_only(ctx.options.mode)
        try:
            settings = settings_of(ctx.options)
        except ValueError as error:
            if self._flows is None and len(updated) == len(list(ctx.options.keys())):  # type: ignore[no-untyped-call]
                # A script that is loaded: mitmproxy would show where in this file it was raised, and what is logged as an
                # error while it starts ends it as well.
                for line in str(error).splitlines():
                    logger.error("pull-inspector: %s", line)  # noqa: TRY400 - it is no fault of the program
                return
            raise exceptions.OptionsError(str(error)) from error  # type: ignore[no-untyped-call]
        if self._flows is None:
            self._flows = Flows(settings)
        else:
            self._flows.change(settings)

    async def done(self) -> None:
        if self._flows is not None:
            await self._flows.close()
        self._house.close()

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if self._flows is not None and flow.live:
            self._house.head(flow.client_conn)
            self._flows.requestheaders(flow)

    async def request(self, flow: http.HTTPFlow) -> None:
        if self._flows is not None and flow.live:
            self._house.begin(flow.client_conn)
            await self._flows.request(flow)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if self._flows is not None and flow.live:
            self._flows.responseheaders(flow)

    def response(self, flow: http.HTTPFlow) -> None:
        if self._flows is not None:
            self._flows.response(flow)
            self._house.end(flow.client_conn)

    def error(self, flow: http.HTTPFlow) -> None:
        if self._flows is not None:
            self._flows.error(flow)
            self._house.end(flow.client_conn)

    def client_connected(self, client: Client) -> None:
        if self._flows is None:
            client.error = "the mirror's settings are wrong"  # as mitmproxy alone would carry on
        self._house.come(client, ctx.master)

    def client_disconnected(self, client: Client) -> None:
        self._house.leave(client)

    def server_connect(self, data: ServerConnectionHookData) -> None:
        if self._flows is not None:
            self._flows.server_connect(data)


_reason = misfit()
if _reason is None:
    addons = [Mirror()]
else:
    addons = []
    logging.getLogger(__name__).error("%s", _reason)
