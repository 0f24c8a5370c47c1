from msgspec.structs import replace

from inspector.core.events import Side
from inspector.rules.evidence import (
    beginning,
    count,
    printable,
    saw,
    saw_header,
    saw_request_header,
    saw_status,
    short,
    status_words,
)  # fmt: skip
from inspector.rules.example import build
from inspector.rules.sample import HTML, error_body, ping, resolve, token


def step(*turns):
    return build(turns)[0][0].steps[-1]


def refused(**fields):
    return step(ping(), token(), replace(resolve(), method="GET", **fields))


def test_a_status_comes_with_type_and_words():
    told = refused(
        status=404, give=("content-type: application/json",), body=error_body("MANIFEST_UNKNOWN", "gone")
    )
    assert saw_status(told).what == "404 Not Found, application/json: MANIFEST_UNKNOWN: gone"


def test_a_title_that_repeats_the_status_is_said_once():
    assert saw_status(refused(status=400, give=(), body=HTML)).what == "400 Bad Request: 400 Bad Request"[:15]


def test_no_answer_is_told_with_its_reason():
    broken = refused(status=None, error="connection reset", side=Side.SERVER)
    assert saw_status(broken).what == "no response: connection reset"


def test_headers_there_and_not():
    assert saw_header(refused(status=404, give=("retry-after: 5",)), "retry-after").what == "retry-after: 5"
    assert saw_header(refused(status=404), "retry-after").what == "no retry-after"
    assert saw_request_header(step(ping()), "authorization").what == "no authorization"


def test_long_evidence_is_cut():
    assert len(saw(step(ping()), "x" * 1000).what) == 301


def test_bytes_become_one_visible_line():
    assert printable(b"a\x1b[2J\nb\xff") == "a\\x1b[2J b\\xff"
    assert beginning(refused(status=404, body=b"hello world"), 5) == '"hello"'


def test_small_words():
    assert status_words(503) == "503 Service Unavailable"
    assert status_words(799) == "799"
    assert count(1, "answer") == "1 answer"
    assert count(2, "answer") == "2 answers"
    assert short("sha256:" + "ab" * 32) == "abababababab"
    assert short(None) == "?"
