"""What is left of a broken HAR."""

import json

import pytest

from inspector.sources.harsalvage import salvage

WHOLE = json.dumps({"log": {"entries": [{"a": 1}, {"b": "]"}]}}).encode()


def test_a_whole_list_has_no_rest():
    assert salvage(WHOLE) == ([{"a": 1}, {"b": "]"}], 0)


@pytest.mark.parametrize(("cut", "count"), [(1, 2), (2, 2), (3, 2), (4, 1), (15, 1), (16, 0), (20, 0)])
def test_entries_before_a_cut_are_whole(cut, count):
    entries, rest = salvage(WHOLE[:-cut])
    assert len(entries) == count
    assert (rest == 0) is (cut < 3)


def test_bad_utf8_and_long_numbers_are_survived():
    assert salvage(b'{"entries":[{"a":"\xff","n":' + b"9" * 9999 + b"}]}") == ([{"a": "\ufffd", "n": 0}], 0)


@pytest.mark.parametrize("data", [b"", b"{}", b'"entries":[', b'[{"entries":[]}]'])
def test_without_entries_there_is_nothing(data):
    assert salvage(data) is None


def test_an_entry_that_is_nested_too_deep_costs_no_other():
    deep = '{"x":"]}\\"",' + '"a":{' * 200_000 + "}" * 200_001
    assert salvage(f'{{"entries":[{{}},{deep},{{"b":1}}]}}'.encode()) == ([{}, None, {"b": 1}], 0)


def test_deep_nesting_is_a_rest():
    entries, rest = salvage(b'{"entries":[{},' + b"[" * 200_000)
    assert entries == [{}]
    assert rest > 0
