"""Servers on loopback that answer as they are told: HTTP/1.1 in bytes, and HTTP/2 with trailers.

Knows: sockets, TLS, h2. Must not know: registries, recordings.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable

import h2.config
import h2.connection
import h2.events

type Answer = Callable[[bytes], bytes]
"""The bytes of a request's head and body as far as they came, to the bytes of the answer."""


class Origin(threading.Thread):
    """Accepts until it is closed; each connection has a thread."""

    def __init__(self, serve: Callable[[socket.socket], None], context: ssl.SSLContext | None = None) -> None:
        super().__init__(daemon=True)
        self._serve, self._context = serve, context
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        self.start()

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._guarded, args=(client,), daemon=True).start()

    def _guarded(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, ssl.SSLError), contextlib.closing(client):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream = self._context.wrap_socket(client, server_side=True) if self._context else client
            with contextlib.closing(stream):
                self._serve(stream)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def http1(answer: Answer) -> Callable[[socket.socket], None]:
    """One answer a request; the connection stays open unless the answer ends it with ``Connection: close``."""

    def serve(stream: socket.socket) -> None:
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                more = stream.recv(65536)
                if not more:
                    return
                data += more
            head, _, data = data.partition(b"\r\n\r\n")
            length = next(
                (
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                ),
                0,
            )
            while len(data) < length:
                data += stream.recv(65536)
            said = answer(head + b"\r\n\r\n" + data[:length])
            data = data[length:]
            stream.sendall(said)
            if b"connection: close" in said.lower():
                return

    return serve


def http2(
    headers: list[tuple[str, str]], body: bytes, trailers: list[tuple[str, str]]
) -> Callable[[socket.socket], None]:
    """The same answer to each request, with trailers."""

    def serve(stream: socket.socket) -> None:
        conn = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        )
        conn.initiate_connection()
        stream.sendall(conn.data_to_send())
        while data := stream.recv(65536):
            for event in conn.receive_data(data):
                if isinstance(event, h2.events.StreamEnded):
                    conn.send_headers(event.stream_id, headers)
                    conn.send_data(event.stream_id, body)
                    conn.send_headers(event.stream_id, trailers, end_stream=True)
            stream.sendall(conn.data_to_send())

    return serve


def reply(status: str, body: bytes = b"", *fields: str) -> bytes:
    """A whole HTTP/1.1 answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body
