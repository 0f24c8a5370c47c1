"""Clients are sent away by closing their connections. With real ones: tests/addons/test_mirror.py."""

import gc
import resource
import weakref
from types import SimpleNamespace

import pytest

from inspector.mirror import guests, house


@pytest.fixture
def closed(monkeypatch):
    names = []
    monkeypatch.setattr(house.private, "close", lambda _, client: names.append(client.id))
    return names


class Client:
    def __init__(self, name):
        self.id = name
        self.error = None
        self.transport_protocol = "tcp"


async def test_one_too_many_is_refused_and_an_idle_one_is_closed(monkeypatch, closed):
    monkeypatch.setattr(house, "most_connections", lambda: 1)
    rooms = house.House()
    first, second, third = Client("a"), Client("b"), Client("c")
    rooms.come(first, SimpleNamespace())
    rooms.begin(first)
    rooms.come(second, SimpleNamespace())
    assert second.error
    rooms.end(first)
    rooms.come(third, SimpleNamespace())
    assert closed == ["a"]
    assert third.error is None
    rooms.leave(third)
    rooms.close()


async def test_42_who_comes_by_udp_is_not_heard():
    rooms, client = house.House(), Client("a")
    client.transport_protocol = "udp"
    rooms.come(client, SimpleNamespace())
    assert client.error == "this mirror is reached by TCP only"
    rooms.leave(client)
    rooms.close()


@pytest.mark.parametrize(
    ("soft", "most"),
    [(1024, (1024 - 128) // 3), (64, 16), (10**6, guests.MOST), (resource.RLIM_INFINITY, guests.MOST)],
)
def test_as_many_as_there_are_descriptors_for(monkeypatch, soft, most):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, soft))
    assert house.most_connections() == most


async def test_what_clients_leave_in_circles_is_cleared_away_soon():
    """mitmproxy's layers refer to each other; Python by itself would look for them far too seldom.

    The first is there when the mirror begins, and stays; the last is still at hand here.
    """
    rooms = house.House()
    gc.disable()
    try:
        remains = []
        for number in range(house._CLEAR_AFTER):
            client = Client(str(number))
            rooms.come(client, SimpleNamespace())
            client.layers = [client]
            remains.append(weakref.ref(client))
            rooms.leave(client)
        assert [one for one in remains[1:-1] if one() is not None] == []
    finally:
        gc.enable()
        rooms.close()
    assert gc.get_freeze_count() == 0
