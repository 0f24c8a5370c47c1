"""A script for mitmdump: where the hub's names lead, which port the proxy got, and when to go.

Knows: mitmproxy's public hooks and asyncio. Must not know: registries; nor this package, for it is loaded by its path.
The names are led to loopback where asyncio opens connections, below mitmproxy: its flows keep the names and port 443
that the client asked for, as if a resolver had answered.
"""

import asyncio
import functools
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mitmproxy import ctx
from mitmproxy.addonmanager import Loader
from mitmproxy.addons.proxyserver import Proxyserver


class Names:
    """The options ``lab_names`` and ``lab_ready``; and an end of standard input ends mitmdump."""

    def load(self, loader: Loader) -> None:
        """Declare the options."""
        loader.add_option(
            "lab_names", Sequence[str], [], "Lead a name to an address: NAME=IP:PORT, any port asked for."
        )
        loader.add_option("lab_ready", str, "", "Write the proxy's port into this file once it listens.")

    def running(self) -> None:
        """Take effect, and only then say that the proxy is ready."""
        loop: Any = asyncio.get_running_loop()
        table = dict(parse(entry) for entry in ctx.options.lab_names)
        loop.create_connection = functools.partial(_connect, loop.create_connection, table)
        # The starter holds the other end of standard input: however it ends, even killed, this process ends too.
        loop.add_reader(sys.stdin.fileno(), self._read)
        if ctx.options.lab_ready:
            addons: Any = ctx.master.addons
            server: Proxyserver = addons.get("proxyserver")
            ready = Path(ctx.options.lab_ready)
            part = ready.with_suffix(".part")
            part.write_text(str(server.listen_addrs()[0][1]))
            part.rename(ready)

    def _read(self) -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            master: Any = ctx.master
            master.shutdown()


async def _connect(
    connect: Any,
    table: dict[str, tuple[str, int]],
    factory: Any,
    host: Any = None,
    port: Any = None,
    **more: Any,
) -> Any:
    return await connect(factory, *table.get(host, (host, port)), **more)


def parse(entry: str) -> tuple[str, tuple[str, int]]:
    """``NAME=IP:PORT`` as ``(NAME, (IP, PORT))``. Raises ValueError."""
    name, _, address = entry.partition("=")
    ip, _, port = address.rpartition(":")
    return name, (ip, int(port))


addons = [Names()]
