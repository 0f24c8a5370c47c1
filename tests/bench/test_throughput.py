"""Throughput, requests a second and memory of the recording proxy, as ratios to bare mitmdump.

``pytest -m bench tests/bench -s``. Sizes and rounds: BENCH_MIB (1024), BENCH_ROUNDS (5), BENCH_LARGE_GIB (2).
"""

import os
import socket
import subprocess
import time

import pytest

pytestmark = pytest.mark.bench

MIB = int(os.environ.get("BENCH_MIB", "1024"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
LARGE_GIB = int(os.environ.get("BENCH_LARGE_GIB", "2"))


def tell(title: str, lines: list[str]) -> None:
    print(f"\n{title}")
    for line in lines:
        print(f"  {line}")


@pytest.mark.parametrize("kind", ["plain", "TLS, HTTP/1.1", "TLS, HTTP/2"])
def test_throughput_of_one_blob(origin, start, bench, kind: str) -> None:
    path = origin.file("blob", MIB << 20)
    secure = kind != "plain"
    mode = f"reverse:https://127.0.0.1:{origin.tls}" if secure else f"reverse:http://127.0.0.1:{origin.plain}"
    lazy = ("connection_strategy=lazy",) if kind.endswith("2") else ()
    proxies = {
        "bare": start(mode, addon=False, options=lazy),
        "recording": start(mode, addon=True, options=lazy),
    }
    words = ["--http2"] if kind.endswith("2") else ["--http1.1"]

    def case(port: int):
        scheme = "https" if secure else "http"
        return lambda: bench["fetch"](f"{scheme}://127.0.0.1:{port}{path}", *words)

    direct = f"https://127.0.0.1:{origin.tls}{path}" if secure else f"http://127.0.0.1:{origin.plain}{path}"
    cases = {"direct": lambda: bench["fetch"](direct, "--http1.1")}
    cases |= {name: case(proxy.port) for name, proxy in proxies.items()}
    seconds = bench["interleaved"](ROUNDS, cases)
    lines = [
        f"{name:9}  {MIB / 1024 / value:5.2f} GiB/s  {seconds['bare'] / value:5.2f} of bare"
        for name, value in seconds.items()
    ]
    lines += [f"{name:9}  {proxy.peak():5.0f} MB at most" for name, proxy in proxies.items()]
    tell(f"one blob of {MIB} MiB, {kind}, median of {ROUNDS}", lines)
    assert set(seconds) == {"direct", "bare", "recording"}


def requests(port: int, path: str, count: int) -> float:
    """Seconds for ``count`` GETs on one connection that is kept alive."""
    head = f"GET {path} HTTP/1.1\r\nHost: registry.test\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port)) as plain:
        reader = plain.makefile("rb")
        begin = time.perf_counter()
        for _ in range(count):
            plain.sendall(head)
            length = 0
            while (line := reader.readline().strip()) != b"":
                if line.lower().startswith(b"content-length:"):
                    length = int(line[15:])
            reader.read(length)
        return time.perf_counter() - begin


def test_small_requests(origin, start, bench) -> None:
    path, count = origin.file("small", 1024), 500
    mode = f"reverse:http://127.0.0.1:{origin.plain}"
    proxies = {"bare": start(mode, addon=False), "recording": start(mode, addon=True)}
    cases = {name: lambda port=proxy.port: requests(port, path, count) for name, proxy in proxies.items()}
    seconds = bench["interleaved"](ROUNDS, cases)
    lines = [
        f"{name:9}  {count / value:5.0f} a second  {seconds['bare'] / value:5.2f} of bare"
        for name, value in seconds.items()
    ]
    lines += [f"{name:9}  {proxy.peak():5.0f} MB at most" for name, proxy in proxies.items()]
    tell(f"requests of 1 KiB, median of {ROUNDS}", lines)
    assert set(seconds) == {"bare", "recording"}


def test_memory_of_a_large_blob(origin, start, bench) -> None:
    path = origin.file("large", LARGE_GIB << 30)
    proxy = start(f"reverse:http://127.0.0.1:{origin.plain}", addon=True)
    before = proxy.peak()
    bench["fetch"](f"http://127.0.0.1:{proxy.port}{path}")
    tell(f"one blob of {LARGE_GIB} GiB", [f"{before:.0f} MB before, {proxy.peak():.0f} MB at most"])
    assert proxy.peak() < 120


def test_memory_of_many_pulls(origin, start) -> None:
    path = origin.file("many", 64 << 20)
    proxy = start(f"reverse:https://127.0.0.1:{origin.tls}", addon=True)
    url = f"https://127.0.0.1:{proxy.port}{path}"
    clients = [subprocess.Popen(["curl", "-sfk", "-o", "/dev/null", "--http1.1", url]) for _ in range(32)]
    assert [client.wait(300) for client in clients] == [0] * 32
    tell("32 pulls of 64 MiB at once, TLS", [f"{proxy.peak():.0f} MB at most"])
    assert proxy.peak() < 120
