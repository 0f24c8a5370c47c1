"""Failed connections become flows once, with the trouble, the place and the alert that mitmproxy's words tell."""

import time

import pytest
from mitmproxy import connection, tls
from mitmproxy.proxy import context, server_hooks
from mitmproxy.test import taddons, tflow

from inspector.core.events import Trouble
from inspector.recorder.connections import Connections, alert_number
from inspector.sources.metadata import unpack


@pytest.fixture(name="client")
def _client() -> connection.Client:
    return connection.Client(peername=("192.0.2.1", 1234), sockname=("127.0.0.1", 8080), timestamp_start=1.0)


def told(flows) -> list:
    return [unpack(flow.metadata).connection_failed for flow in flows]


def tls_data(client, error: str, *, address=("registry.test", 443)) -> tls.TlsData:
    with taddons.context() as made:
        ctx = context.Context(client, made.options)
    ctx.server.address = address
    client.error = error
    return tls.TlsData(client, ctx)


@pytest.mark.parametrize(
    ("message", "alert"),
    [
        ("ssl/tls alert bad certificate", 42),
        ("tlsv1 alert unknown ca", 48),
        ("OpenSSL Error([('SSL routines', '', 'ssl/tls alert certificate unknown')])", 46),
        ("tlsv13 alert certificate required", 116),
        ("sslv3 alert bad certificate status response", 113),
        ("connection closed", None),
        ("Certificate verify failed: unable to get local issuer certificate", None),
    ],
)
def test_the_alert_is_read_from_openssls_words(message: str, alert: int | None) -> None:
    assert alert_number(message) == alert


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (
            "The client does not trust the proxy's certificate for x (tlsv1 alert unknown ca)",
            Trouble.CLIENT_TLS,
        ),
        (
            "The client disconnected during the handshake. If this happens consistently for x, …",
            Trouble.CLIENT_CLOSED,
        ),
        ("connection closed early", Trouble.CLIENT_CLOSED),
        ("Cannot parse ClientHello: " + b"GET /v2/ HTTP/1.1\r\nAuthorization: x".hex(), Trouble.PLAIN_HTTP),
        ("Cannot parse ClientHello: " + b"\x16\x03\x01nonsense".hex(), Trouble.CLIENT_TLS),
    ],
)
def test_what_kept_a_client_from_its_request(client, error: str, trouble: Trouble) -> None:
    connections = Connections()
    connections.connected(client)
    (failed,) = told(connections.client_tls(tls_data(client, error)))
    assert failed.trouble is trouble
    assert (failed.host, failed.port) == ("registry.test", 443)
    assert b"Authorization".hex() not in failed.message  # the client's first bytes may hold a credential
    assert connections.disconnected(client) == []


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        ("[Errno -2] Name or service not known", Trouble.NAME),
        ("[Errno -3] Temporary failure in name resolution", Trouble.NAME),
        ("[Errno 111] Connect call failed ('192.0.2.7', 443)", Trouble.CONNECT),
    ],
)
def test_a_server_that_was_not_reached_is_told_when_the_client_is_gone(
    client, error: str, trouble: Trouble
) -> None:
    connections = Connections()
    connections.connected(client)
    server = connection.Server(address=("registry.test", 443))
    server.error = error
    connections.server_connect(server_hooks.ServerConnectionHookData(server, client))
    (failed,) = told(connections.disconnected(client))
    assert (failed.trouble, failed.host, failed.message) == (trouble, "registry.test", error)


def test_what_a_flow_tells_as_its_error_is_not_told_again(client) -> None:
    connections = Connections()
    connections.connected(client)
    server = connection.Server(address=("registry.test", 443))
    server.error = "refused"
    connections.server_connect(server_hooks.ServerConnectionHookData(server, client))
    flow = tflow.tflow(err=True)
    flow.client_conn = client
    flow.request.host, flow.request.port = "registry.test", 443
    connections.ended(flow)
    assert connections.disconnected(client) == []


def test_a_tunnel_that_was_used_or_secured_has_not_failed(client) -> None:
    connect = tflow.tflow()
    connect.client_conn = client
    for use in (lambda c: c.request(connect), lambda c: c.secured(tls_data(client, ""))):
        connections = Connections()
        connections.connected(client)
        connections.connect(connect)
        use(connections)
        assert connections.disconnected(client) == []


def test_failures_toward_servers_do_not_pile_up(client) -> None:
    connections = Connections()
    connections.connected(client)
    for port in range(1, 100):
        server = connection.Server(address=("registry.test", port))
        connections.server_connect(server_hooks.ServerConnectionHookData(server, client))
    assert len(connections.close()) == 16
    assert len(connections) == 0


def test_a_client_that_never_connected_leaves_nothing_behind(client) -> None:
    connections = Connections()
    flow = tflow.tflow()
    connections.request(flow)
    connections.connect(flow)
    assert len(connections) == 0


def waiting(client, *, tcp: bool, hello: bool, since: float = 5.0) -> Connections:
    """A client that has gone from its tunnel, ``since`` seconds after the connection to its server was begun."""
    connect = tflow.tflow()
    connect.client_conn, connect.server_conn = client, connection.Server(address=("registry.test", 443))
    connect.server_conn.timestamp_start = time.time() - since
    connect.server_conn.timestamp_tcp_setup = time.time() if tcp else None
    client.sni, client.alpn_offers = ("registry.test" if hello else None), ()
    client.state = connection.ConnectionState.CAN_WRITE
    connections = Connections()
    connections.connected(client)
    connections.connect(connect)
    return connections


@pytest.mark.parametrize(
    ("tcp", "says"),
    [(False, "did not take the connection within 5"), (True, "did not answer the TLS handshake within 5")],
)
def test_a_client_that_gave_a_silent_server_up_is_told_once(client, tcp: bool, says: str) -> None:
    connections = waiting(client, tcp=tcp, hello=True)
    (one,) = connections.left()
    assert unpack(one.metadata).connection_failed.trouble is Trouble.CONNECT
    assert says in one.error.msg
    assert connections.left() == []
    server = connection.Server(address=("registry.test", 443))
    connections.server_connect(
        server_hooks.ServerConnectionHookData(server, client)
    )  # what mitmproxy says later
    assert connections.disconnected(client) == []


def test_the_end_of_the_recording_tells_of_it_too(client) -> None:
    assert len(waiting(client, tcp=False, hello=False).close()) == 1


def test_a_client_that_is_there_or_left_for_another_reason_gave_nothing_up(client) -> None:
    assert waiting(client, tcp=True, hello=False).left() == []
    assert waiting(client, tcp=False, hello=True, since=0.1).left() == []
    there = waiting(client, tcp=False, hello=True)
    client.state = connection.ConnectionState.OPEN
    assert there.left() == []
