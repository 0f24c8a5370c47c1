"""Asking a proxy for a tunnel: SOCKS5 (RFC 1928, RFC 1929) and HTTP CONNECT (RFC 9110 section 9.3.6).

Knows: these two handshakes on an open stream. Must not know: how the stream was opened, what goes through it.
Names go to the proxy as names, so they are resolved at the far end. Replies are read to the byte and not further: what
follows them is the upstream's. (socksio, the usual library, takes a reply only if it comes in one piece.)
"""

import asyncio
import base64
import ipaddress

from inspector.mirror.model import Credentials, Failure, Proxy, Trouble
from inspector.wire.clean import clean

PATIENCE = 10.0
"""Seconds for the proxy to reach the upstream and say so."""

# RFC 1928 section 6
_REPLIES = {
    1: "general failure", 2: "not allowed by its rules", 3: "network unreachable", 4: "host unreachable",
    5: "connection refused", 6: "TTL expired", 7: "command not supported", 8: "address type not supported",
}  # fmt: skip
_REFUSED = "it asks for a user and password, or refused those it got"
_CONNECT_WORDS = {
    401: _REFUSED,  # tinyproxy 1.11 at a wrong password
    403: "it does not allow this host",
    407: _REFUSED,
    502: "it could not reach the host",
    503: "it could not reach the host",
    504: "it could not reach the host in time",
}

type Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def ask(stream: Stream, proxy: Proxy, host: str, port: int) -> None:
    """Make ``stream`` a tunnel to ``host``; Failure(PROXY) when the proxy declines, EOFError or OSError when it breaks."""
    if proxy.scheme == "socks5":
        await _socks5(stream, proxy, host, port)
    else:
        await _connect(stream, proxy, host, port)


async def _socks5(stream: Stream, proxy: Proxy, host: str, port: int) -> None:
    reader, writer = stream
    # RFC 1928 section 3. No credentials, no offer to send any.
    methods = b"\x00\x02" if proxy.credentials else b"\x00"
    writer.write(bytes((5, len(methods))) + methods)
    version, method = await reader.readexactly(2)
    if version != 5:
        raise _declined(host, "it does not speak SOCKS5")
    if method == 2 and proxy.credentials:
        await _user_and_password(stream, proxy.credentials, host)
    elif method != 0:
        raise _declined(host, "it asks for a login that is not configured")
    writer.write(b"\x05\x01\x00" + _socks_address(host) + port.to_bytes(2))
    version, reply, _, kind = await reader.readexactly(4)
    if version != 5:
        raise _declined(host, "it does not speak SOCKS5")
    if reply != 0:
        raise _declined(host, _REPLIES.get(reply, f"reply {reply}"))
    length = {1: 4, 4: 16}.get(kind)
    if length is None:
        length = (await reader.readexactly(1))[0]
    await reader.readexactly(length + 2)  # the address that it is bound to: of no use to us


async def _user_and_password(stream: Stream, credentials: Credentials, host: str) -> None:
    """RFC 1929."""
    user, password = credentials.username.encode(), credentials.password.reveal().encode()
    if not 0 < len(user) < 256 or not 0 < len(password) < 256:
        raise _declined(host, "SOCKS5 takes a user and password of 1 to 255 bytes")
    stream[1].write(b"\x01" + bytes((len(user),)) + user + bytes((len(password),)) + password)
    _, status = await stream[0].readexactly(2)
    if status != 0:
        raise _declined(host, "it refused the user and password")


def _socks_address(host: str) -> bytes:
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("ascii", "replace")[:255]
        return b"\x03" + bytes((len(name),)) + name
    return (b"\x01" if ip.version == 4 else b"\x04") + ip.packed


async def _connect(stream: Stream, proxy: Proxy, host: str, port: int) -> None:
    reader, writer = stream
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if proxy.credentials:
        pair = f"{proxy.credentials.username}:{proxy.credentials.password.reveal()}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}")
    writer.write("\r\n".join([*lines, "", ""]).encode())
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise _declined(host, "its answer has no end") from None
    words = head.split(b"\r\n", 1)[0].split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise _declined(host, "it does not speak HTTP")
    status = int(words[1][:3])
    if not 200 <= status < 300:
        raise _declined(host, _CONNECT_WORDS.get(status, f"it answered {status}"))


def _declined(host: str, sentence: str) -> Failure:
    return Failure(Trouble.PROXY, clean(host, 100), f"the proxy declined: {sentence}")
