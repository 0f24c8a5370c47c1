"""What is encoded here is what mitmproxy's own reader reads back."""

import io

import pytest
from mitmproxy.io import FlowReader, tnetstring
from mitmproxy.test import tflow

from inspector.recorder.encode import _dump, encode

VALUES = [
    None,
    True,
    False,
    0,
    -17,
    2**70,
    0.1,
    1e300,
    b"",
    b"\x00\xff",
    "",
    "‹token›",
    [],
    [1, [2, (3, "x")]],
    {"a": {"b": None}},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_are_read_back_as_they_were(value: object) -> None:
    assert tnetstring.loads(_dump(value)) == tnetstring.loads(tnetstring.dumps(value))


def test_a_flow_is_read_back_whole() -> None:
    flow = tflow.tflow(resp=True, err=True)
    flow.metadata["x"] = {"size": 1, "sha256": None}
    (back,) = FlowReader(io.BytesIO(encode(flow))).stream()
    assert back.get_state() == flow.get_state()


def test_what_the_format_lacks_is_refused_and_not_guessed() -> None:
    with pytest.raises(TypeError, match="set"):
        _dump({"x": {1}})
