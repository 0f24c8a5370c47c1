"""Pulls wait for their other side, and not for ever."""

from inspector.core.engine import Engine
from inspector.core.events import Ended, Peer, RequestHead, ResponseHead
from inspector.sources.pool import Pool


def pull(name, host="registry.test", at=1000.0):
    """A pull of one request, that takes a second."""
    engine = Engine()
    url = f"https://{host}/v2/{name}/manifests/latest"
    engine.feed(
        RequestHead(
            id=f"{host} {name}", time=at, method="HEAD", url=url, host=host, http_version="HTTP/1.1",
            headers=(("user-agent", "docker/24"),), client=Peer(address="10.0.0.1"),
        )
    )  # fmt: skip
    engine.feed(
        ResponseHead(id=f"{host} {name}", time=at + 0.9, status=404, http_version="HTTP/1.1", headers=())
    )
    engine.feed(Ended(id=f"{host} {name}", time=at + 1))
    (found,) = engine.finish()
    return found


def upstream(name, at=1000.1):
    found = pull(name, "origin.test", at)
    exchange = found.steps[0].exchange
    exchange.response = ResponseHead(
        id=exchange.id, time=at + 0.1, status=404, http_version="HTTP/1.1", headers=()
    )
    return found


def names(pulls):
    return [(one.repository, len(one.behind)) for one in pulls]


def test_few_wait_till_the_end_and_come_recording_by_recording():
    pool = Pool()
    pool.add([pull("b/one")], 1)
    pool.add([pull("a/one")], 0)
    pool.add([pull("b/two")], 1)
    assert list(pool.surplus()) == []
    assert names(pool.rest()) == [("a/one", 0), ("b/one", 0), ("b/two", 0)]
    assert list(pool.rest()) == []


def test_the_two_sides_meet():
    pool = Pool()
    pool.add([pull("a/one")], 0)
    pool.add([upstream("a/one")], 1)
    assert names(pool.rest()) == [("a/one", 1)]


def test_of_too_many_the_older_half_makes_way():
    pool = Pool(most=4)
    told = []
    for number in range(12):
        pool.add([pull(f"a/n{number}")], 0)
        told += names(pool.surplus())
        assert len(told) + 4 >= number + 1
    assert [name for name, _ in [*told, *names(pool.rest())]] == [f"a/n{number}" for number in range(12)]


def test_whoever_makes_way_takes_its_other_side_along():
    pool = Pool(most=4)
    pool.add([pull("a/one"), *(pull(f"b/n{number}") for number in range(3))], 0)
    pool.add([upstream("a/one")], 1)
    assert names(pool.surplus()) == [("a/one", 1), ("b/n0", 0)]
    assert names(pool.rest()) == [("b/n1", 0), ("b/n2", 0)]


def test_who_stays_is_put_together_only_once():
    """The pair is looked at twice: when others make way, and when it does."""
    pool = Pool(most=4)
    pool.add([pull(f"b/n{number}") for number in range(3)], 0)
    pool.add([pull("a/one")], 0)
    pool.add([upstream("a/one")], 1)
    assert names(pool.surplus()) == [("b/n0", 0), ("b/n1", 0)]
    left = list(pool.rest())
    assert names(left) == [("b/n2", 0), ("a/one", 1)]
    assert len(left[1].steps[0].upstream) == 1
