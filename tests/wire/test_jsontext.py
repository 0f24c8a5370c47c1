"""JSON from a peer: everything that decoders disagree on is read, and told."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.jsontext import MOST_PROBLEMS, load

LIMIT = 1024 * 1024


@pytest.mark.parametrize(
    ("data", "value", "problems"),
    [
        (b'{"a":[1,2.5,null,true,"x"]}', {"a": [1, 2.5, None, True, "x"]}, ()),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}, ("a byte order mark stands before the JSON",)),
        (b'{"a":1,"a":2}', {"a": 2}, ("the key a stands twice",)),
        (b'{"a":NaN,"b":NaN}', {"a": None, "b": None}, ("NaN is no JSON",)),
        (b'"\xff"', "�", ("the text is not valid UTF-8",)),
        (b'"\\ud800"', "\ud800", ()),
        (b"1e999", math.inf, ()),
        (b"9" * 5000, math.inf, ()),
    ],
)
def test_odd_documents_are_read(data: bytes, value: object, problems: tuple[str, ...]) -> None:
    loaded = load(data, LIMIT)
    assert loaded
    assert (loaded.value, loaded.problems) == (value, problems)
    assert loaded.bom == data.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"{", b'{"a":1} x', b"[" * 100_000, b'{"a":' * 100_000, b"\x00", b"{'a':1}"]
)
def test_other_bytes_are_none(data: bytes) -> None:
    assert load(data, LIMIT) is None


def test_limit_counts_bytes() -> None:
    assert load(b'"123"', 5)
    assert load(b'"1234"', 5) is None


def test_problems_are_few() -> None:
    data = "{" + ",".join(f'"k{n}":1,"k{n}":2' for n in range(1000)) + "}"
    loaded = load(data.encode(), LIMIT)
    assert loaded
    assert 0 < len(loaded.problems) <= MOST_PROBLEMS


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_json_is_read_as_it_was_written(value: object) -> None:
    loaded = load(json.dumps(value).encode(), LIMIT)
    assert loaded
    assert loaded.value == value
    assert loaded.problems == ()


@given(st.binary() | st.text('{}[]",:0123456789.eE+-truefalsn\\u \x00').map(str.encode))
def test_any_bytes_are_answered(data: bytes) -> None:
    loaded = load(data, LIMIT)
    assert loaded is None or isinstance(loaded.problems, tuple)
