"""The mirror before the test's own internet: a mitmproxy of this process with ``addons/mirror.py``, and a raw client of it.

Knows: mitmproxy's master, HTTP/1.1 as a client writes it. Must not know: what is upstream.
"""

import asyncio
import importlib.util
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from mitmproxy import options
from mitmproxy.tools.dump import DumpMaster

from kit.net import Net
from kit.upstream import HUB, World, error

SCRIPT = Path(__file__).parents[3] / "addons" / "mirror.py"


@dataclass
class Got:
    """An answer as a client got it. ``whole``: it came to a proper end; ``fields``: in order, names in lower case."""

    status: int
    fields: list[tuple[str, str]]
    body: bytes
    whole: bool
    phrase: str

    def all(self, name: str) -> list[str]:
        return [value for field, value in self.fields if field == name]

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.fields)

    @property
    def says(self) -> str:
        """The one line that a client prints: the first message of an OCI error body."""
        return str(error(self.body)["message"])

    @property
    def code(self) -> str:
        return str(error(self.body)["code"])


def got(answer: bytes, method: str) -> Got:
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    _, status, phrase = (*lines[0].split(" ", 2), "", "", "")[:3]
    fields = [(n.lower(), v.strip()) for n, _, v in (line.partition(":") for line in lines[1:])]
    kept = dict(fields)
    whole = method == "HEAD" or kept.get("content-length") == str(len(body))
    if kept.get("transfer-encoding") == "chunked":
        body, whole = unchunked(body)
    return Got(int(status or 0), fields, body, whole, phrase)


def unchunked(body: bytes) -> tuple[bytes, bool]:
    """The content of chunks, and whether the last one came."""
    out = b""
    while True:
        size, found, body = body.partition(b"\r\n")
        if not found or len(body) < int(size, 16):
            return out + body, False
        if int(size, 16) == 0:
            return out, True
        out, body = out + body[: int(size, 16)], body[int(size, 16) + 2 :]


class Mirror:
    """A running mirror. ``flows``: those that have ended."""

    def __init__(self, master: DumpMaster, flows: list[Any]) -> None:
        self.master = master
        self.flows = flows
        self.port = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def raw(self, data: bytes) -> bytes:
        """All that comes back for ``data``, until the mirror closes or breaks the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        out = b""
        try:
            writer.write(data)
            async with asyncio.timeout(10):
                while piece := await reader.read(65536):
                    out += piece
        except ConnectionError:
            pass
        finally:
            writer.close()
        return out

    async def ask(self, line: str, body: bytes = b"", **headers: str) -> Got:
        """One request on a connection of its own; ``_`` in a name stands for ``-``."""
        fields = {"host": self.host, "connection": "close"} | {
            n.replace("_", "-"): v for n, v in headers.items()
        }
        if body:
            fields["content-length"] = str(len(body))
        text = f"{line} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields.items()) + "\r\n"
        return got(await self.raw(text.encode("latin-1") + body), line.partition(" ")[0])

    async def token(self, name: str = "team/app", **headers: str) -> str:
        """The Authorization for a repository, by the mirror's token endpoint."""
        answer = await self.ask(f"GET /token?service=x&scope=repository:{name}:pull", **headers)
        return "Bearer " + json.loads(answer.body)["token"]


class _Watcher:
    """An addon that keeps the flows that have ended."""

    def __init__(self) -> None:
        self.flows: list[Any] = []

    def response(self, flow: Any) -> None:
        self.flows.append(flow)

    error = response


type Start = Callable[..., Awaitable[Mirror]]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
async def bare_world(net: Net, authority: trustme.CA) -> AsyncIterator[World]:
    """An internet in which nothing is built yet."""
    made = World(net, authority)
    yield made
    made.stop()


@pytest.fixture
async def world(bare_world: World) -> World:
    """A registry, its token service, its storage; plain HTTP."""
    return await bare_world.build()


@pytest.fixture
async def mirror(net: Net, confdir: Path, ca_file: str) -> AsyncIterator[Start]:
    """mirror(**options without ``mirror_``) -> a mirror of the registry. ``more``: mitmproxy's own options."""
    running: list[tuple[DumpMaster, asyncio.Task[None]]] = []

    async def start(
        target: str = f"http://{HUB}", more: dict[str, Any] | None = None, **words: Any
    ) -> Mirror:
        made = options.Options(confdir=str(confdir), listen_host="127.0.0.1", listen_port=0)
        master = DumpMaster(made, with_termlog=False, with_dumper=False)
        spec = importlib.util.spec_from_file_location(f"mirror_{len(running)}", SCRIPT)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        watcher = _Watcher()
        result = Mirror(master, watcher.flows)
        master.addons.add(*module.addons, watcher)
        words = {"upstreams": [f"{HUB}={target}"], "tries": "3", "pause": "0"} | words
        own = {f"mirror_{name}": value for name, value in words.items()}
        made.update(mode=[f"reverse:{target}"], ssl_verify_upstream_trusted_ca=ca_file, **own, **(more or {}))
        task = asyncio.create_task(master.run())
        running.append((master, task))
        while not (listening := master.addons.get("proxyserver").listen_addrs()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        result.port = listening[0][1]
        net.own.add(result.port)
        return result

    yield start
    for master, task in running:
        master.shutdown()
        await task
        for instance in list(master.addons.get("proxyserver").servers):
            await instance.stop()
