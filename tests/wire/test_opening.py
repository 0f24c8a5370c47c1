"""The opening of a body: enough to know it by, and nothing secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.clean import clean
from inspector.wire.opening import opening

SECRET = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJh"


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"<html><head><title>502 Bad Gateway</title>", "<html><head><title>502 Bad Gateway</tit…"),
        (b"  \r\n<html>", "\\x0d\\x0a<html>"),
        (b"", ""),
        (b'"quoted"', "quoted"),
        (b"\x1b[2J", "\\x1b[2J"),
        (b"\xff\xfe", "��"),
        (SECRET.encode(), "‹…›"),
        (f'{{"token":"{SECRET}"'.encode(), '{"token":"‹…›"'),
        (b"user=a&password=hunter2&x=y", "user=a&password=‹…›&x=y"),
        (b"access_token: s3cr3t", "access_token: ‹…›"),
    ],
)
def test_opening(data: bytes, shown: str) -> None:
    assert opening(data, 40) == shown


def test_cut_behind_a_telling_name_is_its_own_opening() -> None:
    shown = opening(b"token=hunter2", 7)
    assert shown == "token=…"
    assert opening(shown.encode(), 7) == shown


def test_secret_across_the_cut_does_not_show() -> None:
    assert SECRET[:4] not in opening(b"x" * 10 + b" <p> " + SECRET.encode() * 20, 30)


PIECES = st.lists(
    st.sampled_from(
        [
            "token",
            '"',
            ":",
            "=",
            " ",
            SECRET,
            "\x1b",
            "<html>",
            "secret",
            "hunter2",
            "‹…›",
            "…",
            "\\x1b",
            "\u202e",
            "aB3",
        ]
    )
)


@given(
    st.text(st.characters()).map(lambda t: t.encode(errors="surrogatepass"))
    | PIECES.map("".join).map(str.encode),
    st.integers(1, 60),
)
def test_result_is_short_clean_and_its_own_opening(data: bytes, limit: int) -> None:
    shown = opening(data, limit)
    assert len(shown) <= limit
    assert clean(shown, limit) == shown
    assert SECRET not in shown
    assert opening(shown.encode(), limit) == shown or shown.startswith('"')
