"""Lets someone else open mitmproxy's upstream TCP connections. A part of ``private``; installed by the mirror only.

mitmproxy resolves a name and dials it in one call, so nobody can judge the address in between, and its ``upstream`` mode
knows no SOCKS5. The remedy puts a stand-in for ``asyncio`` into ``mitmproxy.proxy.server``, of which one function differs:
``open_connection`` asks ``choose`` first, in the task that opens the connection, after all ``server_connect`` hooks.

Must not know: proxies, addresses, the mirror. What it is given opens the stream.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from mitmproxy.connection import Client
from mitmproxy.proxy import commands, server

from inspector.recorder.private.fit import DoesNotFit, require_names, require_parameters

MARK = "_pull_inspector_dialing"

type Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
type Open = Callable[[tuple[str, int] | None], Awaitable[Stream]]
"""Opens the stream, from a local address where one is given; OSError, whose text the user sees, when it cannot."""

type Choose = Callable[[Client, str, int], Open | str | None]
"""(client, host, port) -> how to open it, a sentence that refuses it, or None: as mitmproxy alone would."""

_client: ContextVar[Client | None] = ContextVar("client of the connection that is opened", default=None)


def install(choose: Choose) -> None:
    """Have ``choose`` asked before each upstream connection. Once a process; DoesNotFit when mitmproxy differs."""
    handler = server.ConnectionHandler
    if getattr(handler, MARK, False):
        return
    original = handler.open_connection
    require_parameters(original, "self", "command")
    require_names(original, "open_connection", "connection", "address", "sockname", "transport_protocol")
    if getattr(server, "asyncio", None) is not asyncio:
        raise DoesNotFit("mitmproxy.proxy.server does not call asyncio by its name")

    @functools.wraps(original)
    async def open_connection(self: server.ConnectionHandler, command: commands.OpenConnection) -> None:
        _client.set(self.client)  # each upstream connection has a task, and so a context, of its own
        connection = command.connection
        if connection.transport_protocol != "tcp" and connection.address and not connection.error:
            choice = choose(self.client, *connection.address[:2])
            if choice is not None:
                connection.error = choice if isinstance(choice, str) else "only TCP can be dialled here"
        await original(self, command)

    handler.open_connection = open_connection  # type: ignore[method-assign]
    setattr(server, "asyncio", _Asyncio(choose))  # noqa: B010 - a module's name, which type checkers hold for fixed
    setattr(handler, MARK, True)


class _Asyncio:
    """``asyncio``, but for ``open_connection``."""

    def __init__(self, choose: Choose) -> None:
        self._choose = choose

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def open_connection(
        self, host: str, port: int, *, local_addr: tuple[str, int] | None = None, **more: Any
    ) -> Stream:
        client = _client.get()
        choice = None if client is None else self._choose(client, host, port)
        if choice is None:
            return await asyncio.open_connection(host, port, local_addr=local_addr, **more)
        if isinstance(choice, str):
            raise ConnectionRefusedError(choice)
        return await choice(local_addr)
