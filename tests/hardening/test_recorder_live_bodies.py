"""hardening.md, part D, live: a real mitmdump under slow clients, cuts and stalls."""

import contextlib
import random
import socket
import ssl
import struct
import threading
import time
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import pytest
import trustme
from kit.origin import Origin

MIB = 1 << 20
LAZY = (
    "--set",
    "ssl_insecure=true",
    "--set",
    "connection_strategy=lazy",
)  # else the client gets the upstream's protocol


@pytest.fixture(scope="module")
def server_context() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    context.set_alpn_protocols(["http/1.1"])
    return context


def memory(pid: int, field: str = "VmHWM") -> int:
    """MB that a process has, or had at most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) // 1024


class Client:
    """An HTTP/2 client behind the proxy's CONNECT; ``open_window`` False: it reads and gives no credit back."""

    def __init__(self, proxy, port: int, *, open_window: bool = True) -> None:
        self.socket = socket.create_connection(("127.0.0.1", proxy.port))
        self.socket.sendall(f"CONNECT localhost:{port} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
        while b"\r\n\r\n" not in self.socket.recv(4096):
            pass
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        self.tls = context.wrap_socket(self.socket, server_hostname="localhost")
        assert self.tls.selected_alpn_protocol() == "h2"
        self.conn = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
        )
        self.conn.initiate_connection()
        self.open_window = open_window
        self.ends: dict[int, str] = {}
        self.sizes: dict[int, int] = {}

    def get(self, path: str) -> int:
        stream = self.conn.get_next_available_stream_id()
        head = [(":method", "GET"), (":scheme", "https"), (":authority", "localhost"), (":path", path)]
        self.conn.send_headers(stream, head, end_stream=True)
        self.sizes[stream] = 0
        self.tls.sendall(self.conn.data_to_send())
        return stream

    def read(self, seconds: float) -> None:
        """Take what comes until each stream has ended, or the time is over."""
        until = time.monotonic() + seconds
        while self.ends.keys() != self.sizes.keys() and (left := until - time.monotonic()) > 0:
            self.tls.settimeout(left)
            try:
                data = self.tls.recv(65536)
            except TimeoutError:
                return
            except OSError:
                data = b""
            if not data:
                self.ends |= dict.fromkeys(self.sizes.keys() - self.ends.keys(), "closed")
                return
            for event in self.conn.receive_data(data):
                match event:
                    case h2.events.DataReceived():
                        self.sizes[event.stream_id] += len(event.data)
                        if self.open_window:
                            self.conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    case h2.events.StreamEnded():
                        self.ends[event.stream_id] = "whole"
                    case h2.events.StreamReset():
                        self.ends[event.stream_id] = "reset"
                    case h2.events.ConnectionTerminated():
                        self.ends |= dict.fromkeys(self.sizes.keys() - self.ends.keys(), "closed")
            with contextlib.suppress(OSError):
                self.tls.sendall(self.conn.data_to_send())

    def close(self) -> None:
        self.tls.close()


def blob(size: int, *, cut: float | None = None, reset: bool = False, stall_at: int | None = None):
    """Serves ``size`` bytes to each request; cut after so many seconds; silent for ever after ``stall_at`` bytes."""

    def serve(stream: ssl.SSLSocket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            if not (more := stream.recv(65536)):
                return
            data += more
        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        until = None if cut is None else time.monotonic() + cut
        sent, piece = 0, bytes(64 * 1024)
        while sent < (stall_at or size):
            if until is not None and time.monotonic() > until:
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", reset, 0))
                return
            stream.sendall(piece)
            sent += len(piece)
            time.sleep(0.001 if until else 0)
        if stall_at:
            stream.recv(1)  # until the proxy goes away

    return serve


@pytest.mark.parametrize("size", [160])
def test_D40_an_http2_client_that_holds_its_window_costs_no_memory(start, server_context, size):
    proxy, origin = start(*LAZY), Origin(blob(size * MIB), server_context)
    client = Client(proxy, origin.port, open_window=False)
    streams = [client.get(f"/v2/x/blobs/{n}") for n in range(2)]
    client.read(2)
    assert sum(client.sizes[one] for one in streams) <= 65535  # the window that a connection has
    held = memory(proxy.process.pid)
    client.open_window = True
    client.conn.increment_flow_control_window(1 << 20)
    for one in streams:
        client.conn.increment_flow_control_window(1 << 20, one)
    client.tls.sendall(client.conn.data_to_send())
    client.read(40)
    assert [client.ends.get(one) for one in streams] == ["whole", "whole"]
    assert [client.sizes[one] for one in streams] == [size * MIB] * 2
    peak = memory(proxy.process.pid)
    client.close()
    origin.close()
    print(f"held {held} MB, peak {peak} MB, body 2 x {size} MiB")
    assert held < 120
    assert peak < 140


def test_D40_a_stall_is_ended_by_tcp_timeout(start, server_context, report):
    proxy = start(*LAZY, "--set", "tcp_timeout=2")
    origin = Origin(blob(4 * MIB, stall_at=1 * MIB), server_context)
    client = Client(proxy, origin.port)
    stream = client.get("/v2/x/y/blobs/sha256:" + "a" * 64)
    client.read(20)
    assert client.ends[stream] in {"reset", "closed"}
    assert client.sizes[stream] == 1 * MIB
    client.close()
    origin.close()
    proxy.stop()
    (one,) = report(proxy.capture).exchanges
    assert one["error"]
    assert one["size"] == 1 * MIB


def test_D36_parallel_streams_that_are_cut_at_random_all_end(start, server_context, report):
    chance, proxy = random.Random(36), start(*LAZY)
    origins = [
        Origin(blob(4 * MIB, cut=chance.uniform(0.0, 0.04), reset=bool(n % 2)), server_context)
        for n in range(4)
    ]
    clients = [Client(proxy, origin.port) for _ in range(2) for origin in origins]
    for client in clients:
        for n in range(4):
            client.get(f"/v2/x/y/blobs/sha256:{n:064x}")
    threads = [threading.Thread(target=client.read, args=(15,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ends = [client.ends.get(stream) for client in clients for stream in client.sizes]
    assert len(ends) == 32
    assert set(ends) <= {"reset", "closed"}
    for client in clients:
        client.close()
    for origin in origins:
        origin.close()
    proxy.stop()
    told = report(proxy.capture).exchanges
    assert len(told) == 32
    assert all(one["error"] for one in told)
