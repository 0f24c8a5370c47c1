"""Which bodies can be gone on with, how, and what may be taken for the rest."""

import pytest

from inspector.wire.resuming import (
    REFILL,
    Span,
    asks,
    attempt_after,
    is_redirect,
    judge,
    request_fields,
    span_of,
)

WHOLE = Span(0, 99, 100, '"a"')
PART = Span(20, 79, 100, '"a"')
TAIL = Span(20, 99, 100, '"a"')


@pytest.mark.parametrize(
    ("method", "status", "fields", "span"),
    [
        ("GET", 200, [("content-length", "100"), ("etag", '"a"')], WHOLE),
        ("GET", 200, [("content-length", "100")], Span(0, 99, 100)),
        ("GET", 200, [("content-length", "100"), ("content-encoding", "identity")], Span(0, 99, 100)),
        ("GET", 206, [("content-range", "bytes 20-79/100"), ("etag", '"a"'), ("content-length", "60")], PART),
        ("GET", 206, [("content-range", "bytes 20-79/100"), ("etag", '"a"')], PART),
        ("GET", 206, [("content-range", "bytes 20-79/100"), ("content-length", "61")], None),
        ("GET", 206, [("content-range", "bytes 20-79/*")], None),
        ("GET", 206, [("content-range", "bytes */100")], None),
        ("GET", 206, [("content-type", "multipart/byteranges; boundary=x")], None),
        ("GET", 206, [("content-range", "items 1-2/3")], None),
        ("GET", 200, [], None),
        ("GET", 200, [("content-length", "0")], None),
        ("GET", 200, [("content-length", "-5")], None),
        ("GET", 200, [("content-length", "9" * 30)], None),
        ("GET", 200, [("content-length", "100"), ("content-encoding", "gzip")], None),
        ("HEAD", 200, [("content-length", "100")], None),
        ("POST", 200, [("content-length", "100")], None),
        ("GET", 404, [("content-length", "100")], None),
        ("GET", 307, [("content-length", "100")], None),
    ],
)
def test_what_can_be_gone_on_with(method, status, fields, span) -> None:
    assert span_of(method, status, fields) == span


@pytest.mark.parametrize(
    ("span", "got", "wanted", "condition"),
    [
        (WHOLE, 0, "bytes=0-99", '"a"'),
        (WHOLE, 60, "bytes=60-99", '"a"'),
        (PART, 10, "bytes=30-79", '"a"'),
        (Span(0, 99, 100, 'W/"a"'), 1, "bytes=1-99", None),  # RFC 9110 section 13.1.5: strong ones only
        (Span(0, 99, 100), 1, "bytes=1-99", None),
        (Span(0, 99, 100, "unquoted"), 1, "bytes=1-99", None),
    ],
)
def test_what_is_asked_for(span, got, wanted, condition) -> None:
    fields = request_fields(span, got)
    assert (fields["range"], fields["if-range"]) == (wanted, condition)
    assert fields["if-none-match"] is fields["if-modified-since"] is None


def cr(first: int, last: int, total: int = 100) -> tuple[str, str]:
    return ("content-range", f"bytes {first}-{last}/{total}")


@pytest.mark.parametrize(
    ("span", "got", "status", "fields", "checked", "found"),
    [
        (WHOLE, 60, 206, [cr(60, 99), ("etag", '"a"'), ("content-length", "40")], False, 0),
        (WHOLE, 60, 206, [cr(60, 99), ("etag", '"a"')], False, 0),
        (WHOLE, 60, 206, [cr(60, 99)], False, 0),  # some storages leave ETag out of a 206
        (PART, 10, 206, [cr(30, 79), ("etag", '"a"')], False, 0),
        (WHOLE, 60, 206, [cr(60, 99), ("etag", '"b"')], True, "another ETag"),
        (Span(0, 99, 100), 60, 206, [cr(60, 99), ("etag", '"b"')], False, "another ETag"),
        (WHOLE, 60, 206, [cr(59, 99), ("etag", '"a"')], True, "another part"),
        (WHOLE, 60, 206, [cr(60, 98), ("etag", '"a"')], True, "another part"),
        (WHOLE, 60, 206, [cr(60, 99, 101), ("etag", '"a"')], True, "another part"),
        (WHOLE, 60, 206, [cr(60, 99), ("content-length", "39")], True, "contradicts"),
        (WHOLE, 60, 206, [("etag", '"a"')], True, "without a Content-Range"),
        (WHOLE, 60, 206, [cr(60, 99), ("content-encoding", "gzip")], True, "Content-Encoding gzip"),
        (WHOLE, 60, 200, [("content-length", "100"), ("etag", '"a"')], False, 60),
        (TAIL, 10, 200, [("content-length", "100"), ("etag", '"a"')], False, 30),
        (PART, 10, 200, [("content-length", "100"), ("etag", '"a"')], False, "of another length"),
        (WHOLE, 60, 200, [("content-length", "101"), ("etag", '"a"')], True, "of another length"),
        (WHOLE, 60, 200, [("etag", '"a"')], True, "of another length"),
        (WHOLE, 60, 200, [("content-length", "100")], False, "nothing tells"),
        (WHOLE, 60, 200, [("content-length", "100")], True, 60),  # the digest will tell
        (
            Span(0, 99, 100, 'W/"a"'),
            60,
            200,
            [("content-length", "100"), ("etag", 'W/"a"')],
            False,
            "nothing tells",
        ),
        (WHOLE, 60, 200, [("content-length", "100"), ("etag", '"b"')], True, "another ETag"),
        (WHOLE, 60, 204, [], True, "status 204"),
        (WHOLE, 60, 403, [], True, "status 403"),
        (WHOLE, 60, 416, [("content-range", "bytes */100")], True, "status 416"),
    ],
)
def test_what_may_be_taken_for_the_rest(span, got, status, fields, checked, found) -> None:
    answer = judge(span, got, status, fields, checked=checked)
    if isinstance(found, int):
        assert answer == found
    else:
        assert found in answer


@pytest.mark.parametrize(
    ("status", "at_first", "in_the_midst"),
    [
        (200, False, False),
        (206, False, False),
        (304, False, False),
        (307, True, True),
        (400, False, True),
        (401, False, True),
        (403, True, True),
        (404, False, True),
        (416, False, False),
        (429, True, True),
        (500, True, True),
        (503, True, True),
    ],
)
def test_which_answers_make_one_ask_again(status, at_first, in_the_midst) -> None:
    assert asks(status, started=False) is at_first
    assert asks(status, started=True) is in_the_midst


def test_tries_are_counted_anew_once_enough_has_come() -> None:
    assert attempt_after(0, 0) == 1
    assert attempt_after(3, REFILL - 1) == 4
    assert attempt_after(3, REFILL) == 1


def test_a_redirect_names_another_place() -> None:
    assert [s for s in range(300, 310) if is_redirect(s)] == [301, 302, 303, 307, 308]


def test_a_part_knows_whether_it_is_all() -> None:
    assert (WHOLE.size, WHOLE.whole, PART.size, PART.whole) == (100, True, 60, False)
