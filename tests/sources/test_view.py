"""One view of a flow, alive or as its record."""

import math

import pytest
from mitmproxy.io import tnetstring

from inspector.sources import tnet
from inspector.sources.view import SKIPPED, FlowView, address, moment, of_flow, of_state


def record(flow):
    data = tnetstring.dumps(flow.get_state())
    head, _, rest = data.partition(b":")
    return tnet.parse(rest[: int(head)], rest[int(head)], SKIPPED)


@pytest.mark.parametrize(
    "options", [{}, {"status": None, "error": "x"}, {"content": None}, {"error": "x", "content": b"abc"}]
)
def test_a_flow_and_its_record_look_the_same(make_flow, options):
    flow = make_flow(request=[(b"\xff", b"\xfe")], **options)
    flow.metadata["x"] = [1, {"y": None}]
    seen = of_state(record(flow))
    assert isinstance(seen, FlowView)
    alive = of_flow(flow)
    for name in ("id", "error", "request", "response", "metadata", "timestamp_created"):
        assert getattr(seen, name) == getattr(alive, name)
    assert address(seen.client_conn.peername) == address(alive.client_conn.peername)
    assert address(seen.server_conn.peername) == address(alive.server_conn.peername)
    assert seen.server_conn.timestamp_tls_setup == alive.server_conn.timestamp_tls_setup


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("id",), 5),
        (("request",), None),
        (("request", "headers"), [[b"a"]]),
        (("request", "headers"), [["a", "b"]]),
        (("request", "port"), "443"),
        (("request", "timestamp_start"), "now"),
        (("response", "status_code"), None),
        (("response", "content"), "text"),
        (("response", "content"), [1]),
        (("client_conn",), []),
        (("error",), {"msg": 1}),
    ],
)
def test_a_record_of_wrong_types_is_no_flow(make_flow, path, value):
    state = record(make_flow())
    inner = state
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    assert of_state(state) is None


def test_a_moment_is_a_time_that_a_clock_can_show():
    assert moment(5) == 5.0
    assert [moment(x) for x in (None, math.nan, math.inf, -1.0, 1e300)] == [None] * 5


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (("a", 1), ("a", 1)),
        (["::1", 443, 0, 0], ("::1", 443)),
        (None, None),
        (["a"], None),
        (["a", "b"], None),
        ([1, 2], None),
        (["a", True], None),
        (["a", 70000], None),
        ("ab", None),
    ],
)
def test_an_address_is_a_host_and_a_port(value, told):
    assert address(value) == told
