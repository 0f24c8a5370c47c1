"""Kept connections: for whom, how long, how many; and addresses that failed lately come last."""

import pytest

from inspector.mirror.io import pool as module
from inspector.mirror.io import urls
from inspector.mirror.io.pool import Opening, Pool
from inspector.mirror.model import Egress, Failure, Trouble


@pytest.fixture(name="pool")
def _pool():
    made = Pool(stall=2.0)
    yield made
    made.close()


async def ask(connection):
    await connection.send("GET", "/", [("host", "hub.example")], b"")
    return await connection.body(100)


async def test_a_kept_connection_serves_only_its_egress_and_origin(pool, egress, names, serve, http):
    names["hub.example"] = [["127.0.0.1"]]
    where = urls.required((await serve(http(200))).url("/", "hub.example"))
    connection = await pool.open(egress, where, 2.0, Opening())
    await ask(connection)
    pool.give_back(connection, (egress, where.origin))
    assert pool.take((Egress(upstream="hub.example"), where.origin)) is None
    assert pool.take((egress, ("https", *where.origin[1:]))) is None
    assert pool.take((egress, where.origin)) is connection
    assert pool.take((egress, where.origin)) is None
    connection.close()


async def test_an_idle_connection_is_kept_for_a_while_only(egress, names, serve, http):
    names["hub.example"] = [["127.0.0.1"]]
    pool = Pool(stall=2.0, keep=-1.0)
    where = urls.required((await serve(http(200))).url("/", "hub.example"))
    connection = await pool.open(egress, where, 2.0, Opening())
    await ask(connection)
    pool.give_back(connection, (egress, where.origin))
    assert pool.take((egress, where.origin)) is None


async def test_G61_of_idle_connections_the_oldest_make_way(pool, egress, names, serve, http, monkeypatch):
    monkeypatch.setattr(module, "MOST_IDLE", 2)
    names["hub.example"] = [["127.0.0.1"]]
    where = urls.required((await serve(http(200))).url("/", "hub.example"))
    key = (egress, where.origin)
    made = [await pool.open(egress, where, 2.0, Opening()) for _ in range(3)]
    for connection in made:
        await ask(connection)
        pool.give_back(connection, key)
    assert [pool.take(key), pool.take(key), pool.take(key)] == [made[1], made[2], None]
    for connection in made:
        connection.close()


async def test_an_address_that_failed_is_tried_last(pool, egress, names, serve, http):
    first = await serve(http(200), host="127.0.0.2")
    await serve(http(200), host="127.0.0.3", port=first.port)
    names["hub.example"] = [["127.0.0.2", "127.0.0.3"]]
    where = urls.required(first.url("/", "hub.example"))
    for dead, dialled in ((None, "127.0.0.2"), ("127.0.0.2", "127.0.0.3"), ("127.0.0.3", "127.0.0.2")):
        if dead is not None:
            pool._dead.clear()
            pool.bury(f"{dead}:{where.port}")
        opening = Opening()
        (await pool.open(egress, where, 2.0, opening)).close()
        assert opening.address == f"{dialled}:{where.port}"
        assert opening.others
        assert opening.connected is not None


async def test_judged_addresses_are_those_of_the_connection_and_the_one_that_answered_is_first(
    pool, egress, names, serve, http
):
    hub = await serve(http(200), host="127.0.0.3")
    names["hub.example"] = [["127.0.0.2", "127.0.0.3"], ["127.0.0.9"]]
    where = urls.required(hub.url("/", "hub.example"))
    opening = Opening()
    (await pool.open(egress, where, 2.0, opening)).close()
    assert await pool.addresses(egress, where, opening.address) == ("127.0.0.3", "127.0.0.2")


async def test_addresses_that_are_looked_up_anew_are_judged(pool, names):
    names["hub.example"] = [["10.0.0.1"]]
    with pytest.raises(Failure) as failed:
        await pool.addresses(Egress(upstream="x"), urls.required("http://hub.example/"), None)
    assert failed.value.trouble is Trouble.FORBIDDEN
