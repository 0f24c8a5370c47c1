"""Origins, proxies and names on loopback: real sockets, real TLS, a resolver that says what a test tells it."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme

from inspector.mirror.io import addresses
from inspector.mirror.io.client import Client
from inspector.mirror.model import Egress


@dataclass
class Seen:
    """A request as an origin saw it; names of fields in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    peer: str
    connection: int


type Answer = bytes | Callable[[Seen, asyncio.StreamWriter], Awaitable[bytes | None]]


@dataclass
class Origin:
    """A server: ``answers`` it gives, ``requests`` it got, ``connections`` it accepted."""

    host: str
    port: int
    scheme: str
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[Seen] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str, host: str | None = None) -> str:
        return f"{self.scheme}://{host or self.host}:{self.port}{path}"


def http(status: int = 200, body: bytes = b"", **headers: str) -> bytes:
    """An answer; underscores in names of fields become dashes."""
    fields = {"Content-Length": str(len(body))} | {n.replace("_", "-"): v for n, v in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + body


@pytest.fixture(name="http")
def _http():
    """http(status, body, **fields) -> the bytes of an answer."""
    return http


@pytest.fixture(scope="session", name="authority")
def _authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session", name="ca")
def _ca(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(name="egress")
def _egress(ca: str) -> Egress:
    """Loopback is allowed, the test's CA trusted."""
    return Egress(upstream="hub.example", allow=("127.0.0.0/8", "::1"), ca=ca)


@pytest.fixture(name="names")
def _names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """names[host] = [[addresses of the first lookup], [of the second], ...]; the last one stays."""
    table: dict[str, list[list[str]]] = {}

    async def lookup(host: str, _port: int) -> list[str]:
        if host not in table:
            raise OSError
        return table[host].pop(0) if len(table[host]) > 1 else table[host][0]

    monkeypatch.setattr(addresses, "lookup", lookup)
    return table


@pytest.fixture(name="client")
async def _client():
    client = Client(stall=2.0)
    yield client
    await client.close()


@pytest.fixture(name="listen")
async def _listen():
    """listen(handler, host, port, tls) -> port, for what speaks no HTTP; connections end with the test."""
    servers: list[asyncio.Server] = []
    writers: set[asyncio.StreamWriter] = set()

    async def listen(
        handler, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> int:
        async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.add(writer)
            with contextlib.suppress(ConnectionError, EOFError, asyncio.CancelledError, ssl.SSLError):
                await handler(reader, writer)
            with contextlib.suppress(Exception):
                writer.close()

        server = await asyncio.start_server(guarded, host, port, ssl=tls)
        servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    yield listen
    for server in servers:
        server.close()
    for writer in writers:
        writer.transport.abort()
    await asyncio.sleep(0)


@pytest.fixture(name="serve")
def _serve(listen, authority: trustme.CA):
    """serve(answers, host, port, tls=(names)) -> Origin. ``answers``: by path (without query), "*" for all others."""

    async def serve(
        answers: dict[str, Answer] | Answer,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: tuple[str, ...] = (),
    ) -> Origin:
        by_path = dict(answers) if isinstance(answers, dict) else {"*": answers}
        origin = Origin(host, port, "https" if tls else "http", by_path)

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            origin.connections += 1
            number = origin.connections
            while True:
                seen = await _read(reader, writer, number)
                origin.requests.append(seen)
                path = seen.target.partition("?")[0]
                answer = by_path.get(path, by_path.get("*", http(404)))
                out = answer if isinstance(answer, bytes) else await answer(seen, writer)
                if out is None:
                    return
                writer.write(out.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if seen.method == "HEAD" else out)
                await writer.drain()

        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert(*tls).configure_cert(context)
        origin.port = await listen(handle, host=host, port=port, tls=context)
        return origin

    return serve


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    headers = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(method, target, headers, body, str(writer.get_extra_info("peername")[0]), number)


@pytest.fixture(name="socks")
def _socks(listen):
    """socks(login=None, names={}) -> (port, what was asked): a SOCKS5 server (RFC 1928) that resolves by ``names``."""

    async def socks(login: tuple[str, str] | None = None, names: dict[str, str] | None = None):
        asked: list[tuple[str, int]] = []

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            _, count = await reader.readexactly(2)
            methods = await reader.readexactly(count)
            if login is None:
                writer.write(b"\x05\x00")
            elif 2 not in methods:
                writer.write(b"\x05\xff")
                return
            else:
                writer.write(b"\x05\x02")
                user = await reader.readexactly((await reader.readexactly(2))[1])
                password = await reader.readexactly((await reader.readexactly(1))[0])
                right = (user.decode(), password.decode()) == login
                writer.write(b"\x01\x00" if right else b"\x01\x01")
                if not right:
                    return
            _, _, _, kind = await reader.readexactly(4)
            if kind == 3:
                host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
            else:
                host = ".".join(str(byte) for byte in await reader.readexactly(4))
            port = int.from_bytes(await reader.readexactly(2))
            asked.append((host, port))
            target = (names or {}).get(host, host)
            try:
                far = await asyncio.open_connection(target, port)
            except OSError:
                writer.write(b"\x05\x05\x00\x01" + bytes(6))
                return
            writer.write(b"\x05\x00\x00")  # in two pieces, with a name for the bound address
            await writer.drain()
            await asyncio.sleep(0.01)
            writer.write(b"\x03\x04here\x00\x00")
            await _splice((reader, writer), far)

        return await listen(handle), asked

    return socks


@pytest.fixture(name="connect_proxy")
def _connect_proxy(listen):
    """connect_proxy(status=200, names={}) -> (port, heads that it got): an HTTP proxy that knows CONNECT."""

    async def connect_proxy(
        status: int = 200, names: dict[str, str] | None = None, tls: ssl.SSLContext | None = None
    ):
        heads: list[str] = []

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            heads.append(head)
            if status != 200:
                writer.write(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())
                return
            host, _, port = head.split(" ")[1].rpartition(":")
            far = await asyncio.open_connection((names or {}).get(host, host), int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n")
            await _splice((reader, writer), far)

        return await listen(handle, tls=tls), heads

    return connect_proxy


async def _splice(near, far) -> None:
    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(Exception):
            writer.close()

    await asyncio.gather(pump(near[0], far[1]), pump(far[0], near[1]))
