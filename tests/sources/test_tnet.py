"""Typed netstrings: as mitmproxy's reader reads them, and harmless where they are none."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mitmproxy.io import tnetstring

from inspector.sources.tnet import TnetError, parse

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def read(data: bytes, **options):
    head, _, rest = data.partition(b":")
    return parse(rest[: int(head)], rest[int(head)], **options)


@given(value=VALUES)
@settings(deadline=None, derandomize=True, max_examples=100)
def test_what_mitmproxy_writes_is_read(value):
    assert read(tnetstring.dumps(value)) == value


def test_a_key_that_is_skipped_is_not_read():
    data = tnetstring.dumps({"a": 1, "b": {"c": [1, 2]}, "d": {"b": 3}})
    assert read(data, skip=frozenset({"b"})) == {"a": 1, "b": None, "d": {"b": None}}
    assert parse(b"1:b;5:99:x,]", ord("}"), frozenset({"b"})) == {"b": None}


@pytest.mark.parametrize(
    ("data", "tag"),
    [
        (b"1:a,", "}"),
        (b"1:a,1:b", "}"),
        (b"9:a,", "]"),
        (b"-1:a,1:b,", "}"),
        (b"1:a,-1:b,", "}"),
        (b"8:1:a,3:b,}1:c,", "]"),  # a value that reaches beyond the dictionary that holds it
        (b"4:3:a,]1:c,", "]"),
        (b"-1:a,", "]"),
        (b"a:a,", "]"),
        (b"11111111111111111111:a,", "]"),
        (b"abc", "#"),
        (b"1" * 5000, "#"),
        (b"abc", "^"),
        (b"tru", "!"),
        (b"maybe so", "!"),
        (b"x", "~"),
        (b"\xff", ";"),
        (b"x", "?"),
        (b"0:]1:b,", "}"),
    ],
)
def test_what_is_none_is_refused(data, tag):
    with pytest.raises(TnetError):
        parse(data, ord(tag))


def test_deep_nesting_is_refused_and_some_is_not():
    def nested(depth):
        data = b"0:~"
        for _ in range(depth):
            data = b"%d:%s]" % (len(data), data)
        return data

    assert read(nested(50))
    with pytest.raises(TnetError, match="deep"):
        read(nested(2000))


@given(data=st.binary(max_size=100), tag=st.sampled_from(b",;#^!~]}"))
@settings(deadline=None, derandomize=True, max_examples=200)
def test_any_bytes_are_read_or_refused(data, tag):
    with contextlib.suppress(TnetError):
        assert parse(data, tag) is None or tag != ord("~")
