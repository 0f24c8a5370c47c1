"""Inside mitmdump, the hub's names lead to loopback, and only they."""

import asyncio

import pytest

from inspector.lab.names import _connect, parse


def test_an_entry_is_a_name_and_an_address():
    assert parse("registry.demo.test=127.0.0.1:4433") == ("registry.demo.test", ("127.0.0.1", 4433))


@pytest.mark.parametrize("entry", ["", "name", "name=", "name=127.0.0.1:x"])
def test_what_is_no_entry_is_refused(entry):
    with pytest.raises(ValueError, match="invalid literal"):
        parse(entry)


@pytest.mark.parametrize(
    ("asked", "dialled"),
    [
        (("a.test", 443), ("127.0.0.1", 4433)),
        (("b.test", 443), ("b.test", 443)),
        ((None, None), (None, None)),
    ],
)
async def test_names_in_the_table_are_led_elsewhere_and_the_rest_goes_its_way(asked, dialled):
    async def connect(factory, host, port, **more):
        await asyncio.sleep(0)
        return factory, host, port, more

    table = {"a.test": ("127.0.0.1", 4433)}
    assert await _connect(connect, table, "factory", *asked, sock=1) == ("factory", *dialled, {"sock": 1})
