"""What a real mitmproxy dials for the mirror's flows: what was announced, and nothing else."""

import asyncio
import contextlib
import gc
import weakref
from types import SimpleNamespace

import pytest
from mitmproxy import http as mitm
from mitmproxy.connection import Client
from mitmproxy.options import Options
from mitmproxy.test import tflow
from mitmproxy.tools.dump import DumpMaster

from inspector.mirror.io import dial
from inspector.mirror.model import Credentials, Endpoint, Proxy, Secret


@pytest.fixture(autouse=True)
def _not_strict():
    assert dial.install() == []
    yield
    dial.strict(False)


class Sender:
    """Sends each request where ``url`` says, and announces ``endpoint``."""

    def __init__(self) -> None:
        self.url = ""
        self.endpoint: Endpoint | None = None
        self.errors: list[str] = []
        self.flows: list[mitm.HTTPFlow] = []

    async def request(self, flow: mitm.HTTPFlow) -> None:
        flow.request.url = self.url
        self.flows.append(flow)
        if self.endpoint is not None:
            dial.expect(flow, self.endpoint)

    def server_connect_error(self, data) -> None:
        self.errors.append(data.server.error)


@pytest.fixture(name="sender")
def _sender():
    return Sender()


@pytest.fixture(name="mirror")
async def _mirror(sender, ca, tmp_path_factory):
    """The port of a reverse proxy whose flows go where ``sender`` says."""
    confdir = str(tmp_path_factory.mktemp("confdir"))
    master = DumpMaster(Options(confdir=confdir), with_termlog=False, with_dumper=False)
    master.addons.add(sender)
    master.options.update(
        listen_host="127.0.0.1",
        listen_port=0,
        mode=["reverse:http://127.0.0.1:9"],
        connection_strategy="lazy",
        ssl_verify_upstream_trusted_ca=ca,
    )
    running = asyncio.create_task(master.run())
    server = master.addons.get("proxyserver")
    while not server.listen_addrs():  # noqa: ASYNC110 - mitmproxy has no event for it
        await asyncio.sleep(0.01)
    yield server.listen_addrs()[0][1]
    master.shutdown()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    for instance in list(server.servers):  # mitmproxy leaves its sockets to the end of the process
        await instance.stop()
    for handler in list(server.connections.values()):
        for transport in list(handler.transports.values()):
            if transport.handler:
                transport.handler.cancel()
    while server.connections:  # noqa: ASYNC110 - mitmproxy has no event for it
        await asyncio.sleep(0.005)


