"""HTTP dates: the three forms of the RFC, and nothing else."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.httpdate import parse_http_date

THEN = 784111777.0  # the RFC's own example


@pytest.mark.parametrize(
    "value",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        " sun, 06 nov 1994 08:49:37 gmt ",
        "Sun, 6 Nov 1994 08:49:37 UTC",
    ],
)
def test_the_forms_of_the_rfc(value: str) -> None:
    assert parse_http_date(value) == THEN


def test_leap_second_counts_as_the_one_before() -> None:
    end = datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
    assert parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT") == end


def test_two_digit_year_turns_at_the_epoch() -> None:
    assert (
        parse_http_date("Tuesday, 24-Nov-26 00:00:00 GMT") == datetime(2026, 11, 24, tzinfo=UTC).timestamp()
    )


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0",
        "-1",
        "now",
        "Sun, 31 Feb 2026 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 +0200",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT",
        "2026-11-24T00:00:00Z",
        "Sun, 06 Nov 0000 08:49:37 GMT",
    ],
)
def test_other_text_is_no_date(value: str) -> None:
    assert parse_http_date(value) is None


@given(st.datetimes(min_value=datetime(1, 1, 2), timezones=st.just(UTC)))
def test_what_servers_write_is_read_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    assert parse_http_date(format_datetime(moment, usegmt=True)) == moment.timestamp()


@given(
    st.text(st.characters())
    | st.from_regex(r"[a-z]{3}, [0-9]{1,2} [a-z]{3} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT")
)
def test_any_text_gives_a_number_or_none(value: str) -> None:
    assert isinstance(parse_http_date(value), float | None)
