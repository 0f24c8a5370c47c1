"""hardening.md, part D, lines 42 to 45: HTTP/2 at the mirror, certificates, addresses that swallow, the wrong protocol."""

import asyncio
import contextlib
import datetime as dt
import socket
import ssl

import h2.config
import h2.connection
import hpack
import pytest
import trustme
from kit.upstream import AUTH, BLOB, CDN, HUB, MANIFEST, Host
from mitmproxy.exceptions import OptionsError

TOKEN = "Bearer token-x"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


def asked(*more: tuple[str, str], authority: str = "mirror.test") -> list[tuple[str, str]]:
    path = "/v2/team/app/manifests/1"
    return [(":method", "GET"), (":scheme", "https"), (":path", path), (":authority", authority), *more]


def rapid_reset() -> bytes:
    """CVE-2023-44487."""
    block = hpack.Encoder().encode(asked(("authorization", TOKEN)))
    both = [frame(1, 5, n, block) + frame(3, 0, n, b"\0\0\0\x08") for n in range(1, 2001, 2)]
    return b"".join(both)


def continuation_flood() -> bytes:
    return frame(1, 1, 1, hpack.Encoder().encode(asked())) + frame(9, 0, 1, b"\0") * 20_000


def hpack_bomb() -> bytes:
    """CVE-2016-6581: one field of 4 KiB in the table, referred to again and again."""
    block = hpack.Encoder().encode([*asked(), ("x", "y" * 4000)])
    return frame(1, 5, 1, block + b"\xbe" * 16_000)


def settings_flood() -> bytes:
    return SETTINGS * 100_000


def two_hosts() -> bytes:
    return frame(
        1,
        5,
        1,
        hpack.Encoder().encode(asked(("host", "a.test"), ("host", "b.test"), ("authorization", TOKEN))),
    )


def other_authority() -> bytes:
    fields = asked(("host", "a.test"), ("authorization", TOKEN), authority="b.test")
    return frame(1, 5, 1, hpack.Encoder().encode(fields))


def an_honest_request() -> bytes:
    made = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    made.initiate_connection()
    made.send_headers(1, asked(("authorization", TOKEN)), end_stream=True)
    return made.data_to_send().removeprefix(PREFACE)


async def said(up, data: bytes, context: ssl.SSLContext | None) -> tuple[bytes, str | None]:
    """What comes back until the mirror closes the connection, and the protocol that TLS chose."""
    reader, writer = await asyncio.open_connection("127.0.0.1", up.port, ssl=context)
    tls = writer.get_extra_info("ssl_object")
    got = b""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        async with asyncio.timeout(10):
            writer.write(data)
            await writer.drain()
            while piece := await reader.read(65536):
                got += piece
    writer.close()
    return got, tls and tls.selected_alpn_protocol()


