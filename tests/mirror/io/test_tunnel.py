"""SOCKS5 and CONNECT: names resolved at the far end, logins, refusals."""

import base64
import shutil
import socket
import subprocess
import time

import pytest

from inspector.mirror.io import connect
from inspector.mirror.model import Credentials, Failure, Proxy, Secret, Trouble

LOGIN = Credentials(username="ada", password=Secret("p:ass wörd"))


async def greet(reader, writer):
    writer.write(b"hello " + await reader.readexactly(3))
    await writer.drain()


async def through(proxy: Proxy, host: str, port: int) -> bytes:
    reader, writer = await connect.open_stream(host, port, [], proxy)
    writer.write(b"you")
    got = await reader.readexactly(9)
    connect.close(writer)
    return got


async def test_socks5_gets_the_name_and_resolves_it_itself(socks, listen):
    far = await listen(greet)
    port, asked = await socks(names={"hub.example": "127.0.0.1"})
    proxy = Proxy(scheme="socks5", host="127.0.0.1", port=port)
    assert await through(proxy, "hub.example", far) == b"hello you"
    assert asked == [("hub.example", far)]


async def test_socks5_logs_in(socks, listen):
    far = await listen(greet)
    port, _ = await socks(login=("ada", "p:ass wörd"))
    proxy = Proxy(scheme="socks5", host="127.0.0.1", port=port, credentials=LOGIN)
    assert await through(proxy, "127.0.0.1", far) == b"hello you"


@pytest.mark.parametrize("password", ["secret-9", "x" * 300, ""])
async def test_socks5_with_a_wrong_password_says_so_and_shows_none(socks, password):
    port, _ = await socks(login=("ada", "right"))
    login = Credentials(username="ada", password=Secret(password))
    with pytest.raises(Failure) as failed:
        await through(
            Proxy(scheme="socks5", host="127.0.0.1", port=port, credentials=login), "hub.example", 1
        )
    assert failed.value.trouble is Trouble.PROXY
    assert "secret-9" not in str(failed.value)


async def test_socks5_that_asks_for_a_login_which_is_not_configured(socks):
    port, _ = await socks(login=("ada", "right"))
    with pytest.raises(Failure, match="a login that is not configured"):
        await through(Proxy(scheme="socks5", host="127.0.0.1", port=port), "hub.example", 1)


async def test_socks5_passes_the_far_ends_reason_on(socks, listen):
    closed = await listen(greet, host="127.0.0.9")
    port, _ = await socks()
    with pytest.raises(Failure) as failed:
        await through(Proxy(scheme="socks5", host="127.0.0.1", port=port), "127.0.0.1", closed)
    assert str(failed.value) == "127.0.0.1: the proxy declined: connection refused"


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_what_is_no_proxy_is_told(listen, scheme):
    async def ssh(_reader, writer):
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        await writer.drain()

    with pytest.raises(Failure, match="it does not speak") as failed:
        await through(Proxy(scheme=scheme, host="127.0.0.1", port=await listen(ssh)), "hub.example", 1)
    assert failed.value.trouble is Trouble.PROXY


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_a_proxy_that_breaks_off(listen, scheme):
    async def silent(reader, _writer):
        await reader.read(1)

    with pytest.raises(Failure, match="broke off") as failed:
        await through(Proxy(scheme=scheme, host="127.0.0.1", port=await listen(silent)), "hub.example", 1)
    assert failed.value.trouble is Trouble.PROXY


async def test_connect_sends_the_name_and_the_login(connect_proxy, listen):
    far = await listen(greet)
    port, heads = await connect_proxy(names={"hub.example": "127.0.0.1"})
    proxy = Proxy(scheme="http", host="127.0.0.1", port=port, credentials=LOGIN)
    assert await through(proxy, "hub.example", far) == b"hello you"
    login = base64.b64encode("ada:p:ass wörd".encode()).decode()
    assert heads[0].startswith(f"CONNECT hub.example:{far} HTTP/1.1\r\nHost: hub.example:{far}\r\n")
    assert f"Proxy-Authorization: Basic {login}\r\n" in heads[0]


@pytest.mark.parametrize(
    ("status", "words"),
    [(407, "user and password"), (401, "user and password"), (403, "does not allow"), (418, "418")],
)
async def test_connect_declined(connect_proxy, status, words):
    port, _ = await connect_proxy(status=status)
    with pytest.raises(Failure, match=words) as failed:
        await through(Proxy(scheme="http", host="127.0.0.1", port=port), "hub.example", 443)
    assert failed.value.trouble is Trouble.PROXY


async def test_connect_with_an_endless_head_is_given_up(listen):
    async def endless(_reader, writer):
        while True:
            writer.write(b"x-filler: " + b"y" * 1000 + b"\r\n")
            await writer.drain()

    with pytest.raises(Failure, match="has no end"):
        await through(Proxy(scheme="http", host="127.0.0.1", port=await listen(endless)), "hub.example", 443)


@pytest.fixture(name="microsocks")
def _microsocks():
    """The port of a real SOCKS5 server that wants ada's password, "word"."""
    if shutil.which("microsocks") is None:
        pytest.skip("microsocks is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["microsocks", "-i", "127.0.0.1", "-p", str(port), "-u", "ada", "-P", "word"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.01)
    yield port
    server.terminate()
    server.wait()


async def test_a_real_socks5_server_with_a_password(listen, microsocks):
    far = await listen(greet)
    right, wrong = (
        Proxy(
            scheme="socks5",
            host="127.0.0.1",
            port=microsocks,
            credentials=Credentials(username="ada", password=Secret(word)),
        )
        for word in ("word", "wrong")
    )
    assert await through(right, "localhost", far) == b"hello you"
    with pytest.raises(Failure, match="refused the user and password"):
        await through(wrong, "localhost", far)
