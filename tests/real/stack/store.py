"""A CDN with moods, in place of the hub's: its signed URLs expire or serve once, its cables break, its bytes are wrong.

Knows: HTTP/1.1 with Range, where distribution keeps blobs, the query that the hub's redirects carry. Must not know: mirrors,
clients. Like the hub's own it refuses Authorization.
"""

import ssl
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from stack.place import STORE_AT, Place
from stack.truth import DIGEST

PIECE = 65536
EXPIRED = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code>'
    b"<Message>Request has expired</Message></Error>"
)
# How bytes can be wrong: another one in the middle, some too many, some too few.
ALTERED = {
    "changed": lambda data: (
        data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]
    ),
    "longer": lambda data: data + b"tail",
    "shorter": lambda data: data[:-4],
}


class Seen(NamedTuple):
    """One request. ``issued``: when the hub signed the URL, epoch seconds."""

    method: str
    digest: str
    status: int
    range: str
    issued: float


class Store:
    """A context: in it the server runs. Its moods may be changed at any time.

    ``cuts``: how many large bodies are still to break off after ``after`` bytes; from then on every URL of such a blob that was
    issued before has expired. ``once``: a URL serves one request. ``expired``: how many more requests find their URL expired.
    ``wrong``: a digest and how its bytes are altered (``ALTERED``), ``times`` more often.
    """

    def __init__(self, place: Place, *, after: int = 3_000_000) -> None:
        self.place, self.after = place, after
        self.seen: list[Seen] = []
        self.lock = threading.Lock()
        self.calm()
        self.server = ThreadingHTTPServer(
            (place.at(STORE_AT), 443), type("Bound", (_Handler,), {"store": self})
        )
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(place.pki / "hub.crt", place.pki / "hub.key")
        # The handshake is the thread's affair: whoever connects and says nothing must not stop the others.
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )

    def calm(self) -> None:
        """No moods, nothing seen."""
        self.seen.clear()
        self.cuts = self.expired = self.times = 0
        self.once, self.wrong = False, ("", "")
        self.floor: dict[str, float] = {}
        self.used: set[str] = set()

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def judge(self, target: str, digest: str, authorization: str | None, issued: float) -> int:
        """The status that this request gets, if it is not 200 or 206."""
        with self.lock:
            if authorization:
                return 400
            expired = issued < self.floor.get(digest, 0.0)
            if expired or (self.once and target in self.used) or self.expired > 0:
                self.expired = max(0, self.expired - 1)
                return 403
            self.used.add(target)
        return 200

    def content(self, digest: str) -> bytes:
        """The blob's bytes, or what is served in place of them."""
        name = digest.removeprefix("sha256:")
        blobs = self.place.folder("hub", "docker", "registry", "v2", "blobs", "sha256")
        data = (blobs / name[:2] / name / "data").read_bytes()
        with self.lock:
            if self.wrong[0] != digest or self.times <= 0:
                return data
            self.times -= 1
        return ALTERED[self.wrong[1]](data)

    def breaks_off(self, digest: str) -> bool:
        """Whether the body of this blob, which has come far, ends here."""
        with self.lock:
            if self.cuts <= 0:
                return False
            self.cuts -= 1
            # The hub's clock has milliseconds.
            self.floor[digest] = int(time.time() * 1000) / 1000
            return True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: Store

    def log_message(self, *_: object) -> None:
        """``Store.seen`` says it better."""

    def handle(self) -> None:
        with suppress(OSError):  # ssl.SSLError is one
            super().handle()

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        found, query = DIGEST.search(url.path), parse_qs(url.query)
        if not found or "verify" not in query:
            return self.reply("", 404 if not found else 403, b"")
        digest, issued = f"sha256:{found[1]}", float(query["issued"][0])
        asked = self.headers.get("Range", "")
        status = self.store.judge(self.path, digest, self.headers.get("Authorization"), issued)
        data = self.store.content(digest) if status == 200 else EXPIRED if status == 403 else b""
        fields = {}
        if status == 200:
            fields = {"ETag": f'"{found[1][:16]}"', "Accept-Ranges": "bytes"}
            if asked:
                status, size = 206, len(data)
                first, _, last = asked.removeprefix("bytes=").partition("-")
                data = data[int(first) : int(last or size - 1) + 1]
                fields["Content-Range"] = f"bytes {first}-{last or size - 1}/{size}"
        self.store.seen.append(Seen(self.command, digest, status, asked, issued))
        return self.reply(digest, status, data, fields)

    def reply(self, digest: str, status: int, data: bytes, fields: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(fields or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        for start in range(0, len(data), PIECE):
            self.wfile.write(data[start : start + PIECE])
            if start > self.store.after and self.store.breaks_off(digest):
                self.close_connection = True
                return
