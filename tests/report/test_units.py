"""Numbers as a person reads them."""

import math

import pytest

from inspector.report import units


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "–"), (-1, "–"), (0, "0 B"), (404, "404 B"), (999, "999 B"), (1000, "1.0 kB"), (1260, "1.3 kB"), (9949, "9.9 kB"),
        (9950, "10 kB"), (305_000, "305 kB"), (999_499, "999 kB"), (999_500, "1.0 MB"), (50_015_407, "50 MB"), (10 * 2**30, "11 GB"),
        (2**63, "9.2 EB"), (10**30, "1000000000000 EB"),
    ],
)  # fmt: skip
def test_sizes(count: int | None, text: str) -> None:
    assert units.size(count) == text


@pytest.mark.parametrize(
    ("received", "total", "text"),
    [
        (5_200_000, 50_000_000, "5.2 of 50 MB"), (980_000, 50_000_000, "980 kB of 50 MB"), (5, None, "5 B"), (None, 5, "–"),
        (0, 7, "0 of 7 B"),
    ],
)  # fmt: skip
def test_some_of_a_whole(received: int | None, total: int | None, text: str) -> None:
    assert units.part(received, total) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"), (math.nan, "–"), (math.inf, "–"), (0.0, "0 ms"), (-1.0, "0 ms"), (0.0001, "<1 ms"), (0.008, "8 ms"),
        (0.9994, "999 ms"), (0.9996, "1.00 s"), (2.31, "2.31 s"), (9.996, "10.0 s"), (59.94, "59.9 s"), (59.96, "1 min 00 s"),
        (125, "2 min 05 s"), (3720, "1 h 02 min"),
    ],
)  # fmt: skip
def test_durations(seconds: float | None, text: str) -> None:
    assert units.duration(seconds) == text


def test_a_pulls_length_is_told_in_seconds() -> None:
    assert units.elapsed(0.132) == "0.13 s"
    assert units.elapsed(0.001) == "1 ms"
    assert units.elapsed(36.04) == "36.0 s"


def test_shares() -> None:
    assert [units.percent(share) for share in (0, 0.001, 0.384, 1)] == ["0 %", "<1 %", "38 %", "100 %"]


def test_counts() -> None:
    assert units.count(1, "request") == "1 request"
    assert units.count(10_000, "request") == "10,000 requests"
    assert units.count(2, "proxy", "proxies") == "2 proxies"


def test_rates() -> None:
    assert units.rate(36_000_000, 2.0) == "18 MB/s"
    assert units.rate(None, 1.0) is None
    assert units.rate(5, 0.0) is None
    assert units.rate(5, -1.0) is None


@pytest.mark.parametrize("epoch", [None, math.nan, math.inf, 1e300, -1e300])
def test_a_time_beyond_the_calendar_is_not_known(epoch: float | None) -> None:
    assert units.clock(epoch) == "–"
    assert units.date(epoch) == "–"


def test_times_of_day() -> None:
    assert units.clock(1_790_000_000.1239) == "14:13:20.123"
    assert units.date(1_790_000_000) == "2026-09-21 14:13:20"
