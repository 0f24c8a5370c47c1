"""A registry, its token service and its storage on loopback, and the mirror before them, in this process, on real sockets."""

import asyncio
import contextlib
import hashlib
import importlib.util
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from mitmproxy import options
from mitmproxy.tools.dump import DumpMaster

SCRIPT = Path(__file__).parents[2] / "addons" / "mirror.py"
BLOB = bytes(range(256)) * 1024
MANIFEST = json.dumps({"schemaVersion": 2, "layers": []}).encode()


def digest_of(body: bytes) -> str:
    return "sha256:" + hashlib.sha256(body).hexdigest()


@dataclass
class Seen:
    """A request as an origin saw it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)


def reply(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An answer's bytes; ``_`` in a name stands for ``-``."""
    fields = {"content-length": str(len(body))} | {name.replace("_", "-"): v for name, v in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body


class Origin:
    """A server that answers by ``handle``: bytes to send, or None to break off. ``seen``: what it was asked."""

    def __init__(
        self, handle: "Callable[[Seen], bytes | Awaitable[bytes | None] | None]", host: str = "127.0.0.1"
    ) -> None:
        self.handle = handle
        self.host = host
        self.seen: list[Seen] = []
        self.server: asyncio.Server | None = None

    async def start(self) -> "Origin":
        self.server = await asyncio.start_server(self._serve, self.host, 0)
        return self

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"http://{self.host}:{self.server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = head[0].split(" ")
                headers = {
                    k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)
                }
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                seen = Seen(method, target, headers, body)
                self.seen.append(seen)
                answer = self.handle(seen)
                answer = await answer if asyncio.iscoroutine(answer) else answer
                if answer is None:
                    break
                writer.write(answer if method != "HEAD" else answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
                await writer.drain()
                if b"\r\nconnection: close\r\n" in answer.partition(b"\r\n\r\n")[0] + b"\r\n":
                    break
        writer.close()

    def stop(self) -> None:
        if self.server is not None:
            self.server.close()


@dataclass
class World:
    """What is upstream. ``cuts``: how many bytes each next answer of the storage has before it breaks off."""

    registry: Origin
    tokens: Origin
    storage: Origin
    cuts: list[int] = field(default_factory=list)
    refusals: list[bytes] = field(default_factory=list)
    blob: bytes = BLOB
    manifest: bytes = MANIFEST
    redirect: int = 307
    challenge: str | None = None
    location: str | None = None
    etag: str = '"one"'

    @property
    def origins(self) -> list[Origin]:
        return [self.registry, self.tokens, self.storage]


def _registry(world: World, seen: Seen) -> bytes:
    realm = world.challenge or f'Bearer realm="{world.tokens.url}/token",service="the.registry"'
    if not seen.headers.get("authorization", "").startswith("Bearer token-"):
        error = json.dumps({"errors": [{"code": "UNAUTHORIZED", "message": "log in"}]}).encode()
        return reply(401, error, www_authenticate=realm, content_type="application/json")
    if seen.path == "/v2/":
        return reply(200, b"{}")
    if "/blobs/" in seen.path and world.redirect == 200:
        return ranged(world, seen, world.blob)
    if "/blobs/" in seen.path:
        return reply(
            world.redirect, location=world.location or f"{world.storage.url}/blob?signature=canary-url"
        )
    if seen.path.endswith("/missing"):
        return reply(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no such tag"}]}')
    return reply(
        200, world.manifest, content_type="application/x", docker_content_digest=digest_of(world.manifest),
        set_cookie="a=b",
    )  # fmt: skip


def _token(_: World, seen: Seen) -> bytes:
    scopes = seen.query.get("scope") or parse_qs(seen.body.decode()).get("scope") or [""]
    return reply(
        200,
        json.dumps({"token": f"token-{scopes[0]}", "expires_in": 300}).encode(),
        content_type="application/json",
    )


def _storage(world: World, seen: Seen) -> bytes:
    if "authorization" in seen.headers:
        return reply(400, b"<Error><Code>InvalidArgument</Code></Error>")
    if world.refusals:
        return world.refusals.pop(0)
    return ranged(world, seen, world.blob)


def ranged(world: World, seen: Seen, blob: bytes) -> bytes:
    """The blob or the part of it that is asked for; cut short when the world says so."""
    start, end = 0, len(blob) - 1
    asked = seen.headers.get("range", "").removeprefix("bytes=").split("-")
    if len(asked) == 2:
        start, end = int(asked[0]), min(int(asked[1] or end), end)
    status, more = (
        (206, {"content_range": f"bytes {start}-{end}/{len(blob)}"}) if len(asked) == 2 else (200, {})
    )
    answer = reply(status, blob[start : end + 1], etag=world.etag, accept_ranges="bytes", **more)
    if world.cuts:
        head, _, body = answer.partition(b"\r\n\r\n")
        return head + b"\r\nconnection: close\r\n\r\n" + body[: world.cuts.pop(0)]
    return answer


@pytest.fixture
async def world() -> AsyncIterator[World]:
    holder: list[World] = []
    made = World(
        *[await Origin(lambda seen, f=f: f(holder[0], seen)).start() for f in (_registry, _token, _storage)]
    )
    holder.append(made)
    yield made
    for origin in made.origins:
        origin.stop()


@dataclass
class Got:
    """An answer as a client got it. ``whole``: it came to a proper end."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool

    @property
    def error(self) -> dict[str, str]:
        error: dict[str, str] = json.loads(self.body)["errors"][0]
        return error


class Mirror:
    """A running mirror."""

    def __init__(self, master: DumpMaster, flows: list[object]) -> None:
        self.master = master
        self.flows = flows
        self.port = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def raw(self, data: bytes) -> bytes:
        """All that comes back for ``data``."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        try:
            async with asyncio.timeout(15):
                return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()

    async def ask(self, line: str, body: bytes = b"", **headers: str) -> Got:
        """One request on a connection of its own; ``_`` in a name stands for ``-``."""
        fields = {"host": self.host, "connection": "close"} | {
            n.replace("_", "-"): v for n, v in headers.items()
        }
        if body:
            fields["content-length"] = str(len(body))
        text = f"{line} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields.items()) + "\r\n"
        answer = await self.raw(text.encode() + body)
        head, _, content = answer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        got = {n.lower(): v.strip() for n, _, v in (text.partition(":") for text in lines[1:])}
        whole = line.startswith("HEAD ") or got.get("content-length") == str(len(content))
        return Got(int(lines[0].split()[1]) if lines[0] else 0, got, content, whole)

    async def token(self, name: str) -> str:
        """The Authorization for a repository."""
        got = await self.ask(f"GET /token?service=x&scope=repository:{name}:pull")
        return "Bearer " + json.loads(got.body)["token"]


class _Flows:
    def __init__(self) -> None:
        self.flows: list[object] = []

    def response(self, flow: object) -> None:
        self.flows.append(flow)

    error = response


@pytest.fixture
async def mirror(world: World, tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Mirror]]]:
    """Start a mirror of the world's registry, by options without ``mirror_``."""
    running: list[tuple[DumpMaster, asyncio.Task[None]]] = []

    async def start(*, target: str | None = None, **more: object) -> Mirror:
        made = options.Options(confdir=str(tmp_path / "conf"), listen_host="127.0.0.1", listen_port=0)
        master = DumpMaster(made, with_termlog=False, with_dumper=False)
        spec = importlib.util.spec_from_file_location(f"mirror_under_test_{len(running)}", SCRIPT)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        watcher = _Flows()
        words = {
            "upstreams": [f"docker.io={target or world.registry.url}"],
            "tries": "3",
            "pause": "0",
        } | more
        master.addons.add(*module.addons, watcher)
        made.update(
            mode=[f"reverse:{target or world.registry.url}"], **{f"mirror_{n}": v for n, v in words.items()}
        )
        task = asyncio.create_task(master.run())
        running.append((master, task))
        result = Mirror(master, watcher.flows)
        while not (addresses := master.addons.get("proxyserver").listen_addrs()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        result.port = addresses[0][1]
        return result

    yield start
    for master, task in running:
        master.shutdown()
        await task
        for instance in list(master.addons.get("proxyserver").servers):
            await instance.stop()
