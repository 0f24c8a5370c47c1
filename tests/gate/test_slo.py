"""Thresholds of time: how they are written, and what they measure."""

import msgspec
import pytest

from inspector.core.events import UpstreamCall
from inspector.core.pull import Stage
from inspector.gate.slo import NAMES, Limit, measure, parse


def test_names_and_times_are_read() -> None:
    assert parse(["total=30s,ttfb=500ms", "blob = 1.5m"]) == (
        Limit("total", 30.0), Limit("ttfb", 0.5), Limit("blob", 90.0),
    )  # fmt: skip
    assert parse([]) == ()
    assert [one.allowed for one in parse([f"{name}=1h" for name in NAMES])] == [3600.0] * len(NAMES)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("total=30", "total needs a time, such as total=30s"),
        ("total", "total needs a time"),
        ("total=0s", "total needs a time"),
        ("total=-1s", "total needs a time"),
        ("total=infs", "total needs a time"),
        (f"total={'9' * 400}h", "total needs a time"),
        ("totl=1s", "did you mean total?"),
        ("zzz=1s", "there are: total, ttfb"),
        ("", "there are: total, ttfb"),
        ("total=1s,total=2s", "total is given twice"),
    ],
)
def test_what_does_not_do_is_said(given: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("?", r"\?")):
        parse([given])


def test_the_whole_pull_and_the_slowest_request_are_measured(pulled) -> None:
    pull = pulled()
    slow = next(step for step in pull.steps if step.stage is Stage.CDN)
    slow.wait, slow.receive = 2.0, 3.0
    assert measure(pull, Limit("total", 1.0)).seconds == pull.elapsed
    blob = measure(pull, Limit("blob", 4.0))
    assert (blob.seconds, blob.step, blob.broken) == (5.0, slow.n, True)
    first_byte = measure(pull, Limit("ttfb", 2.0))
    assert (first_byte.seconds, first_byte.step, first_byte.broken) == (2.0, slow.n, False)
    assert measure(pull, Limit("token", 4.0)).step == next(s.n for s in pull.steps if s.stage is Stage.TOKEN)


def test_what_is_not_there_is_not_broken(pulled) -> None:
    pull = pulled()
    mirror = measure(pull, Limit("mirror", 0.001))
    assert (mirror.seconds, mirror.step, mirror.broken) == (None, None, False)
    pull.steps = []
    assert measure(pull, Limit("total", 0.001)).seconds is None


def test_of_a_mirrored_request_the_mirrors_own_share_is_measured(pulled) -> None:
    pull = pulled()
    exchange = pull.steps[2].exchange
    begin = exchange.request.time
    call = UpstreamCall(
        method="GET", url="https://up.test/", host="up.test", status=200, start=begin + 1, first_byte=begin + 2, end=begin + 4
    )  # fmt: skip
    exchange.end = msgspec.structs.replace(exchange.end, time=begin + 5, upstream=(call,))
    measured = measure(pull, Limit("mirror", 1.5))
    assert (measured.seconds, measured.step, measured.broken) == (pytest.approx(2.0), 3, True)
