"""Other mirrors in front of the same hub, at the same name as ours: nginx, a Worker, distribution's pull-through mode.

And no mirror at all. Knows: how each is configured and started. Must not know: how well it does.
All reach the CDN over ``far``, a line that breaks when a test says so. Every client may also turn to the hub itself, through a
``Tunnel`` that notes whom it asked for.
"""

import os
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

from stack.cutter import Cutter
from stack.hub import Hub
from stack.mirror import CUT_AFTER
from stack.place import (
    AUTH,
    AUTH_AT,
    CDN,
    CDN_AT,
    CUTTER_AT,
    INNER,
    OURS_AT,
    PROXY_PORT,
    REGISTRY,
    REGISTRY_AT,
    Place,
)
from stack.procs import Service, environment, listens, private

DNS_PORT = 5353

# `headers` stands at the end of the redirect's location. As written there is none: what the client sent goes on to the CDN.
NGINX_CONF = """\
pid {here}/pid; daemon off; master_process off; error_log {here}/error.log warn;
events {{ worker_connections 256; }}
http {{
  access_log off; client_max_body_size 0; client_body_temp_path {here}/b; proxy_temp_path {here}/p;
  fastcgi_temp_path {here}/f; uwsgi_temp_path {here}/u; scgi_temp_path {here}/s;
  ssl_certificate {pki}/ours.crt; ssl_certificate_key {pki}/ours.key;
  server {{
    listen {address}:443 ssl; proxy_ssl_server_name on; resolver {dns} ipv6=off;
    location / {{
      proxy_pass https://{REGISTRY};
      proxy_set_header Host {REGISTRY};
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header Authorization $http_authorization;
      proxy_pass_header Authorization;
      proxy_buffering off; proxy_intercept_errors on; recursive_error_pages on;
      error_page 301 302 307 = @handle_redirect;
    }}
    location @handle_redirect {{
      set $saved_redirect_location '$upstream_http_location';
      proxy_pass $saved_redirect_location;{headers}
    }}
  }}
}}
"""

PULL_THROUGH_YML = """\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {store}}}, cache: {{blobdescriptor: inmemory}}}}
http: {{addr: "{address}:443", secret: only-for-tests, tls: {{certificate: {pki}/ours.crt, key: {pki}/ours.key}}}}
proxy: {{remoteurl: "https://{REGISTRY}"}}
"""


class UnavailableError(Exception):
    """What a mirror needs that is not there, in one line; ``required``: a machine of the project's must have it."""

    def __init__(self, line: str, *, required: bool = False) -> None:
        super().__init__(line)
        self.required = required


class Tunnel:
    """The clients' own way to the hub: an HTTP CONNECT proxy. ``asked`` are the hosts that were asked for."""

    def __init__(self, place: Place) -> None:
        self.asked: list[str] = []
        self.near: set[socket.socket] = set()
        self.leads = {REGISTRY: place.at(REGISTRY_AT), AUTH: place.at(AUTH_AT), CDN: place.at(CUTTER_AT)}
        self.listener = socket.create_server((place.at(INNER), PROXY_PORT))
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # it wakes the thread that stands in accept()
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.forget()

    def forget(self) -> None:
        """Nobody has asked so far; end what is open: a daemon would use it again, and that would not be seen."""
        for near in list(self.near):
            with suppress(OSError):
                near.shutdown(socket.SHUT_RDWR)
        self.asked.clear()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                self.near.add(near)
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, suppress(OSError, IndexError):
            head = b""
            while b"\r\n\r\n" not in head and (chunk := near.recv(4096)):
                head += chunk
            host, _, port = head.split()[1].decode().partition(":")
            self.asked.append(host)
            if host not in self.leads:
                near.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection((self.leads[host], int(port))) as far:
                near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                there = threading.Thread(target=self._pump, args=(near, far), daemon=True)
                there.start()
                self._pump(far, near)
                there.join()
        self.near.discard(near)

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                sink.sendall(chunk)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Names:
    """nginx asks a resolver for the CDN's name: this one knows the hub's three (RFC 1035 §4.1, A records alone)."""

    def __init__(self, place: Place) -> None:
        self.address = (place.at(INNER), DNS_PORT)
        self.known = {REGISTRY: place.at(REGISTRY_AT), AUTH: place.at(AUTH_AT), CDN: place.at(CUTTER_AT)}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(self.address)
        self.socket.settimeout(0.2)  # so that it ends: closing does not wake a receiver of UDP
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.over.set()
        self.thread.join()
        self.socket.close()

    def _serve(self) -> None:
        while not self.over.is_set():
            with suppress(TimeoutError):
                query, peer = self.socket.recvfrom(2048)
                self.socket.sendto(self.answer(query), peer)

    def answer(self, query: bytes) -> bytes:
        end, labels = 12, []
        while size := query[end]:
            labels.append(query[end + 1 : end + 1 + size].decode())
            end += size + 1
        question, kind = query[12 : end + 5], query[end + 1 : end + 3]
        address = self.known.get(".".join(labels).lower())
        found = address is not None and kind == b"\0\1"
        answer = (
            struct.pack(">HHHIH", 0xC00C, 1, 1, 30, 4) + socket.inet_aton(address or "0.0.0.0")
            if found
            else b""
        )
        return (
            query[:2]
            + struct.pack(">HHHHH", 0x8180 if address else 0x8183, 1, int(found), 0, 0)
            + question
            + answer
        )


