"""Range and Content-Range."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.ranges import ContentRange, answers, parse_content_range, parse_range


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes=0-99", (0, 99)),
        ("bytes=100-", (100, None)),
        (" Bytes=5-5 ", (5, 5)),
        ("bytes=-500", None),
        ("bytes=0-1,5-6", None),
        ("bytes=9-1", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
        ("bytes=²-", None),
        ("", None),
    ],
)
def test_range(value: str, expected: tuple[int, int | None] | None) -> None:
    assert parse_range(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes 0-99/100", ContentRange(0, 99, 100)),
        ("bytes 0-99/*", ContentRange(0, 99, None)),
        ("bytes */100", ContentRange(None, None, 100)),
        ("BYTES 5-5/6", ContentRange(5, 5, 6)),
        ("bytes */*", None),
        ("bytes 0-100/100", None),
        ("bytes 9-1/100", None),
        ("bytes=0-99/100", None),
        ("", None),
    ],
)
def test_content_range(value: str, expected: ContentRange | None) -> None:
    assert parse_content_range(value) == expected


@given(st.integers(0, 2**62), st.integers(0, 2**62))
def test_what_is_written_is_read_back(first: int, more: int) -> None:
    assert parse_range(f"bytes={first}-{first + more}") == (first, first + more)
    total = first + more + 1
    assert parse_content_range(f"bytes {first}-{first + more}/{total}") == ContentRange(
        first, first + more, total
    )


@given(st.text(st.characters()) | st.from_regex(r"bytes[ =][-0-9*/,]*"))
def test_any_text_gives_sensible_positions_or_none(value: str) -> None:
    asked, told = parse_range(value), parse_content_range(value)
    assert asked is None or asked[1] is None or asked[0] <= asked[1]
    assert told is None or told.first is None or told.last is None or told.first <= told.last


@pytest.mark.parametrize(
    ("asked", "told", "expected"),
    [
        ("bytes=10-19", "bytes 10-19/100", True),
        ("bytes=10-19", "bytes 10-12/13", True),
        ("bytes=10-", "bytes 10-99/*", True),
        ("bytes=-5", "bytes 95-99/100", True),
        ("bytes=0-1,5-6", None, True),
        ("bytes=10-19", "bytes 0-9/100", False),
        ("bytes=10-19", "bytes 10-20/100", False),
        ("bytes=10-19", None, False),
        ("bytes=10-19", "bytes */100", False),
        ("bytes=-5", "bytes 0-4/100", False),
        (None, "bytes 0-99/100", False),
    ],
)
def test_a_part_is_an_answer_to_the_range_that_asked_for_it(asked: str, told: str, expected: bool) -> None:
    assert answers(asked, told) is expected
