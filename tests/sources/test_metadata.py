"""The entry in a flow's metadata: survives mitmproxy's files, and is ignored when it is not ours."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mitmproxy.io import FlowReader

from inspector.core.events import Side, Trouble
from inspector.sources.metadata import KEY, BodyFacts, Facts, FailedFacts, pack, unpack

WHOLE = Facts(
    redaction="default",
    request=BodyFacts(size=0, complete=True),
    response=BodyFacts(
        size=2**40, sha256="ab" * 32, decoded_size=1, decoded_sha256="cd" * 32, complete=False
    ),
    opened=True,
    side=Side.SERVER,
    cut_by_end=True,
    connection_failed=FailedFacts(trouble=Trouble.NAME, host="a.test", port=443, message="x", alert=48),
)


@pytest.mark.parametrize("facts", [WHOLE, Facts()])
def test_facts_survive_a_flow_file(make_flow, saved, facts):
    flow = make_flow()
    flow.metadata[KEY] = pack(facts)
    [read] = FlowReader(io.BytesIO(saved(flow))).stream()
    assert unpack(read.metadata) == facts


def test_packed_facts_are_plain_values():
    def plain(value):
        if isinstance(value, dict):
            return all(type(key) is str and plain(item) for key, item in value.items())
        return value is None or type(value) in (str, int, bool)

    assert plain(pack(WHOLE))


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": "1"},
        {"v": True and 2},
        {"request": {"size": -1}},
        {"request": {"size": "1"}},
        {"request": []},
        {"response": {"sha256": "AB" * 32}},
        {"response": {"sha256": "x"}},
        {"response": {"complete": 1}},
        {"redaction": "x" * 99},
        {"connection_failed": {"trouble": "other"}},
        {"connection_failed": {"trouble": "name", "port": 99999}},
        {"cut_by_end": None},
        {"side": "other"},
    ],
)
def test_an_entry_of_wrong_types_is_as_good_as_none(change):
    assert unpack({KEY: {**pack(WHOLE), **change}}) is None


def test_fields_that_are_not_known_are_ignored():
    assert unpack({KEY: {**pack(WHOLE), "later": 1}}) == WHOLE


@pytest.mark.parametrize(
    "metadata", [None, {}, [], {KEY: None}, {KEY: []}, {b"pull_inspector": {}}, {KEY: {1: 2}}]
)
def test_metadata_of_others_has_no_facts(metadata):
    assert unpack(metadata) is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.integers() | st.binary(), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    value=VALUES,
    name=st.sampled_from(["request", "response", "connection_failed", "opened", "redaction", "side"]),
)
@settings(deadline=None, derandomize=True, max_examples=100)
def test_any_entry_is_read_without_an_exception(value, name):
    for entry in (value, {"v": 1, name: value}):
        told = unpack({KEY: entry})
        assert told is None or isinstance(told, Facts)
