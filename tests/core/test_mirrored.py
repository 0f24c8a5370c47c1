"""A mirrored exchange's time, divided between the mirror and its upstreams."""

import pytest

from inspector.core.events import Ended, Peer, RequestHead, UpstreamCall
from inspector.core.exchange import Exchange
from inspector.core.mirrored import receive, shares, wait


def call(start, first_byte, end):
    url = "https://up.test/v2/"
    return UpstreamCall(method="GET", url=url, host="up.test", start=start, first_byte=first_byte, end=end)


def mirrored(*calls, end=10.0, noted=True):
    made = Exchange(
        RequestHead(
            id="a", time=0.0, method="GET", url="https://m.test/v2/", host="m.test",
            http_version="HTTP/1.1", headers=(), client=Peer(),
        )
    )  # fmt: skip
    made.end = Ended(id="a", time=end, upstream=calls if noted else None)
    return made


@pytest.mark.parametrize(
    ("times", "told"),
    [
        ((1.0, 3.0, 6.0), (2.0, 3.0)),
        ((1.0, None, 6.0), (5.0, None)),
        ((1.0, None, None), (None, None)),
        ((None, 3.0, None), (None, None)),
        ((5.0, 3.0, 1.0), (0.0, 0.0)),
    ],
)
def test_a_call_waits_and_receives(times, told):
    assert (wait(call(*times)), receive(call(*times))) == told


@pytest.mark.parametrize(
    ("spans", "told"),
    [
        ([], (10.0, 0.0)),
        ([(1, 3), (4, 8)], (4.0, 6.0)),
        ([(1, 5), (4, 8)], (3.0, 7.0)),
        ([(1, 8), (2, 3)], (3.0, 7.0)),
        ([(4, 8), (1, 3)], (4.0, 6.0)),
        ([(-5, 2), (9, 99)], (7.0, 3.0)),
        ([(20, 30), (-9, -8)], (10.0, 0.0)),
        ([(1, 3), (None, 9), (9, None)], (8.0, 2.0)),
    ],
)
def test_what_no_call_covers_is_the_mirrors_own(spans, told):
    assert shares(mirrored(*[call(first, first, last) for first, last in spans])) == told


def test_nothing_is_divided_where_it_is_not_known():
    assert shares(mirrored(noted=False)) is None
    assert shares(mirrored(end=None)) is None
    unfinished = mirrored()
    unfinished.end = None
    assert shares(unfinished) is None
