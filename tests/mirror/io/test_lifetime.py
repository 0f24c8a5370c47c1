"""Token answers: which are some, and how long they live."""

import json

import jwt
import pytest

from inspector.mirror.io import lifetime
from inspector.mirror.model import Reply

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT
DATE = ("date", "Tue, 14 Nov 2023 22:13:20 GMT")


def life(now=NOW, date=DATE, **fields):
    body = json.dumps({"token": "abc"} | fields).encode()
    fresh = lifetime.read(Reply(status=200, headers=(date,) if date else (), body=body), now)
    return fresh.life


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [(300, 300), (0, 10), (-5, 10), ("300", 300), ("soon", 60), (10**12, 3600), (10**400, 3600), (1e300, 3600),
     (None, 60), (True, 60), ([], 60), (3e2, 300), ("-1", 10)],
)  # fmt: skip
def test_A10_whatever_expires_in_is_the_life_is_sane(expires_in, seconds):
    assert life(expires_in=expires_in) == seconds


def test_A10_without_expires_in_the_specifications_minute_counts():
    assert life() == 60


@pytest.mark.parametrize(
    ("issued_at", "seconds"),
    [
        ("2023-11-14T22:13:20Z", 300),
        ("2023-11-14T22:11:20Z", 180),
        ("2023-11-14T23:13:20Z", 300),  # in the future
        ("2020-01-01T00:00:00Z", 10),
        ("0001-01-01T00:00:00Z", 300),
        ("yesterday", 300),
        (7, 300),
    ],
)
def test_A10_issued_at_counts_by_the_services_own_clock(issued_at, seconds):
    assert life(expires_in=300, issued_at=issued_at) == seconds


@pytest.mark.parametrize("skew", [-7200, 7200])
def test_A11_a_clock_that_is_off_changes_nothing_where_the_answer_has_a_date(skew):
    assert life(now=NOW + skew, expires_in=300, issued_at="2023-11-14T22:13:20Z") == 300


@pytest.mark.parametrize(("ahead", "seconds"), [(120, 120), (9000, 300), (-60, 10)])
def test_A11_the_tokens_own_end_counts(ahead, seconds):
    token = jwt.encode({"exp": int(NOW) + ahead}, "k" * 32)
    assert life(token=token, expires_in=300, now=NOW + 999) == seconds


@pytest.mark.parametrize(
    ("body", "token"),
    [
        (b'{"token":"a"}', "a"),
        (b'{"access_token":"b"}', "b"),
        (b'{"token":"a","access_token":"b"}', "a"),
        (b'{"token":"","access_token":"b"}', "b"),
        (b'{"Token":"a"}', "a"),
    ],
)
def test_A10_either_name_of_the_token_will_do(body, token):
    assert lifetime.read(Reply(status=200, headers=(), body=body), NOW).token == token


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"[]", b'"a"', b"null", b"{}", b'{"token":7}', b'{"token":null}', b"[" * 100_000,
        b'{"a":' * 10_000, b'\xef\xbb\xbf{"token":"a"}', b'{"token":"a\\r\\nx: y"}', b'{"token":"a b"}',
        b'{"token":"\xff"}', b'{"token":"\\u00e9"}', b'{"token":"' + b"x" * 40_000 + b'"}', b'{"token":"a"',
    ],
)  # fmt: skip
def test_A12_what_holds_no_usable_token_is_none(body):
    assert lifetime.read(Reply(status=200, headers=(), body=body), NOW) is None


def test_one_who_comes_later_is_told_what_is_left():
    body = (
        b'{"token":"a","access_token":"b","expires_in":300,"issued_at":"x","scope":"s","refresh_token":"r"}'
    )
    fresh = lifetime.read(Reply(status=200, headers=(), body=body), NOW)
    told = json.loads(lifetime.left(fresh, 123.9, "2023-11-14T22:13:20Z"))
    assert told == {
        "token": "a", "access_token": "a", "expires_in": 123, "issued_at": "2023-11-14T22:13:20Z", "scope": "s",
    }  # fmt: skip


def test_a_token_is_not_shown():
    fresh = lifetime.read(Reply(status=200, headers=(), body=b'{"token":"secret-9"}'), NOW)
    assert "secret-9" not in repr(fresh)
