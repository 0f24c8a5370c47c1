"""Origins that break off, and a proxy whose flows are guarded."""

import asyncio
import contextlib
import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

import h2.events
import pytest

from inspector.recorder.private import heal

BODY = bytes(range(256)) * 1600  # 409 600 bytes, no two places in a row alike
DIGEST = f"sha256:{hashlib.sha256(BODY).hexdigest()}"


@dataclass
class Origin:
    """Serves ``body`` by HTTP/1.1 or HTTP/2 and breaks off as ``faults`` says, one a request: (kind, after N bytes).

    Kinds: fin, rst, stall, reset (h2: RST_STREAM), goaway (h2), end (h2: END_STREAM, chunked: a clean end), None: served whole.
    A number as kind is a status that is answered instead. ``ranges``: whether it honours Range; ``length``: whether it
    tells the length (else chunked); ``etags``: of each answer, the last for all further ones.
    """

    http2: Any
    body: bytes = BODY
    faults: list[Any] = field(default_factory=list)
    ranges: bool = True
    length: bool = True
    etags: list[str] = field(default_factory=lambda: ['"a"'])
    headers: dict[str, str] = field(default_factory=dict)
    alter: Any = None
    seen: list[dict[str, str]] = field(default_factory=list)
    connections: int = 0

    def answer(self, request: dict[str, str]) -> tuple[int, dict[str, str], bytes, Any]:
        self.seen.append(request)
        fault = self.faults.pop(0) if self.faults else None
        etag = self.etags[min(len(self.seen), len(self.etags)) - 1]
        if isinstance(fault, tuple) and isinstance(fault[0], int):
            return fault[0], dict(fault[1]) | {"content-length": "5"}, b"error", None
        status, body, headers = 200, self.body, {"etag": etag} if etag else {}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.get("range", ""))
        if asked and self.ranges and request.get("if-range", etag) == etag:
            first, last = int(asked[1]), int(asked[2] or len(self.body) - 1)
            status, body = 206, self.body[first : last + 1]
            headers["content-range"] = f"bytes {first}-{last}/{len(self.body)}"
        if self.length:
            headers["content-length"] = str(len(body))
        if self.alter:
            status, headers, body = self.alter(len(self.seen), status, headers, body)
        return status, headers | self.headers, body, fault

    async def h1(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while head := await reader.readuntil(b"\r\n\r\n"):
            line, *fields = head.decode().split("\r\n")
            request = {n.lower(): v for n, _, v in (f.partition(": ") for f in fields if f)} | {"line": line}
            status, headers, body, fault = self.answer(request)
            chunked = "content-length" not in headers
            if chunked:
                headers = headers | {"transfer-encoding": "chunked"}
            writer.write(
                f"HTTP/1.1 {status} X\r\n".encode()
                + b"".join(f"{n}: {v}\r\n".encode() for n, v in headers.items())
                + b"\r\n"
            )
            kind, sent = fault or (None, len(body))
            body = body[:sent]
            for start in range(0, len(body), 65536):
                piece = body[start : start + 65536]
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
                await writer.drain()
            if kind == "stall":
                await reader.read()
                return
            if kind in {"fin", "rst"}:
                await asyncio.sleep(0.03)  # an RST throws away what the peer has not read yet
                if kind == "rst":
                    sock = writer.get_extra_info("socket")
                    sock.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER 0
                    writer.transport.abort()
                return
            if chunked:
                writer.write(b"0\r\n\r\n")

    async def h2(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        side = self.http2(reader, writer, client=False)
        done: set[int] = set()

        def asked() -> list[Any]:
            return [
                e for e in side.events if isinstance(e, h2.events.RequestReceived) and e.stream_id not in done
            ]

        while asked() or await side.until(lambda e: isinstance(e, h2.events.RequestReceived)):
            event = asked()[0]
            done.add(event.stream_id)
            status, headers, body, fault = self.answer(dict(event.headers))
            stream = event.stream_id
            side.conn.send_headers(stream, [(":status", str(status)), *headers.items()])
            kind, sent = fault or (None, len(body))
            for start in range(0, min(sent, len(body)), 16384):
                side.conn.send_data(stream, body[start : min(start + 16384, sent)])
                side.flush()
                await writer.drain()
            if kind is not None:
                await asyncio.sleep(0.03)  # in one read with it, h2 loses what came before a protocol error
            if kind in {None, "end"}:
                side.conn.end_stream(stream)
            elif kind == "reset":
                side.conn.reset_stream(stream, 2)
            elif kind == "goaway":
                side.conn.close_connection(0)
            side.flush()
            if kind in {"fin", "rst", "goaway"}:
                if kind == "rst":
                    writer.transport.abort()
                return


class Guarding:
    """Guards every flow. ``asked`` are the questions; ``answers`` what to do: a bool, or a function of the flow."""

    def __init__(self, **options: Any) -> None:
        self.options = {"digest": DIGEST, "tries": 4, "pause": 0.0, "stall": 5.0} | options
        self.asked: list[tuple[int, str, int | None]] = []
        self.answers: list[Any] = []
        self.flows: list[Any] = []
        self.sizes: list[int] = []

    async def again(self, flow, attempt: int, why: str) -> bool:
        self.asked.append((attempt, why, flow.response.status_code if flow.response else None))
        answer = self.answers.pop(0) if self.answers else True
        return await answer(flow) if callable(answer) else answer

    def request(self, flow) -> None:
        self.flows.append(flow)
        heal.guard(flow, again=self.again, **self.options)

    def server_connect(self, data) -> None:
        data.server.alpn_offers = self.alpn  # else mitmproxy offers what the client has

    def responseheaders(self, flow) -> None:
        flow.response.stream = lambda data: (self.sizes.append(len(data)), data)[1]

    def error(self, flow) -> None:
        self.failed = flow.error.msg

    failed: str | None = None
    alpn: tuple[bytes, ...] = ()

    def noted(self) -> list[tuple[int, int | None]]:
        return [(n["at"], n["status"]) for n in self.flows[0].metadata.get(heal.RESUMES, [])]


@pytest.fixture(name="origin")
def _origin(http2, caplog):
    assert heal.install() == []
    yield lambda **words: Origin(http2, **words)
    assert not [record for record in caplog.records if "crashed" in record.getMessage()]


@pytest.fixture(name="guarding")
def _guarding():
    return Guarding


@dataclass
class Got:
    """What a client saw. ``clean``: the answer ended as HTTP has it."""

    status: int
    headers: dict[str, str]
    body: bytes
    clean: bool


async def over_h1(reader, writer, path: str = "/v2/x/blobs/y", headers: str = "") -> Got:
    writer.write(f"GET {path} HTTP/1.1\r\nHost: registry.test\r\n{headers}\r\n".encode())
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 15)).decode().split("\r\n")
    fields = {n.lower(): v for n, _, v in (f.partition(": ") for f in head[1:] if f)}
    body, clean = b"", True
    with contextlib.suppress(ConnectionError):
        if "content-length" in fields:
            try:
                body = await asyncio.wait_for(reader.readexactly(int(fields["content-length"])), 15)
            except asyncio.IncompleteReadError as error:
                body, clean = error.partial, False
        else:
            body, clean = await asyncio.wait_for(_chunks(reader), 15)
    return Got(int(head[0].split()[1]), fields, body, clean)


