"""Opening a TCP stream to an upstream: by judged addresses, or through its proxy.

Knows: asyncio streams, happy eyeballs (RFC 8305), SOCKS5 and CONNECT (through ``tunnel``). Must not know: what is spoken
on the stream, or which addresses are allowed: it dials what it is given and resolves nothing but the proxy's own name.
"""

import asyncio
import contextlib
import errno
import os
import ssl
from collections.abc import Sequence
from weakref import WeakSet

from inspector.mirror.io import addresses, trust, tunnel
from inspector.mirror.model import Failure, Proxy, Trouble
from inspector.wire.clean import clean

STAGGER = 0.3
"""Seconds after which the next address is tried beside one that has not answered yet."""

EACH = 2.0
"""Seconds that one address, or the proxy, has to accept."""

MOST_LARGE = 8
"""Connections that are open at once and are read 256 KiB at a time, as asyncio does; later ones are read less at once."""

SMALL_READ = 1 << 16

_open: WeakSet[asyncio.WriteTransport] = WeakSet()

type Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def open_stream(
    host: str,
    port: int,
    found: Sequence[str],
    proxy: Proxy | None = None,
    *,
    each: float = EACH,
    local_addr: tuple[str, int] | None = None,
) -> Stream:
    """A TCP stream to ``host``: the first of ``found`` that accepts, or a tunnel when there is a proxy.

    Failure(CONNECT | TIMEOUT | PROXY).
    """
    if proxy is None:
        return await _race(host, port, found, each, local_addr)
    stream = await _to_proxy(proxy, each)
    try:
        async with asyncio.timeout(tunnel.PATIENCE):
            await tunnel.ask(stream, proxy, host, port)
    except BaseException as error:
        stream[1].close()
        if isinstance(error, Failure):
            raise
        if isinstance(error, OSError | EOFError):  # a TimeoutError is an OSError
            raise Failure(Trouble.PROXY, clean(host, 100), _proxy_broke(error)) from None
        raise
    return stream


def close(writer: asyncio.StreamWriter) -> None:
    """Drop a stream at once: no close_notify is awaited from a peer that may never send it."""
    with contextlib.suppress(Exception):
        writer.transport.abort()


async def _race(
    host: str, port: int, found: Sequence[str], each: float, local_addr: tuple[str, int] | None
) -> Stream:
    waiting = list(found)
    running: set[asyncio.Task[Stream]] = set()
    errors: list[OSError] = []
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.create_task(_one(waiting.pop(0), port, each, local_addr)))
            patience = min(STAGGER, each) if waiting else None
            done, running = await asyncio.wait(running, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            won = [task for task in done if not task.exception()]
            errors += [e for task in done if isinstance(e := task.exception(), OSError)]
            if won:
                running.update(won[1:])
                return won[0].result()
    finally:
        for task in running:
            task.add_done_callback(_close_late)
            task.cancel()
    if errors and not all(isinstance(error, TimeoutError) for error in errors):
        refused = next(error for error in errors if not isinstance(error, TimeoutError))
        raise Failure(Trouble.CONNECT, clean(host, 100), why(refused))
    raise Failure(Trouble.TIMEOUT, clean(host, 100), "no address accepted a connection in time")


async def _one(address: str, port: int, each: float, local_addr: tuple[str, int] | None) -> Stream:
    async with asyncio.timeout(each):
        stream = await asyncio.open_connection(address, port, local_addr=local_addr)
    _spare(stream[1].transport)
    return stream


def _spare(transport: asyncio.WriteTransport) -> None:
    """Have asyncio take less at once from a connection beyond the first few: each may hold what it took until it is read."""
    _open.add(transport)
    if sum(not one.is_closing() for one in _open) > MOST_LARGE and hasattr(transport, "max_size"):
        transport.max_size = SMALL_READ


def _close_late(task: asyncio.Task[Stream]) -> None:
    """A second winner has nobody to go to."""
    if not task.cancelled() and not task.exception():
        close(task.result()[1])


async def _to_proxy(proxy: Proxy, each: float) -> Stream:
    # Not asyncio's own happy eyeballs: before 3.12.8 and 3.13.1 they hang under mitmproxy's eager tasks (gh-124309).
    try:
        found = await addresses.unjudged(proxy.host, proxy.port)
        reader, writer = await _race(proxy.host, proxy.port, found, each, None)
    except Failure as failure:
        sentence = f"the proxy is not reached: {failure.sentence}"
        raise Failure(Trouble.PROXY, failure.host, sentence) from None
    if proxy.scheme == "https":
        await _tls_to_proxy(writer, proxy, each)
    return reader, writer


async def _tls_to_proxy(writer: asyncio.StreamWriter, proxy: Proxy, each: float) -> None:
    sentence = "its TLS handshake does not end"
    try:
        async with asyncio.timeout(each * 2):
            await writer.start_tls(trust.context(), server_hostname=proxy.host)
            return
    except ssl.SSLError as error:
        sentence = trust.why(error)
    except TimeoutError:
        pass
    except OSError as error:
        sentence = why(error)
    except BaseException:
        close(writer)
        raise
    close(writer)
    raise Failure(Trouble.PROXY, clean(proxy.host, 100), f"the proxy: {sentence}")


def why(error: OSError) -> str:
    """The system's word for an error, without addresses and names."""
    if error.errno in errno.errorcode:
        return os.strerror(error.errno or 0).lower()
    return "the connection was lost" if isinstance(error, ConnectionError) else "no connection"


def _proxy_broke(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "the proxy did not answer in time"
    return "the proxy broke off while it was asked"
