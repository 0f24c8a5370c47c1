"""The hub is three hosts under TLS with one CA, on loopback, and gone when its block ends."""

import socket
import threading

import pytest

from inspector.lab.hub import AUTH, CDN, REGISTRY, Hub
from inspector.lab.serving import Fault, Pace


def test_three_hosts_listen_on_loopback_ports_of_their_own(hub):
    assert set(hub.addresses) == {REGISTRY, AUTH, CDN}
    assert {ip for ip, _ in hub.addresses.values()} == {"127.0.0.1"}
    assert len({port for _, port in hub.addresses.values()}) == 3


def test_nothing_is_left_when_the_block_ends(repository):
    before = set(threading.enumerate())
    with Hub(repositories=[repository]) as hub:
        addresses = list(hub.addresses.values())
        folder = hub.ca_file.parent
        assert {path.name for path in folder.iterdir()} == {"ca.pem", *(f"{h}.pem" for h in hub.addresses)}
    assert not folder.exists()
    # Other tests may have a hub of their own for a whole session.
    assert {thread for thread in threading.enumerate() if thread.name == "hub"} <= before
    for address in addresses:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, timeout=5)


def test_it_ends_with_connections_still_open(repository):
    with Hub(repositories=[repository]) as hub:
        idle = socket.create_connection(hub.addresses[REGISTRY], timeout=5)
    assert idle.recv(1) == b""
    idle.close()


def test_faults_given_at_the_start_hold(repository):
    with Hub(faults={"ping": Fault(status=500)}, repositories=[repository]) as hub:
        assert hub.faults["ping"].status == 500


def test_a_failure_to_listen_comes_to_the_caller(repository, monkeypatch):
    def no_port(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("inspector.lab.hub.bind_sockets", no_port)
    with pytest.raises(OSError, match="Too many open files"), Hub(repositories=[repository]):
        pass


def test_the_pace_puts_pauses_before_answers_and_into_bodies(repository, ask, monkeypatch):
    pauses = []

    async def note(seconds):
        pauses.append(seconds)

    monkeypatch.setattr("inspector.lab.serving.asyncio.sleep", note)
    with Hub(repositories=[repository], pace=Pace(latency=0.5, rate=10.0)) as hub:
        answer = type(ask)(hub)(REGISTRY, "/v2/")
    assert pauses[:2] == [0.5, len(answer.body) / 10.0]
