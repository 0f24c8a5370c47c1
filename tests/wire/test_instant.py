"""RFC 3339 moments, as Go writes them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.instant import parse_rfc3339

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-24T12:00:00Z", NOON),
        ("2026-11-24T12:00:00.5Z", NOON + 0.5),
        ("2026-11-24T12:00:00.250000001Z", NOON + 0.25),
        ("2026-11-24t14:00:00+02:00", NOON),
        ("2026-11-24T06:30:00-05:30", NOON),
    ],
)
def test_moment_becomes_epoch_seconds(text: str, seconds: float) -> None:
    assert parse_rfc3339(text) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0001-01-01T00:00:00Z",
        "2026-11-24",
        "2026-11-24T12:00:00",
        "2026-13-24T12:00:00Z",
        "1700000000",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+01:00",
    ],
)
def test_other_text_and_gos_zero_are_none(text: str) -> None:
    assert parse_rfc3339(text) is None


@given(st.datetimes(min_value=datetime(2, 1, 2), max_value=datetime(9998, 1, 1)), st.integers(-720, 720))
def test_python_writes_what_is_read(moment: datetime, minutes: int) -> None:
    aware = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_rfc3339(aware.isoformat()) == aware.timestamp()


@given(st.text(st.characters()))
def test_any_text_gives_a_number_or_none(text: str) -> None:
    assert isinstance(parse_rfc3339(text), float | None)
