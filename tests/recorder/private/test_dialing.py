"""The stand-in for asyncio in mitmproxy: it fits the installed one, and only ``open_connection`` differs."""

import asyncio
from types import SimpleNamespace

import pytest
from mitmproxy.proxy import server

from inspector.recorder.private import dialing
from inspector.recorder.private.fit import DoesNotFit


@pytest.fixture(name="fresh")
def _fresh(monkeypatch):
    """mitmproxy as if nobody had touched it."""
    handler = server.ConnectionHandler
    original = getattr(handler.open_connection, "__wrapped__", handler.open_connection)
    monkeypatch.setattr(handler, "open_connection", original)
    monkeypatch.setattr(server, "asyncio", asyncio)
    monkeypatch.setattr(handler, dialing.MARK, False, raising=False)
    return handler


def test_it_fits_the_installed_mitmproxy_and_is_installed_once(fresh):
    dialing.install(lambda *_: None)
    stand_in, wrapped = server.asyncio, fresh.open_connection
    dialing.install(lambda *_: None)
    assert server.asyncio is stand_in is not asyncio
    assert fresh.open_connection is wrapped
    assert server.asyncio.wait is asyncio.wait
    assert server.asyncio.Lock is asyncio.Lock


@pytest.mark.parametrize("change", ["parameters", "names", "module"])
def test_another_mitmproxy_is_left_alone(fresh, monkeypatch, change):
    async def open_connection(self, command):
        self.connect(command)

    if change == "names":
        monkeypatch.setattr(fresh, "open_connection", open_connection)
    elif change == "parameters":
        monkeypatch.setattr(fresh, "open_connection", lambda self: None)
    else:
        monkeypatch.setattr(server, "asyncio", SimpleNamespace())
    before = fresh.open_connection
    with pytest.raises(DoesNotFit):
        dialing.install(lambda *_: None)
    assert fresh.open_connection is before
    assert getattr(fresh, dialing.MARK) is False


async def test_outside_of_a_client_connection_it_is_asyncio(fresh, monkeypatch):
    asked = []
    dialing.install(lambda *place: asked.append(place))

    async def stock(host, port, *, local_addr=None):
        return host, port, local_addr

    monkeypatch.setattr(asyncio, "open_connection", stock)
    assert await server.asyncio.open_connection("hub.example", 443, local_addr=("192.0.2.1", 0)) == (
        "hub.example",
        443,
        ("192.0.2.1", 0),
    )
    assert asked == []


@pytest.mark.parametrize("choice", [None, "not allowed"])
async def test_what_is_no_tcp_is_refused_or_left_alone(fresh, monkeypatch, choice):
    passed = []

    async def original(self, command):
        connection = command.connection
        passed.append((connection.transport_protocol, connection.error))
        self.asyncio.open_connection(connection.address, connection.sockname)

    monkeypatch.setattr(fresh, "open_connection", original)
    dialing.install(lambda *_: choice)
    connection = SimpleNamespace(
        transport_protocol="udp", address=("hub.example", 443), error=None, sockname=None
    )
    handler = SimpleNamespace(client=object(), asyncio=SimpleNamespace(open_connection=lambda *_: None))
    await fresh.open_connection(handler, SimpleNamespace(connection=connection))
    assert passed == [("udp", choice)]