async def _chunks(reader) -> tuple[bytes, bool]:
    body = b""
    with contextlib.suppress(asyncio.IncompleteReadError, ValueError):
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        return body, await reader.readexactly(2) == b"\r\n"
    return body, False


async def over_h2(client, path: str = "/v2/x/blobs/y") -> Got:
    stream = client.request(path)
    end = await asyncio.wait_for(client.end_of(stream), 15)
    heads = [e for e in client.events if isinstance(e, h2.events.ResponseReceived) and e.stream_id == stream]
    headers = dict(heads[0].headers) if heads else {}
    clean = isinstance(end, h2.events.StreamEnded)
    return Got(int(headers.get(":status", 0)), headers, client.body(stream), clean)


@pytest.fixture(name="fetch")
async def _fetch(proxy, serve, http2):
    """fetch(origin, guarding, client="h1", upstream="h1", headers="") -> Got, through a proxy that guards the flow."""
    writers = []

    async def fetch(origin, guarding, *, client="h1", upstream="h1", headers="", entry=None, **options):
        tls = client == "h2" or upstream == "h2"
        guarding.alpn = (b"h2",) if upstream == "h2" else ()
        port = await serve(
            getattr(origin, entry or upstream), tls=tls, alpn=upstream if upstream == "h2" else None
        )
        if not tls:
            await proxy.start(
                f"reverse:http://127.0.0.1:{port}", addons=(guarding,), connection_strategy="lazy", **options
            )
            reader, writer = await proxy.connect()
            writers.append(writer)
            return await over_h1(reader, writer, headers=headers)
        await proxy.start("regular", addons=(guarding,), connection_strategy="lazy", **options)
        if client == "h2":
            side = http2(*await proxy.tunnel(port, "h2"), client=True)
            side.conn.increment_flow_control_window(2**30)
            writers.append(side.writer)
            return await over_h2(side)
        reader, writer = await proxy.tunnel(port)
        writers.append(writer)
        return await over_h1(reader, writer, headers=headers)

    yield fetch
    for writer in writers:
        writer.close()
