"""The hub: a registry, a token service and a CDN, three hosts under TLS on loopback, inside this process.

Knows: how the three fit together, and where they listen. Must not know: proxies, clients. The hosts have names of
their own, which no resolver knows: whoever is to reach them is told by ``addresses`` where they are.
"""

import asyncio
import concurrent.futures
import ssl
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from inspector.lab.cdn import BlobHandler, UrlSigner
from inspector.lab.certs import Authority
from inspector.lab.content import Repository, demo_repository
from inspector.lab.registry import ROUTES
from inspector.lab.serving import Desk, Fault, Pace, Served
from inspector.lab.tokens import TokenHandler, TokenSigner

REGISTRY = "registry.demo.test"
AUTH = "auth.demo.test"
CDN = "cdn.demo.test"
LOOPBACK = "127.0.0.1"


class Hub:
    """Runs from ``with Hub() as hub`` until the block ends, on an event loop in a thread of its own.

    ``addresses``   ``{host: (IP, port)}`` of the three
    ``ca_file``     the CA to trust, PEM; it goes when the hub does
    ``log``         what was asked and answered, in order
    ``faults``      what goes wrong where (``Fault``); may be changed while it runs
    """

    def __init__(
        self,
        faults: Mapping[str, Fault] | None = None,
        repositories: Sequence[Repository] | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.repositories = {r.name: r for r in repositories or [demo_repository()]}
        self.addresses: dict[str, tuple[str, int]] = {}
        self._desk = Desk(dict(faults or {}), pace or Pace())
        self._stack = ExitStack()
        self._folder = Path()
        self._started: concurrent.futures.Future[asyncio.AbstractEventLoop] = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._run, name="hub", daemon=True)

    @property
    def ca_file(self) -> Path:
        """Where the CA's certificate is while the hub runs."""
        return self._folder / "ca.pem"

    @property
    def log(self) -> list[Served]:
        """What the three servers have answered so far."""
        return list(self._desk.log)

    @property
    def faults(self) -> dict[str, Fault]:
        """By place: ``ping``, ``manifest``, ``tags``, ``blob``, ``token``, ``cdn``."""
        return self._desk.faults

    def __enter__(self) -> Self:
        """Start listening. Raises OSError when loopback has no port to give."""
        self._folder = Path(
            self._stack.enter_context(tempfile.TemporaryDirectory(prefix="pull-inspector-hub-"))
        )
        self._thread.start()
        try:
            self._started.result()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop listening, drop what is in flight, forget the keys."""
        loop = self._started.result()
        loop.call_soon_threadsafe(loop.stop)
        self._thread.join()
        self._stack.close()

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            try:
                servers = runner.run(self._listen())
            except BaseException as error:
                self._started.set_exception(error)
                return
            loop.call_soon(self._started.set_result, loop)
            loop.run_forever()
            for server in servers:
                server.stop()
            runner.run(_close(servers))

    async def _listen(self) -> list[HTTPServer]:
        authority = Authority()
        self.ca_file.write_bytes(authority.pem)
        servers = []
        for host, application in self._applications().items():
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(authority.issue(host, self._folder))
            server = HTTPServer(application, ssl_options=context)
            sockets = bind_sockets(0, LOOPBACK)
            server.add_sockets(sockets)
            self.addresses[host] = sockets[0].getsockname()[:2]
            servers.append(server)
        return servers

    def _applications(self) -> dict[str, Application]:
        tokens = TokenSigner(issuer=AUTH, audience=REGISTRY)
        urls = UrlSigner(CDN)
        blobs = {digest: blob for r in self.repositories.values() for digest, blob in r.blobs.items()}
        return {
            REGISTRY: self._desk.application(
                ROUTES,
                tokens=tokens,
                urls=urls,
                repositories=self.repositories,
                realm=f"https://{AUTH}/token",
                service=REGISTRY,
            ),
            AUTH: self._desk.application(
                [(r"/token", TokenHandler)],
                signer=tokens,
                service=REGISTRY,
                repositories=self.repositories.keys(),
            ),
            CDN: self._desk.application(
                [(r"/registry-v2/blobs/(sha256)/[0-9a-f]{2}/([0-9a-f]{64})/data", BlobHandler)],
                signer=urls,
                blobs=blobs,
            ),
        }


async def _close(servers: Sequence[HTTPServer]) -> None:
    for server in servers:
        await server.close_all_connections()