async def get(port: int, times: int = 1) -> list[bytes]:
    """The answers to so many requests on one connection: the first line and the body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    for _ in range(times):
        writer.write(b"GET /v2/ HTTP/1.1\r\nHost: mirror.example\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answers.append(head.split(b" ", 2)[1] + b" " + await reader.readexactly(length))
    writer.close()
    return answers


async def test_A2_the_announced_address_is_dialled_whatever_the_name_says(mirror, sender, serve, http):
    hub = await serve(http(200, b"hello"), host="127.0.0.2", tls=("hub.example",))
    sender.url = hub.url("/v2/", "hub.example")
    sender.endpoint = Endpoint(host="hub.example", port=hub.port, addresses=("127.0.0.2",))
    assert await get(mirror, 2) == [b"200 hello"] * 2
    assert hub.connections == 1  # the pinned connection is used again
    server = sender.flows[0].server_conn
    assert (server.address, server.sni, server.peername[0]) == (
        ("hub.example", hub.port),
        "hub.example",
        "127.0.0.2",
    )
    assert hub.requests[0].headers["host"].startswith("hub.example")


async def test_the_certificate_must_be_the_names(mirror, sender, serve, http):
    hub = await serve(http(200, b"hello"), tls=("other.example",))
    sender.url = hub.url("/", "hub.example")
    sender.endpoint = Endpoint(host="hub.example", port=hub.port, addresses=("127.0.0.1",))
    assert (await get(mirror))[0].startswith(b"502")
    assert hub.requests == []


async def test_D44_the_next_address_is_tried(mirror, sender, serve, http):
    hub = await serve(http(200, b"hello"), host="127.0.0.2")
    sender.url = hub.url("/", "hub.example")
    sender.endpoint = Endpoint(host="hub.example", port=hub.port, addresses=("127.0.0.1", "127.0.0.2"))
    assert await get(mirror) == [b"200 hello"]


@pytest.mark.parametrize("tls", [(), ("far.example",)])
async def test_socks5_with_a_login_resolves_at_the_far_end(mirror, sender, serve, socks, http, tls):
    hub = await serve(http(200, b"hello"), tls=tls)
    port, asked = await socks(login=("ada", "word"), names={"far.example": "127.0.0.1"})
    login = Credentials(username="ada", password=Secret("word"))
    proxy = Proxy(scheme="socks5", host="127.0.0.1", port=port, credentials=login)
    sender.url = hub.url("/", "far.example")
    sender.endpoint = Endpoint(host="far.example", port=hub.port, proxy=proxy)
    assert await get(mirror) == [b"200 hello"]
    assert asked == [("far.example", hub.port)]


async def test_a_connect_proxy(mirror, sender, serve, connect_proxy, http):
    hub = await serve(http(200, b"hello"), tls=("far.example",))
    port, heads = await connect_proxy(names={"far.example": "127.0.0.1"})
    sender.url = hub.url("/", "far.example")
    proxy = Proxy(scheme="http", host="127.0.0.1", port=port)
    sender.endpoint = Endpoint(host="far.example", port=hub.port, proxy=proxy)
    assert await get(mirror) == [b"200 hello"]
    assert heads[0].startswith("CONNECT far.example")


async def test_a_proxy_that_declines_is_an_error_without_its_login(mirror, sender, connect_proxy):
    port, _ = await connect_proxy(status=407)
    login = Credentials(username="ada", password=Secret("secret-9"))
    proxy = Proxy(scheme="http", host="127.0.0.1", port=port, credentials=login)
    sender.url = "http://far.example/"
    sender.endpoint = Endpoint(host="far.example", port=80, proxy=proxy)
    answer = (await get(mirror))[0]
    assert answer.startswith(b"502")
    assert b"the proxy declined" in answer
    assert b"secret-9" not in answer
    assert "secret-9" not in str(sender.errors)


async def test_E51_what_nobody_announced_is_not_dialled(mirror, sender, serve, http):
    inner = await serve(http(200, b"inner"))
    sender.url = inner.url("/")
    assert await get(mirror) == [b"200 inner"]
    dial.strict(True)
    answer = (await get(mirror))[0]
    assert answer.startswith(b"502")
    assert sender.errors == ["the mirror has nothing to ask there"]
    sender.endpoint = Endpoint(
        host="127.0.0.1", port=inner.port + 1, addresses=("127.0.0.1",)
    )  # another port
    assert (await get(mirror))[0].startswith(b"502")
    assert len(inner.requests) == 1


async def test_E51_an_announcement_is_for_its_own_client_connection(mirror, sender, serve, http):
    hub = await serve(http(200, b"hello"))
    dial.strict(True)
    sender.url = hub.url("/", "hub.example")
    sender.endpoint = Endpoint(host="hub.example", port=hub.port, addresses=("127.0.0.1",))
    assert await get(mirror) == [b"200 hello"]
    sender.endpoint = None
    assert (await get(mirror))[0].startswith(b"502")


async def test_without_judged_addresses_nothing_is_looked_up(mirror, sender, serve, http):
    inner = await serve(http(200, b"inner"))
    sender.url = f"http://localhost:{inner.port}/"
    sender.endpoint = Endpoint(host="localhost", port=inner.port)
    assert b"no address was judged" in (await get(mirror))[0]
    assert inner.requests == []


# -- where mitmproxy is not fit for it ---------------------------------------------------------------------------------


@pytest.fixture(name="unfit")
def _unfit(monkeypatch):
    monkeypatch.setitem(dial._state, "installed", False)
    flow = tflow.tflow()
    server = SimpleNamespace(address=("hub.example", 443), sni="hub.example", error=None)
    return flow, SimpleNamespace(client=flow.client_conn, server=server)


def test_an_unfit_mitmproxy_is_told_in_one_sentence(monkeypatch):
    def refuse(_choose):
        raise dial.DoesNotFit("it is another")

    monkeypatch.setattr(dial.dialing, "install", refuse)
    [sentence] = dial.install()
    assert sentence.endswith("does not fit this mitmproxy: it is another")


def test_A2_where_it_is_unfit_the_hook_pins_the_judged_address(unfit):
    flow, data = unfit
    dial.expect(flow, Endpoint(host="HUB.example.", port=443, addresses=("192.0.2.7", "192.0.2.8")))
    dial.server_connect(data)
    assert (data.server.address, data.server.sni, data.server.error) == (
        ("192.0.2.7", 443),
        "hub.example",
        None,
    )


def test_where_it_is_unfit_a_proxy_is_no_way_around(unfit):
    flow, data = unfit
    dial.expect(flow, Endpoint(host="hub.example", port=443, proxy=Proxy(scheme="socks5", host="p", port=1)))
    dial.server_connect(data)
    assert "proxy cannot be used" in data.server.error


def test_E51_where_it_is_unfit_the_hook_refuses_what_nobody_announced(unfit):
    _, data = unfit
    dial.server_connect(data)
    assert data.server.error is None
    dial.strict(True)
    dial.server_connect(data)
    assert data.server.error == "the mirror has nothing to ask there"


def test_announcements_are_bounded_and_end_with_their_client(monkeypatch):
    monkeypatch.setattr(dial, "MOST_ANNOUNCED", 2)
    flow = tflow.tflow()
    for number in range(3):
        dial.expect(flow, Endpoint(host="hub.example", port=number, addresses=("192.0.2.1",)))
    known = [dial._endpoint(flow.client_conn, "hub.example", number) is not None for number in range(3)]
    assert known == [False, True, True]
    client = weakref.ref(flow.client_conn)
    del flow
    gc.collect()
    assert client() is None


def test_an_announcement_is_no_other_clients():
    flow = tflow.tflow()
    dial.expect(flow, Endpoint(host="hub.example", port=443, addresses=("192.0.2.1",)))
    other = Client(peername=("192.0.2.9", 1), sockname=("192.0.2.1", 2), timestamp_start=0)
    assert dial._endpoint(other, "hub.example", 443) is None
