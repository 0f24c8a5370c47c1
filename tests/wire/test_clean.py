"""clean: nothing that a terminal obeys, or an eye misses, comes through."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.clean import clean

TEXT = st.text(st.characters())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("library/alpine", "library/alpine"),
        ("", ""),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x1b]52;c;aGk=\x07", "\\x1b]52;c;aGk=\\x07"),
        ("a\r\nb\tc\x00", "a\\x0d\\x0ab\\x09c\\x00"),
        ("\x7f\x80\x9b31m", "\\x7f\\x80\\x9b31m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2066\u2069\u200e\u200f\u061c", "\\u2066\\u2069\\u200e\\u200f\\u061c"),
        ("a\u200b\u200d\u2060\ufeffb", "a\\u200b\\u200d\\u2060\\ufeffb"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("[red]x[/red] ‹token 3fa9c1d2› é 日本 😀", "[red]x[/red] ‹token 3fa9c1d2› é 日本 😀"),
    ],
)
def test_what_is_unsafe_becomes_a_visible_escape(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert clean("abcdef", 4) == "abc…"
    assert clean("abcd", 4) == "abcd"
    assert clean("\x1b\x1b", 5) == "\\x1b…"
    assert clean("x" * 10_000) == "x" * 4095 + "…"
    assert clean("abc", 0) == "…"
    assert clean("abcdefghij", -3) == "…"


@given(TEXT, st.integers(1, 40))
def test_result_is_safe_short_and_stays_as_it_is(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert len(shown) <= limit
    assert clean(shown, limit) == shown
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert not {unicodedata.bidirectional(c) for c in shown} & {
        "LRE",
        "RLE",
        "LRO",
        "RLO",
        "PDF",
        "LRI",
        "RLI",
        "FSI",
        "PDI",
    }
    shown.encode()
