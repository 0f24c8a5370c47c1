"""A registry, its token service and its storage, under names of their own: what is upstream of a mirror, hostile on demand.

Knows: raw HTTP/1.1 over asyncio, TLS, ``net``. Must not know: the mirror. Each server answers by a function that a test may
replace; an answer is bytes, or an async generator of pieces, or None to break off.
"""

import asyncio
import contextlib
import hashlib
import json
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import trustme

from kit.net import Net

BLOB = bytes(range(256)) * 512
MANIFEST = json.dumps({"schemaVersion": 2, "config": {}, "layers": []}, indent=3).encode()
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
HUB, AUTH, CDN = "registry.example.org", "auth.example.org", "cdn.example.net"
REFUSED = b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}'


def sha(body: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"


def reply(status: int, body: bytes = b"", *more: tuple[str, str], **fields: str) -> bytes:
    """An answer's bytes; ``_`` in a name stands for ``-``. ``more``: fields that come several times, or raw."""
    pairs = [
        ("content-length", str(len(body))),
        *more,
        *((n.replace("_", "-"), v) for n, v in fields.items()),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in pairs)
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode("latin-1") + body


@dataclass
class Seen:
    """A request as a server saw it; names of fields in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    lines: list[str]

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)


type Answer = bytes | AsyncIterator[bytes] | None


class Host:
    """A server under a name. ``seen``: what it was asked; ``certified``: the client showed a certificate."""

    def __init__(self, handle: Callable[[Seen], Answer], scheme: str) -> None:
        self.handle = handle
        self.scheme = scheme
        self.seen: list[Seen] = []
        self.certified = False
        self.connections = 0
        self.url = ""
        self.address = ""
        self.place = ("127.0.0.1", 0)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self, context: ssl.SSLContext | None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context, backlog=1024)
        self.place = ("127.0.0.1", self._server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        tls = writer.get_extra_info("ssl_object")
        self.certified = self.certified or bool(tls and tls.getpeercert(binary_form=True))
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            while await self._one(reader, writer):
                pass
        writer.close()
        self._writers.discard(writer)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {
            n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        seen = Seen(method, target, headers, body, lines)
        self.seen.append(seen)
        answer = self.handle(seen)
        if answer is None:
            return False
        if not isinstance(answer, bytes):
            async for piece in answer:
                writer.write(piece)
                await writer.drain()
            return False
        writer.write(answer if method != "HEAD" else answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        await writer.drain()
        return b"\r\nconnection: close\r\n" not in answer.partition(b"\r\n\r\n")[0] + b"\r\n"

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()


class World:
    """Everything upstream. ``challenge``, ``location``: in place of what the registry says; ``blob``, ``manifest``: what it has."""

    def __init__(self, net: Net, authority: trustme.CA) -> None:
        self.net = net
        self._authority = authority
        self.hosts: list[Host] = []
        self.challenge: str | None = None
        self.location: str | None = None
        self.redirect = 307
        self.blob, self.manifest, self.digest = BLOB, MANIFEST, sha(BLOB)
        self.fields: dict[str, str] = {"content_type": MANIFEST_TYPE, "docker_content_digest": sha(MANIFEST)}
        self.signed = 0
        self.cuts: list[int] = []
        self.login: str | None = None

    async def host(
        self,
        name: str,
        handle: Callable[[Seen], Answer],
        *,
        scheme: str = "http",
        port: int = 0,
        asks: bool = False,
    ) -> Host:
        """A server of that name, at a public address. ``asks``: it would like to see a client's certificate."""
        made = Host(handle, scheme)
        context = None
        if scheme == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._authority.issue_cert(name).configure_cert(context)
            if asks:
                context.verify_mode = ssl.CERT_OPTIONAL
                self._authority.configure_trust(context)
        await made.start(context)
        usual = {"http": 80, "https": 443}[scheme]
        made.address = self.net.name(name, port or usual, made.place)
        made.url = f"{scheme}://{name}" + (f":{port}" if port else "")
        self.hosts.append(made)
        return made

    async def trap(self, address: str, port: int) -> Host:
        """A server that nobody may reach, at that address."""
        made = Host(lambda _: reply(200, b'{"token":"from-the-trap"}'), "http")
        await made.start(None)
        self.net.route(address, port, made.place)
        self.hosts.append(made)
        return made

    async def build(
        self, *, scheme: str = "http", cdn: str = "http", auth: str = "http", asks: bool = False
    ) -> "World":
        """The three servers, each by ``http`` or ``https``. ``asks``: the storage would like a client's certificate."""
        self.hub = await self.host(HUB, self.registry, scheme=scheme)
        self.auth = await self.host(AUTH, self.token, scheme=auth)
        self.cdn = await self.host(CDN, self.storage, scheme=cdn, asks=asks)
        return self

    def registry(self, seen: Seen) -> Answer:
        """The registry: challenges, redirects to its storage, has one manifest under every name."""
        if not seen.headers.get("authorization", "").startswith("Bearer token-"):
            ask = self.challenge or f'Bearer realm="{self.auth.url}/token",service="the.registry"'
            return reply(401, REFUSED, www_authenticate=ask, content_type="application/json")
        if "/blobs/" in seen.path:
            self.signed += 1
            location = f"{self.cdn.url}/blob?signature={self.signed}"
            return reply(self.redirect, location=location if self.location is None else self.location)
        return reply(200, b"{}" if seen.path == "/v2/" else self.manifest, **self.fields)

    def token(self, seen: Seen) -> Answer:
        """The token service: whoever asks gets one, that tells who asked for what."""
        asked = seen.query if seen.method == "GET" else parse_qs(seen.body.decode())
        who = "user" if "authorization" in seen.headers or seen.method == "POST" else "nobody"
        token = f"token-{who}-{','.join(asked.get('scope', []))}"
        return reply(
            200, json.dumps({"token": token, "expires_in": 300}).encode(), content_type="application/json"
        )

    def storage(self, seen: Seen) -> Answer:
        """The storage: strict, as S3 is with what is authenticated twice; understands Range; breaks off when told to."""
        if "authorization" in seen.headers:
            return reply(400, b"<Error><Code>InvalidArgument</Code></Error>", content_type="application/xml")
        start, end, more = 0, len(self.blob) - 1, {"etag": '"one"'}
        first, _, last = seen.headers.get("range", "").removeprefix("bytes=").partition("-")
        if first:
            start, end = int(first), min(int(last or end), end)
            more["content_range"] = f"bytes {start}-{end}/{len(self.blob)}"
        answer = reply(206 if first else 200, self.blob[start : end + 1], **more)
        if not self.cuts or seen.method == "HEAD":
            return answer
        head, _, body = answer.partition(b"\r\n\r\n")
        return head + b"\r\nconnection: close\r\n\r\n" + body[: self.cuts.pop(0)]

    def blob_path(self, name: str = "team/app") -> str:
        return f"/v2/{name}/blobs/{self.digest}"

    def stop(self) -> None:
        for host in self.hosts:
            host.stop()


def error(body: bytes) -> dict[str, Any]:
    """The first error of an OCI error body."""
    found: dict[str, Any] = json.loads(body)["errors"][0]
    return found
