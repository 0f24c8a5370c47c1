"""The redactor: levels, idempotence on whatever text, and one token under one name everywhere."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.sources.pseudonym import PSEUDONYM
from inspector.sources.redact import LEVELS, Redactor

TOKEN = "tok3n-Of-Many-Different-Chars-0123456789"

# Text that is nearly something: what a redactor may take for a secret, a pseudonym, or their middle.
PIECES = st.sampled_from([
    "token=", "password: ", "Bearer ", "Basic ", "eyJhbGciOiJFUzI1NiJ9", ".", "‹token 0123abcd›", "‹basic 0123abcd›", "‹empty›",
    "‹", "›", "%E2%80%B9value%200123abcd%E2%80%BA", "https://", "u:p@", "registry.test", "/v2/", "?", "&", "=", ";", "#", "<", ">",
    '"', "\\", ",", " ", "sig=", "verify=1893456000-", "realm=", "scope=repository:a:pull", "dckr_pat_abc", "a" * 40,
    "Zx9" * 14, "sha256:" + "0f" * 32, "\x1b", "\u202e", "é", "…", "%", "%2", "+", "alice", "hunter2", "&amp;", "{", "}", "[", "]",
    "errors", "message", "1", "</title>", "<title>", "<html>", "<Error><Message>", "</Message>",
])  # fmt: skip
TEXT = st.lists(PIECES, max_size=14).map("".join)
QUIET = settings(deadline=None, derandomize=True, max_examples=150)


def warm(level: str, text: str) -> Redactor:
    """A redactor that has met every secret of ``text`` already."""
    redactor = Redactor(level, key=b"k")
    redactor.headers(
        [(b"cookie", text.encode()), (b"authorization", text.encode()), (b"link", text.encode())]
    )
    redactor.url(text)
    redactor.form(text.encode())
    redactor.error(text.encode())
    return redactor


@given(text=TEXT, level=st.sampled_from(LEVELS))
@QUIET
def test_a_second_time_changes_nothing(text, level):
    redactor, other = warm(level, text), Redactor(level)
    for once in (redactor.line, redactor.prose, redactor.url, redactor.file_name):
        told = once(text)
        assert getattr(other, once.__name__)(told) == told, once


@given(text=TEXT, level=st.sampled_from(LEVELS))
@QUIET
def test_header_fields_stay_the_second_time(text, level):
    names = [
        "authorization",
        "cookie",
        "set-cookie",
        "www-authenticate",
        "link",
        "location",
        "referer",
        "warning",
        "host",
        "x-a",
    ]
    fields = [(name.encode(), text.encode()) for name in names]
    told = warm(level, text).headers(fields)
    again = [(name.encode(), value.encode()) for name, value in told]
    assert Redactor(level).headers(again) == told


@given(text=TEXT, level=st.sampled_from(LEVELS))
@QUIET
def test_bodies_stay_the_second_time(text, level):
    redactor = warm(level, text)
    shapes = [
        text,
        json.dumps(
            {"errors": [{"code": text, "message": text, "detail": {text: text, "name": text}}], text: text}
        ),
    ]
    for body in shapes:
        for once in ("form", "error", "token_answer"):
            told = getattr(redactor, once)(body.encode())
            if told:
                assert getattr(Redactor(level), once)(told) == told, once


@pytest.mark.parametrize(
    "text", ["registry.test?sig=Bearer token=", "x" * 30 + " password: abc", "token=" + "a1" * 40]
)
def test_the_start_of_an_answer_that_is_no_object_stays_the_second_time(redactor, text):
    told = redactor.token_answer(text.encode())
    assert Redactor().token_answer(told) == told


def test_userinfo_in_a_host_is_remembered(redactor):
    redactor.headers([(b"Host", b"wonderland7:x@registry.test")])
    assert "wonderland7" not in redactor.prose("no host wonderland7:x here")


def test_one_token_has_one_name_in_answer_and_request(redactor):
    answer = json.loads(redactor.token_answer(json.dumps({"token": TOKEN, "access_token": TOKEN}).encode()))
    [(_, value)] = redactor.headers([(b"Authorization", f"Bearer {TOKEN}".encode())])
    assert value == f"Bearer {answer['token']}"
    assert answer["access_token"] == answer["token"]
    assert PSEUDONYM.fullmatch(answer["token"])


def test_a_token_has_the_same_name_in_two_processes_and_a_password_has_not():
    one, other = Redactor(), Redactor()
    bearer, basic = (
        (b"authorization", f"Bearer {TOKEN}".encode()),
        (b"authorization", b"Basic YWxpY2U6YWxpY2Vwdw=="),
    )
    assert one.headers([bearer]) == other.headers([bearer])
    assert one.headers([basic]) != other.headers([basic])
    assert one.headers([basic]) == one.headers([basic])


def test_an_unknown_level_is_refused_by_name():
    with pytest.raises(ValueError, match=r"default, strict, none.*'off'"):
        Redactor("off")


def test_strict_hides_addresses_and_the_details_of_the_client():
    redactor = Redactor("strict", key=b"k")
    told = dict(
        redactor.headers(
            [(b"user-agent", b"docker/20.10 kernel/6.1 (host-7)"), (b"x-forwarded-for", b"203.0.113.5")]
        )
    )
    assert told["user-agent"] == "docker/20.10"
    assert told["x-forwarded-for"].startswith("‹address ")
    assert redactor.address("203.0.113.5") == redactor.address("203.0.113.5") != "203.0.113.5"
    assert "203.0.113.5" not in redactor.prose("cannot connect to 203.0.113.5:443")
    assert Redactor(key=b"k").address("203.0.113.5") == "203.0.113.5"


def test_none_cleans_and_replaces_nothing(new_redactor):
    redactor = new_redactor("none")
    assert redactor.url("https://a.test/?token=\x1bx") == "https://a.test/?token=\\x1bx"
    assert redactor.headers([(b"Cookie", b"a=\x1bb")]) == (("cookie", "a=\\x1bb"),)
    assert redactor.error(b"x") == b"x"
    assert redactor.form(b"password=x") == b"password=x"
    assert redactor.token_answer(b"{}") == b"{}"


def test_a_flood_of_fields_is_cut(redactor):
    assert len(redactor.headers([(b"a", b"b")] * 100_000)) == 1000


def test_a_huge_value_is_cut_and_no_pseudonym_with_it(redactor):
    link = b"<https://a.test/?x=1&token=%s>; rel=next, " % (b"s3cretS3cret" * 3) * 900
    [(_, value)] = redactor.headers([(b"link", link)])
    assert len(value) <= 16 * 1024
    assert b"s3cret" not in value.encode()
    assert value.count("‹") == value.count("›")


def test_an_ordinary_message_stays_readable(redactor):
    redactor.headers([(b"authorization", b"Basic " + base64.b64encode(b"alice:wonderland"))])
    text = "Get https://registry-1.docker.io/v2/library/alpine/manifests/latest: unauthorized: authentication required"
    assert redactor.prose(text) == text
    digest = "manifest sha256:" + "ab" * 32 + " of library/some-quite-long-name/with-parts-v2 is unknown"
    assert redactor.prose(digest) == digest
    said = "invalid token: signature is expired; toomanyrequests: You have reached your pull rate limit"
    assert redactor.prose(said) == said


def test_a_file_name_loses_what_is_secret_in_it(redactor):
    assert redactor.file_name("captures/docker-pull-2026.flow") == "captures/docker-pull-2026.flow"
    told = redactor.file_name(
        "https://bob:pw12@a.test/x?token=abc123def/eyJhbGciOiJub25lIn0.eyJ4IjoxfQ.flow\x1b[0m"
    )
    for secret in ("pw12", "abc123def", "eyJ", "\x1b"):
        assert secret not in told


@pytest.mark.parametrize(
    "text",
    ["a" * 16_000, "a." * 8_000, "token" * 3_200, "a=" * 8_000, 'a="' * 5_000, "<" * 16_000, "<title" * 2_500, " " * 16_000, "%E2%80%B9" * 1_700,
     "‹" * 5_000, "‹token 0123abcd" * 900, "eyJ" * 5_000, "eyJaaaaaaaa." * 1_300, "bearer " * 2_000, "://" * 5_000, "a://" * 4_000, "?&" * 8_000,
     ";" * 16_000, "1.1." * 4_000, "::" * 8_000, '"' * 16_000, "\\" * 16_000, "password:" * 1_700],
    ids=lambda text: text[:6],
)  # fmt: skip
@pytest.mark.parametrize("level", ["default", "strict"])
def test_text_made_to_keep_a_pattern_busy_is_answered(text, level):
    redactor = warm(level, text[:200])
    fields = [
        (name, text.encode())
        for name in (b"www-authenticate", b"link", b"cookie", b"location", b"warning", b"authorization")
    ]
    assert len(redactor.headers(fields)) == len(fields)
    for once in (redactor.line, redactor.prose, redactor.url, redactor.file_name):
        assert len(once(text)) <= 16 * 1024
    for once in (redactor.form, redactor.error, redactor.token_answer):
        assert len(once(text.encode()) or b"") <= 256 * 1024


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Invalid header line: b'x s3cret'", "Invalid header line: b'…'"),
        ('Bad HTTP request line: b"it\'s" (x)', "Bad HTTP request line: b'…' (x)"),
        ("unexpected server response: b'cut \\' off", "unexpected server response: b'…'"),
        ("peer closed connection (received 1 bytes)", "peer closed connection (received 1 bytes)"),
    ],
)
def test_a_peers_bytes_are_left_out_of_a_complaint(new_redactor, said, told):
    assert new_redactor().complaint(said) == told
    assert new_redactor().complaint(told) == told
    assert new_redactor("none").complaint(said) == said


def test_a_warning_is_a_sentence(redactor):
    ((_, value),) = redactor.headers([(b"Warning", b'299 - "see docs; password=hunter2horse"')])
    assert value.startswith('299 - "see docs; password=‹value ')
