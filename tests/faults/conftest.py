"""A hub, a mitmproxy with the fault addon and a recording before it, in this process on real sockets; and pulls through it."""

import asyncio
import functools
import http.client
import importlib.util
import json
import logging
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mitmproxy import options
from mitmproxy.tools.dump import DumpMaster

from inspector.core.finding import Finding
from inspector.core.pull import Pull
from inspector.lab import client as lab_client
from inspector.lab.client import PullClient, PullError
from inspector.lab.content import CONFIG, INDEX, LAYER, MANIFEST, Repository
from inspector.lab.hub import AUTH, REGISTRY, Hub
from inspector.lab.names import _connect
from inspector.recorder.session import Session
from inspector.rules import capture_findings, diagnose
from inspector.sources.redact import Redactor

SCRIPTS = Path(__file__).parents[2] / "addons"
LAYERS = 2
LAYER_SIZE = 300_000


def load(name: str) -> ModuleType:
    """A script of addons/, loaded by its path as mitmproxy does it."""
    spec = importlib.util.spec_from_file_location(f"{name}_under_test", SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def image(name: str) -> Repository:
    """``name``:latest, an index with one image of two layers and a config."""
    repository = Repository(name)
    config = repository.add_blob(CONFIG, b'{"architecture":"amd64","os":"linux"}')
    layers = [repository.add_blob(LAYER, bytes([n]) * LAYER_SIZE) for n in range(1, LAYERS + 1)]
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
    child = repository.add_manifest(manifest) | {"platform": {"os": "linux", "architecture": "amd64"}}
    repository.add_manifest({"schemaVersion": 2, "mediaType": INDEX, "manifests": [child]}, tag="latest")
    return repository


class Watcher:
    """A recording that can be begun anew; and the streams that it finds in the answers."""

    def __init__(self) -> None:
        self.session = Session(Redactor())
        self.flows: list[Any] = []

    def begin(self) -> None:
        self.session.streams.close()
        self.session, self.flows = Session(Redactor()), []

    def requestheaders(self, flow: Any) -> None:
        self.session.requestheaders(flow)

    def responseheaders(self, flow: Any) -> None:
        self.session.responseheaders(flow)

    async def response(self, flow: Any) -> None:
        self.flows.append(flow)
        await self.session.ended(flow)

    error = response

    def client_connected(self, client: Any) -> None:
        self.session.connections.connected(client)

    def http_connect(self, flow: Any) -> None:
        self.session.connections.connect(flow)

    def http_connect_error(self, flow: Any) -> None:
        self.session.failed(self.session.connections.connect_refused(flow))

    def tls_established_client(self, data: Any) -> None:
        self.session.connections.secured(data)

    def tls_failed_client(self, data: Any) -> None:
        self.session.failed(self.session.connections.client_tls(data))

    def tls_failed_server(self, data: Any) -> None:
        self.session.connections.server_tls(data)

    def server_connect_error(self, data: Any) -> None:
        self.session.connections.server_connect(data)

    def client_disconnected(self, client: Any) -> None:
        self.session.failed(self.session.connections.disconnected(client))


@dataclass
class Answer:
    """An answer as the client got it."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass
class Came:
    """What came of a pull. ``said``: the client's own error; ``log``: the fault addon's lines."""

    said: str | None
    pulls: list[Pull]
    loose: list[Finding]
    log: list[str]
    flows: list[Any] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        return [finding for pull in self.pulls for finding in pull.findings] + self.loose

    @property
    def root(self) -> str | None:
        """The code of the first finding."""
        return self.findings[0].code if self.findings else None

    @property
    def codes(self) -> list[str]:
        return [finding.code for finding in self.findings]


class World:
    """The proxy in a thread of its own, the hub beside it."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self.hub = hub
        self.folder = folder
        self.watcher = Watcher()
        self.port = 0
        self.log: list[str] = []
        self.addon: Any = load("fault").addons[0]
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        assert self._ready.wait(30)

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    @property
    def ca_file(self) -> Path:
        return self.folder / "mitmproxy-ca-cert.pem"

    async def _run(self) -> None:
        self.loop = asyncio.get_running_loop()
        connect: Any = self.loop.create_connection
        self.loop.create_connection = functools.partial(_connect, connect, self.hub.addresses)  # type: ignore[method-assign]
        made = options.Options(confdir=str(self.folder), listen_host="127.0.0.1", listen_port=0)
        self.master = DumpMaster(made, with_termlog=False, with_dumper=False)
        self.master.addons.add(self.addon, self.watcher)
        made.update(ssl_verify_upstream_trusted_ca=str(self.hub.ca_file))
        task = asyncio.create_task(self.master.run())
        while not (addresses := self.master.addons.get("proxyserver").listen_addrs()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        self.port = addresses[0][1]
        self._ready.set()
        await task
        for instance in list(self.master.addons.get("proxyserver").servers):
            await instance.stop()

    def call[T](self, action: Callable[[], T]) -> T:
        """Run it on the proxy's loop."""

        async def run() -> T:
            return action()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(20)

    def order(self, *faults: str, **more: str) -> None:
        """From now on break this."""
        values: dict[str, Any] = {"fault_filter": "", "fault_after": ""} | more
        self.call(lambda: self.master.options.update(fault=list(faults), **values))
        self.call(self.watcher.begin)
        self.log.clear()

    def came(self, said: str | None) -> Came:
        """End the recording and judge it."""

        async def quiet() -> None:
            for _ in range(200):
                if not self.watcher.session._open:
                    return
                await asyncio.sleep(0.02)

        asyncio.run_coroutine_threadsafe(quiet(), self.loop).result(20)
        session = self.watcher.session
        self.call(lambda: session.failed(session.connections.close()))
        pulls = self.call(session.engine.finish)
        for pull in pulls:
            diagnose(pull)
        loose = capture_findings(session.engine.unclaimed, pulls)
        return Came(said, pulls, loose, list(self.log), list(self.watcher.flows))

    def pull(self, *faults: str, name: str = "demo/app", **more: str) -> Came:
        """Pull once with these faults."""
        self.order(*faults, **more)
        said = None
        try:
            PullClient(self.address, self.ca_file).pull(REGISTRY, name, "latest")
        except PullError as error:
            said = str(error)
        return self.came(said)

    def ask(self, method: str, url: str, **headers: str) -> "Answer":
        """One request through the proxy, on a connection of its own; ``_`` in a field's name stands for ``-``."""
        session = lab_client.Session(self.address, ssl.create_default_context(cafile=self.ca_file))
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            with session.request(method, url, fields) as response:
                return Answer(response.status, response.headers, response.read())
        finally:
            session.close()

    def bearer(self, repository: str = "demo/app") -> str:
        """An Authorization that the registry takes."""
        url = f"https://{AUTH}/token?service={REGISTRY}&scope=repository:{repository}:pull"
        return "Bearer " + json.loads(self.ask("GET", url).body)["token"]

    def blob(self, digest: str) -> str:
        """The signed URL of a blob; the redirect to it has passed the proxy."""
        url = f"https://{REGISTRY}/v2/demo/app/blobs/{digest}"
        return str(self.ask("GET", url, authorization=self.bearer()).headers["location"])

    def close(self) -> None:
        self.call(self.master.shutdown)
        self._thread.join(20)
        self.watcher.session.streams.close()


class Lines(logging.Handler):
    """The faults' lines of log."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def emit(self, record: logging.LogRecord) -> None:
        self.world.log.append(record.getMessage())


@pytest.fixture(name="world", scope="session")
def fixture_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Hub(repositories=[image("demo/app"), image("app")]) as hub:
        made = World(hub, tmp_path_factory.mktemp("conf"))
        lines = Lines(made)
        logging.getLogger("inspector.faults").addHandler(lines)
        yield made
        logging.getLogger("inspector.faults").removeHandler(lines)
        made.close()


@pytest.fixture(name="brief")
def fixture_brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that gives up at once."""
    monkeypatch.setattr(lab_client, "TIMEOUT", 0.5)
    monkeypatch.setattr(lab_client, "ATTEMPTS", 1)
