"""What users type, and what it means; mistakes are answered by one line."""

import re

import pytest

from inspector.faults.options import parse, wants_help


def ordered(*words):
    return [(entry.fault.name, entry.left) for entry in parse(words, "", "").entries]


def test_names_times_and_sequences():
    assert ordered("cdn-denied") == [("cdn-denied", None)]
    assert ordered("cdn-denied:2, stalled", "slow:1") == [("cdn-denied", 2), ("stalled", None), ("slow", 1)]
    assert ordered() == ordered("") == ordered(" , ") == []
    assert ordered("CDN-Denied:3") == [("cdn-denied", 3)]


@pytest.mark.parametrize("words", [["help"], ["list"], ["slow", "help"], ["slow,help"]])
def test_help_is_heard_wherever_it_stands(words):
    assert wants_help(words)
    assert not wants_help(["helpful"])


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("cdn-deneid", "there is no fault 'cdn-deneid': did you mean cdn-denied?"),
        ("truncated", "did you mean body-truncated?"),
        ("xyz", "fault=help lists them"),
        ("slow:0", "takes a number from 1 on, as in slow:2, not '0'"),
        ("slow:-1", "takes a number"),
        ("slow:", "takes a number"),
        ("slow:²", "takes a number"),
        ("slow:99999999999", "takes a number"),
    ],
)
def test_a_mistake_in_a_fault_is_told_with_what_was_meant(word, says):
    with pytest.raises(ValueError, match=re.escape(says)) as told:
        parse([word], "", "")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(("text", "bytes_"), [("", None), ("0", 0), (" ", None), ("12", 12)])
def test_the_place_in_a_body(text, bytes_):
    assert parse([], "", text).after == bytes_


@pytest.mark.parametrize(
    ("filter_text", "after", "says"),
    [
        ("~nonsense (", "", "fault_filter is a filter expression"),
        ("", "1k", "fault_after is a number of bytes"),
    ],
)
def test_other_mistakes(filter_text, after, says):
    with pytest.raises(ValueError, match=says):
        parse(["slow"], filter_text, after)
