"""mitmdump as a servant: started by `watch`, told what to do through standard input, gone when its master is.

Run as a file (``python -P launch.py FD``), never imported by the rest.

* Standard input brings one line, a JSON list of mitmdump's arguments: a password of the user's own proxy is then in
  no process list. After that line it brings nothing. Its end means "stop", whether the master closed it or died,
  `kill -9` included, so nothing is left running.
* When mitmdump listens, one JSON line goes to the descriptor FD: ``{"port": 40123}``.

Knows: how mitmproxy is started and stopped. Must not know: clients, captures, reports.
"""

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, override

from mitmproxy import ctx
from mitmproxy.options import Options
from mitmproxy.tools import cmdline
from mitmproxy.tools.dump import DumpMaster
from mitmproxy.tools.main import run

_GRACE = (
    2.0  # seconds in which connections that are still open may come to their end before the recording stops
)
_LIMIT = 15.0  # seconds after which a mitmdump that does not stop by itself is ended


class Attendant:
    """An addon that says when and where mitmdump listens, and stops it at the end of standard input."""

    def __init__(self, ready: int, wait_for_end: Callable[[], None]) -> None:
        self._ready = ready
        self._wait_for_end = wait_for_end
        self._tasks: list[asyncio.Task[None]] = []

    def running(self) -> None:
        """mitmdump is up; its servers come up in the next moment."""
        loop = asyncio.get_running_loop()
        self._tasks.append(loop.create_task(self._announce()))
        threading.Thread(target=self._watch_master, args=(loop,), daemon=True).start()

    async def _announce(self) -> None:
        master: Any = ctx.master
        server = master.addons.get("proxyserver")
        while not (addresses := server.listen_addrs()):  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.02)
        os.write(self._ready, json.dumps({"port": addresses[0][1]}).encode() + b"\n")
        os.close(self._ready)

    def _watch_master(self, loop: asyncio.AbstractEventLoop) -> None:
        self._wait_for_end()
        loop.call_soon_threadsafe(lambda: self._tasks.append(loop.create_task(self._stop())))
        time.sleep(_LIMIT)  # the process ends before this does, unless something hangs
        os._exit(70)

    async def _stop(self) -> None:
        """Let the last bytes be recorded: a client may have all it wants before mitmproxy has closed the exchange."""
        master: Any = ctx.master
        server = master.addons.get("proxyserver")
        deadline = asyncio.get_running_loop().time() + _GRACE
        loop = asyncio.get_running_loop()
        while getattr(server, "connections", None) and loop.time() < deadline:  # noqa: ASYNC110 - nor for this
            await asyncio.sleep(0.02)
        master.shutdown()


def read_arguments(descriptor: int) -> list[str]:
    """mitmdump's arguments from the first line of ``descriptor``; ValueError when it is no list of strings.

    It is read without a buffer: a thread that waits in a buffered standard input cannot be left behind at exit.
    """
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(descriptor, 1)
        if not byte:
            break
        line += byte
    arguments = json.loads(line)
    if not isinstance(arguments, list) or not all(isinstance(item, str) for item in arguments):
        raise ValueError("the first line is no list of arguments")
    return arguments


def _end_of(descriptor: int) -> Callable[[], None]:
    def wait() -> None:
        while os.read(descriptor, 4096):
            pass

    return wait


def main() -> None:
    """Be mitmdump until standard input ends."""
    ready = int(sys.argv[1])
    try:
        arguments = read_arguments(0)
    except ValueError as problem:
        sys.exit(f"launch: {problem}")
    checkout = str(Path(__file__).resolve().parents[2])
    if checkout not in sys.path:
        sys.path.append(checkout)
    sys.argv = ["mitmdump"]  # mitmproxy puts this name before its messages

    class Master(DumpMaster):
        """DumpMaster with the attendant among its addons."""

        @override
        def __init__(self, options: Options) -> None:
            super().__init__(options)
            self.addons.add(Attendant(ready, _end_of(0)))  # type: ignore[no-untyped-call]

    run(Master, cmdline.mitmdump, arguments)


if __name__ == "__main__":
    main()