@pytest.mark.parametrize("layer", ["plain", "TLS"])
@pytest.mark.parametrize(
    "attack",
    [
        rapid_reset,
        continuation_flood,
        hpack_bomb,
        settings_flood,
        two_hosts,
        other_authority,
        an_honest_request,
    ],
)
async def test_42_http_2_is_not_spoken(mirror, world, attack, layer):
    """Whatever h2 and hpack would make of it: they never see it, nor does an upstream."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    up = await mirror()
    answer, chosen = await said(up, PREFACE + SETTINGS + attack(), context if layer == "TLS" else None)
    assert chosen in {"http/1.1", None}
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert world.hub.seen == []
    assert (await up.ask("GET /v2/team/app/manifests/1", authorization=TOKEN)).body == MANIFEST


async def test_42_http_2_cannot_be_switched_on(mirror):
    up = await mirror()
    with pytest.raises(OptionsError, match=r"^http2: the mirror serves HTTP/1\.1 only"):
        up.master.options.update(http2=True)
    assert not up.master.options.http2
    with pytest.raises(OptionsError, match=r"^http2: "):
        await mirror(more={"http2": True})


async def test_42_quic_is_not_spoken(mirror):
    """For ``reverse:https:`` mitmproxy opens a UDP port too, whatever ``http3`` is; the mirror does not."""
    up = await mirror(f"https://{HUB}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", up.port))  # an error, if anybody were there
        assert probe.getsockname()[1] == up.port


async def tls_host(world, name, context) -> Host:
    """A server of that name with this context. ``chosen``: the protocols that were agreed on."""
    made = Host(world.registry if name == HUB else world.storage, "https")
    await made.start(context)
    made.address, made.url = world.net.name(name, 443, made.place), f"https://{name}"
    world.hosts.append(made)
    return made


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


async def test_42_of_an_upstream_http_2_is_not_asked_for(mirror, bare_world, authority):
    world, chosen = bare_world, set()
    world.auth = await world.host(AUTH, world.token)

    def context(name):
        made = server_context(authority.issue_cert(name))
        made.set_alpn_protocols(["h2", "http/1.1"])
        return made

    world.hub, world.cdn = await tls_host(world, HUB, context(HUB)), await tls_host(world, CDN, context(CDN))
    for host in (world.hub, world.cdn):
        real = host._serve

        async def serve(reader, writer, real=real):
            chosen.add(writer.get_extra_info("ssl_object").selected_alpn_protocol())
            await real(reader, writer)

        host.stop()
        host._serve = serve
        await host.start(context(HUB if host is world.hub else CDN))
        world.net.route(host.address, 443, host.place)
    up = await mirror(f"https://{HUB}")
    assert (await up.ask(f"GET {world.blob_path()}", authorization=TOKEN)).body == BLOB
    assert chosen <= {"http/1.1", None}


WRONG = {
    "expired": lambda ca, name: ca.issue_cert(name, not_after=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)),
    "of another name": lambda ca, _: ca.issue_cert("other.example.org"),
    "of a stranger's CA": lambda _, name: trustme.CA().issue_cert(name),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_43_an_upstream_whose_certificate_is_wrong_gets_no_request(
    mirror, bare_world, authority, wrong
):
    world = bare_world
    world.auth, good = await world.host(AUTH, world.token), server_context(authority.issue_cert(HUB))
    world.hub = await tls_host(world, HUB, good)
    world.cdn = await tls_host(world, CDN, server_context(WRONG[wrong](authority, CDN)))
    up = await mirror(f"https://{HUB}", tries="1")
    blob = await up.ask(f"GET {world.blob_path()}", authorization=TOKEN)
    assert blob.status == 502
    assert CDN in blob.says
    assert "certificate" in blob.says.lower()
    world.hub = await tls_host(world, HUB, server_context(WRONG[wrong](authority, HUB)))
    up = await mirror(f"https://{HUB}", tries="1")
    manifest = await up.ask("GET /v2/team/app/manifests/1", authorization=TOKEN)
    assert manifest.status == 502
    assert HUB in manifest.says
    assert "its certificate is not accepted" in manifest.says
    assert world.cdn.seen == world.hub.seen == []


@pytest.fixture
def black_hole():
    """A port that answers no connection: its backlog is full."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    full = []
    for _ in range(4):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(listener.getsockname())
        full.append(one)
    yield listener.getsockname()
    for one in (*full, listener):
        one.close()


async def test_44_an_address_that_swallows_is_passed_over(mirror, world, net, black_hole):
    """A name whose IPv6 address leads nowhere: for metadata, tokens and blobs alike, the next one is tried beside it."""
    for host, name in ((world.hub, HUB), (world.auth, AUTH), (world.cdn, CDN)):
        net.names[name] = [["2a00:1450::99", host.address]]
    net.route("2a00:1450::99", 80, black_hole)
    up = await mirror()
    async with asyncio.timeout(8):
        auth = await up.token()
        assert (await up.ask(f"GET {world.blob_path()}", authorization=auth)).body == BLOB
    assert net.dialled.count(("2a00:1450::99", 80)) >= 3
    exchange = up.flows[-1].metadata["pull_inspector_mirror"]["exchanges"][-1]
    assert exchange["address"].startswith("127.0.0.1:")


async def test_44_where_every_address_swallows_the_client_is_told(mirror, world, net, black_hole):
    net.route(world.cdn.address, 80, black_hole)
    up = await mirror(tries="0")
    answer = await up.ask(f"GET {world.blob_path()}", authorization=TOKEN)
    assert answer.status == 502
    assert "cdn.example.net: no address accepted a connection in time" in answer.says


async def test_45_plain_http_where_tls_is_expected_and_the_reverse(mirror, world, net, authority):
    async def plain(reader, writer):
        await reader.read(1000)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    net.route(world.hub.address, 443, server.sockets[0].getsockname())
    up = await mirror(f"https://{HUB}", tries="0")
    answer = await up.ask("GET /v2/team/app/manifests/1", authorization=TOKEN)
    assert (answer.status, "no TLS is spoken there" in answer.says) == (502, True)
    tls = await tls_host(world, "tls.example.org", server_context(authority.issue_cert("tls.example.org")))
    net.route(world.hub.address, 80, tls.place)
    up = await mirror(tries="0")
    answer = await up.ask("GET /v2/team/app/manifests/1", authorization=TOKEN)
    assert answer.status == 502
    assert HUB in answer.says
    net.route(world.hub.address, 80, world.hub.place)
    net.route(world.cdn.address, 80, tls.place)
    answer = await up.ask(f"GET {world.blob_path()}", authorization=TOKEN)
    assert (answer.status, CDN in answer.says) == (502, True)
    assert tls.seen == []
    server.close()


async def test_45_a_client_may_come_by_tls_or_not(mirror, world):
    """The port takes both; a certificate is the operator's matter. What comes by TLS is told https."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    up = await mirror()
    answer, _ = await said(up, b"GET /v2/ HTTP/1.1\r\nHost: m.test\r\nConnection: close\r\n\r\n", context)
    assert b'realm="https://m.test/token"' in answer
