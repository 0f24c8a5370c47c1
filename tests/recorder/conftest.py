"""A real mitmproxy with the recording addon in the test's own loop, and origins on loopback to speak to through it."""

import asyncio
import contextlib
import importlib.util
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest
import trustme
from mitmproxy.io import FlowReader
from mitmproxy.options import Options
from mitmproxy.tools.dump import DumpMaster

from inspector.sources.flowfile import FlowFile
from inspector.sources.redact import Redactor

SCRIPT = Path(__file__).parents[2] / "addons" / "record.py"

type Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(scope="session", name="authority")
def _authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session", name="ca_folder")
def _ca_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for mitmproxy's CA: making an RSA key in each test would cost most of the time."""
    return tmp_path_factory.mktemp("confdir")


@pytest.fixture(name="serve")
async def _serve(authority: trustme.CA):
    """serve(handler, tls=False, alpn=None) -> port of an origin that handles each connection so."""
    servers: list[asyncio.Server] = []

    async def serve(handler: Handler, *, tls: bool = False, alpn: str | None = None) -> int:
        async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await handler(reader, writer)
            with contextlib.suppress(Exception):
                writer.close()

        context = None
        if tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
            if alpn:
                context.set_alpn_protocols([alpn])
        server = await asyncio.start_server(guarded, "127.0.0.1", 0, ssl=context)
        servers.append(server)
        return server.sockets[0].getsockname()[1]

    yield serve
    for server in servers:
        server.close()


class Proxy:
    """mitmproxy in this loop. ``port`` is where it listens, ``capture`` where it writes."""

    def __init__(self, folder: Path, confdir: Path) -> None:
        self.capture = folder / "pull.flow"
        self._confdir = confdir
        self._task: asyncio.Task[None] | None = None
        self.port = 0

    async def start(self, mode: str, *, addons: tuple[Any, ...] = (), **options: Any) -> "Proxy":
        self.master = DumpMaster(Options(confdir=str(self._confdir)), with_termlog=False, with_dumper=False)
        spec = importlib.util.spec_from_file_location("record_addon", SCRIPT)
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        self.record = self.module.addons[0]
        self.master.addons.add(*addons, self.record)
        chosen = {"registry_capture": str(self.capture), "registry_live": "off"} | options
        self.master.options.update(
            mode=[mode], listen_host="127.0.0.1", listen_port=0, ssl_insecure=True, **chosen
        )
        self._task = asyncio.create_task(self.master.run())
        server = self.master.addons.get("proxyserver")
        while not (addresses := server.listen_addrs()) or self.record._session is None:  # noqa: ASYNC110 - mitmproxy has no event for it
            await asyncio.sleep(0.005)
        self.port = addresses[0][1]
        self.session = self.record._session
        return self

    async def stop(self) -> None:
        if self._task is not None:
            self.master.shutdown()
            await self._task
            self._task = None
            server = self.master.addons.get("proxyserver")
            for instance in list(server.servers):
                await instance.stop()
            for handler in list(server.connections.values()):
                for transport in list(handler.transports.values()):
                    if transport.handler:
                        transport.handler.cancel()
            while server.connections:  # noqa: ASYNC110 - nor for this
                await asyncio.sleep(0.005)

    def flows(self) -> list[Any]:
        """What mitmproxy's own reader finds in the capture."""
        with self.capture.open("rb") as file:
            return list(FlowReader(file).stream())

    def events(self) -> list[Any]:
        """What our reader finds in it."""
        with self.capture.open("rb") as file:
            return list(FlowFile(file, Redactor()))

    def client_context(self, *alpn: str) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self._confdir / "mitmproxy-ca-cert.pem"))
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # mitmproxy's CA lacks what 3.13 asks for
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def tunnel(self, port: int, *alpn: str, host: str = "localhost") -> tuple[Any, Any]:
        """CONNECT, then TLS as a client that trusts the proxy."""
        reader, writer = await self.connect()
        writer.write(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in answer
        await writer.start_tls(self.client_context(*alpn), server_hostname=host)
        return reader, writer

    async def get(self, path: str, *, headers: str = "", method: str = "GET", body: bytes = b"") -> bytes:
        """One request on a connection of its own; everything that comes until it is closed."""
        reader, writer = await self.connect()
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: registry.test\r\nConnection: close\r\n{length}{headers}\r\n"
        )
        writer.write(head.encode() + body)
        data = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return data


@pytest.fixture(name="proxy")
async def _proxy(tmp_path: Path, ca_folder: Path):
    made = Proxy(tmp_path, ca_folder)
    yield made
    await made.stop()


class Http2:
    """Either end of an HTTP/2 connection, as far as these tests need it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, client: bool) -> None:
        self.reader, self.writer = reader, writer
        self.events: list[Any] = []
        self.conn = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=client, header_encoding="utf-8")
        )
        self.conn.initiate_connection()
        self.flush()

    def flush(self) -> None:
        if data := self.conn.data_to_send():
            self.writer.write(data)

    def request(self, path: str, *, method: str = "GET", host: str = "localhost") -> int:
        stream = self.conn.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", "https"), (":authority", host), (":path", path)]
        self.conn.send_headers(stream, fields, end_stream=True)
        self.flush()
        return stream

    async def until(self, wanted: Callable[[Any], bool], *, open_window: bool = True) -> Any:
        """Read on until an event is wanted, and return it; None when the connection ends first."""
        while True:
            data = await asyncio.wait_for(self.reader.read(65536), 10)
            if not data:
                return None
            found = None
            for event in self.conn.receive_data(data):
                self.events.append(event)
                if isinstance(event, h2.events.DataReceived) and open_window:
                    self.conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if found is None and wanted(event):
                    found = event
            self.flush()
            if found is not None:
                return found

    async def end_of(self, stream: int) -> Any:
        kinds = (h2.events.StreamEnded, h2.events.StreamReset)
        return await self.until(lambda e: isinstance(e, kinds) and e.stream_id == stream)

    def body(self, stream: int) -> bytes:
        data = (e for e in self.events if isinstance(e, h2.events.DataReceived) and e.stream_id == stream)
        return b"".join(e.data for e in data)


@pytest.fixture(name="http2")
def _http2() -> type[Http2]:
    return Http2