class Other:
    """A way to the hub. ``forget`` makes a mirror that keeps what it fetched lose it; ``far`` is the line to the CDN."""

    def __init__(self, hub: Hub, name: str) -> None:
        self.place, self.address = hub.place, hub.place.at(OURS_AT)
        self.folder = hub.place.folder("others", name)
        self.far = Cutter(
            (self.place.at(CUTTER_AT), 443), (self.place.at(CDN_AT), 443), after=CUT_AFTER, left=0
        )
        self.service: Service | None = None

    def serve(self, *argv: str, log: str = "log", ready: Callable[[], bool] | None = None) -> None:
        """Run a server at ``https://pull.test`` that trusts the hub's CA."""
        trust = str(self.place.pki / "ca.crt")
        env = environment(self.place, SSL_CERT_FILE=trust, NODE_EXTRA_CA_CERTS=trust)
        self.service = Service(
            private(self.place, list(argv), {CDN: CUTTER_AT}), log=self.folder / log, env=env
        )
        self.service.wait_for(ready or listens(self.address, 443))

    def forget(self) -> None:
        """It keeps nothing."""

    def stop(self) -> None:
        if self.service:
            self.service.stop()


class PullThrough(Other):
    """distribution as a cache. A new one, with an empty store, is how it forgets."""

    stores = 0

    def forget(self) -> None:
        self.stop()
        self.stores += 1
        config, store = (
            self.folder / "config.yml",
            self.place.folder("others", self.folder.name, f"store{self.stores}"),
        )
        config.write_text(
            PULL_THROUGH_YML.format(store=store, address=self.address, pki=self.place.pki, REGISTRY=REGISTRY)
        )
        self.serve("docker-registry", "serve", str(config))


@contextmanager
def directly(hub: Hub) -> Iterator[Other]:
    """No mirror: the line to the CDN alone."""
    way = Other(hub, "directly")
    with way.far:
        yield way


@contextmanager
def nginx(hub: Hub, *, strip: bool = False) -> Iterator[Other]:
    """nginx as the article has it; with ``strip`` it sends no Authorization where a redirect leads."""
    way, names = Other(hub, "stripping" if strip else "nginx"), Names(hub.place)
    config = way.folder / "nginx.conf"
    values = {
        "here": way.folder,
        "pki": hub.place.pki,
        "address": way.address,
        "dns": f"{names.address[0]}:{DNS_PORT}",
        "headers": ' proxy_set_header Authorization "";' if strip else "",
        "REGISTRY": REGISTRY,
    }
    config.write_text(NGINX_CONF.format(**values))
    with ExitStack() as ends:
        ends.enter_context(way.far)
        ends.callback(names.close)
        ends.callback(way.stop)
        way.serve("nginx", "-e", str(way.folder / "error.log"), "-c", str(config))
        yield way


@contextmanager
def worker(hub: Hub, *, date: str = "2026-07-01") -> Iterator[Other]:
    """The Worker under miniflare, as of a compatibility date. UnavailableError: npm is missing, or what it installs."""
    way = Other(hub, "worker")
    folder = way.folder
    pair = (str(hub.place.pki / f"ours.{kind}") for kind in ("crt", "key"))
    with ExitStack() as ends:
        ends.enter_context(way.far)
        ends.callback(way.stop)
        install(folder)
        log = folder / "log"
        log.unlink(missing_ok=True)  # an earlier one's
        # workerd takes no module from outside the folder where it starts
        run = (
            "env",
            "-C",
            str(folder),
            shutil.which("node") or "node",
            "run.mjs",
            way.address,
            "443",
            *pair,
            date,
        )
        way.serve(*run, ready=lambda: "ready" in log.read_text())
        yield way


def install(folder: Path) -> None:
    """Put miniflare and the Worker into ``folder``. UnavailableError: it cannot be had."""
    if shutil.which("npm") is None:
        raise UnavailableError("npm is not installed (Debian: apt-get install npm)", required=True)
    if (folder / "node_modules" / "miniflare").exists():
        return
    for file in Path(__file__).with_name("worker").iterdir():
        shutil.copy(file, folder)
    words = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--prefer-offline"]
    # npm's own configuration says where packages come from: the environment is the caller's
    try:
        done = subprocess.run(
            words, cwd=folder, env=dict(os.environ), capture_output=True, text=True, timeout=120
        )
    except subprocess.TimeoutExpired:
        raise UnavailableError("npm install did not end in 120 s") from None
    if done.returncode:
        raise UnavailableError(f"npm cannot install miniflare: {' '.join(done.stderr.split())[:200]}")


@contextmanager
def pull_through(hub: Hub) -> Iterator[Other]:
    """distribution with ``proxy: remoteurl``."""
    way = PullThrough(hub, "pull-through")
    with ExitStack() as ends:
        ends.enter_context(way.far)
        ends.callback(way.stop)
        way.forget()
        yield way
