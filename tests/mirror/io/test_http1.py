"""One connection: what comes is one well-formed answer, or it is told why not; what follows an answer ends it."""

import asyncio
import socket
import struct

import h11
import pytest

from inspector.mirror.io import connect
from inspector.mirror.io.http1 import Broken, Connection, TooLarge, Unanswered


@pytest.fixture(name="talk")
async def _talk(listen):
    """talk(raw, more=b"", close=True) -> Connection to a server that answers each request with ``raw``."""
    made: list[Connection] = []

    async def talk(raw: bytes, *, stall: float = 2.0, stay: bool = False) -> Connection:
        async def handle(reader, writer):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(raw)
                await writer.drain()
                if not stay:
                    return

        port = await listen(handle)
        reader, writer = await connect.open_stream("hub.example", port, ["127.0.0.1"])
        connection = Connection(reader, writer, f"127.0.0.1:{port}", stall)
        made.append(connection)
        return connection

    yield talk
    for each in made:
        each.close()


async def get(connection: Connection, most: int = 1000, method: str = "GET"):
    head = await connection.send(method, "/v2/", [("host", "hub.example")], b"")
    return head, await connection.body(most)


async def test_an_answer_and_another_on_the_same_connection(talk):
    connection = await talk(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nx-a: 2\r\n\r\nhi", stay=True)
    head, body = await get(connection)
    assert (head.status, head.get("x-a"), body) == (200, "1", b"hi")
    assert connection.reuse()
    assert (await get(connection))[1] == b"hi"


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhi\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
    ],
)
async def test_D36_D37_a_body_that_is_cut_or_never_comes_is_no_body(talk, raw):
    with pytest.raises(Broken):
        await get(await talk(raw))


async def test_D36_a_body_that_ends_in_a_reset_is_no_body(listen):
    async def reset(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhi")
        await writer.drain()
        await reader.readexactly(1)  # the client has read the beginning
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    reader, writer = await connect.open_stream("hub.example", await listen(reset), ["127.0.0.1"])
    connection = Connection(reader, writer, None, 2.0)
    await connection.send("GET", "/", [("host", "hub.example")], b"")
    writer.write(b"x")
    with pytest.raises(Broken, match="after 2 bytes"):
        await connection.body(100)
    connection.close()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("Content-Length: 2\r\nContent-Length: 3", "Content-Length"),
        ("Content-Length: 2, 3", "Content-Length"),
        ("Content-Length: -2", "Content-Length"),
        ("Content-Length: 0x2", "Content-Length"),
        ("Content-Length: +2", "Content-Length"),
        ("Content-Length: 2\r\nTransfer-Encoding: chunked", "both"),
        ("Transfer-Encoding: gzip", "Transfer-Encoding"),
        ("Transfer-Encoding: chunked, chunked", "Transfer-Encoding"),
    ],
)
async def test_D38_lengths_that_are_wrong_or_contradict_each_other(talk, fields, words):
    raw = f"HTTP/1.1 200 OK\r\n{fields}\r\n\r\n2\r\nhi\r\n0\r\n\r\n".encode()
    connection = await talk(raw, stay=True)
    with pytest.raises(Broken, match=words):
        await get(connection)
    assert not connection.reuse()


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 204 No\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    ],
)
async def test_D38_a_second_answer_smuggled_behind_the_first_ends_the_connection(talk, raw):
    connection = await talk(raw + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", stay=True)
    await get(connection)
    assert not connection.reuse()


async def test_D38_a_body_after_an_answer_to_head_ends_the_connection(talk):
    connection = await talk(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", stay=True)
    assert (await get(connection, method="HEAD"))[1] == b""
    assert not connection.reuse()


async def test_D38_what_comes_while_nobody_asks_ends_the_connection(talk):
    connection = await talk(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", stay=True)
    await get(connection)
    assert connection.reuse()
    connection._writer.write(b"GET / HTTP/1.1\r\n\r\n")
    while connection.quiet():  # noqa: ASYNC110 - a socket's arrival has none
        await asyncio.sleep(0.001)
    assert not connection.quiet()


async def test_a_body_of_one_byte_more_is_not_read(talk):
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    assert (await get(await talk(raw), most=5))[1] == b"hello"
    with pytest.raises(TooLarge):
        await get(await talk(raw), most=4)


async def test_a_connection_that_closes_before_an_answer_is_told_apart(listen, talk):
    with pytest.raises(Unanswered):
        await get(await talk(b""))


async def test_D40_silence_is_given_up(talk):
    with pytest.raises(TimeoutError):
        await get(await talk(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", stall=0.02, stay=True))


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.2 secret-9\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46secret-9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad header secret-9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"secret-9" * 20_000 + b"\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: secret-9\r\n\r\n",
        b"HTTP/1.1 103 Early\r\n\r\n" * 100,
    ],
)
async def test_what_is_no_answer_is_told_in_words_of_ours(talk, raw):
    with pytest.raises(Broken) as broken:
        await get(await talk(raw, stay=True))
    assert "secret-9" not in str(broken.value)


async def test_early_hints_are_let_pass(talk):
    raw = b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    assert (await get(await talk(raw)))[1] == b"hi"


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\nb", "a\x00b"])
async def test_E50_a_field_that_would_become_two_is_never_written(talk, value):
    connection = await talk(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(h11.LocalProtocolError):
        await connection.send("GET", "/", [("host", "h"), ("authorization", value)], b"")
