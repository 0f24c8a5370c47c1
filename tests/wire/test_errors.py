"""Error bodies: registries, token services, object stores and the pages of those in between."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.errors import RegistryError, parse_error_body

OCI = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"nope"}}]}'


def test_error_of_a_registry() -> None:
    assert parse_error_body(OCI + b"\n") == RegistryError(
        codes=("MANIFEST_UNKNOWN",),
        message="manifest unknown",
        start=OCI[:79].decode() + "…",
    )


@pytest.mark.parametrize(
    ("body", "codes", "message"),
    [
        ({"errors": [{"code": "DENIED"}, {"code": "UNKNOWN", "message": "m"}]}, ("DENIED", "UNKNOWN"), "m"),
        ({"errors": [{"status": 404, "message": "not there"}]}, (), "not there"),
        ({"errors": [{"code": "DENIED", "message": "first"}, {"message": "second"}]}, ("DENIED",), "first"),
        ({"details": "incorrect username or password"}, (), "incorrect username or password"),
        ({"error": "invalid_token", "error_description": "it is over"}, ("invalid_token",), "it is over"),
        ({"error": "no such user"}, (), "no such user"),
        ({"Errors": [{"Code": "DENIED", "Message": "two\n  lines"}]}, ("DENIED",), "two lines"),
        ({"message": "rate exceeded"}, (), "rate exceeded"),
        ({"errors": "plain"}, (), "plain"),
        ({"errors": None}, (), None),
        ({"errors": [None, 1, {"code": 5, "message": 7}]}, (), None),
        ([], (), None),
        ("x", (), None),
    ],
)
def test_json_bodies(body: Any, codes: tuple[str, ...], message: str | None) -> None:
    error = parse_error_body(json.dumps(body).encode())
    assert (error.codes, error.message, error.html, error.xml_code) == (codes, message, False, None)


def test_html_page() -> None:
    page = b"\n<!DOCTYPE html>\n<html><head><title>\n 502 Bad &amp; Gateway </title></head>"
    error = parse_error_body(page)
    assert (error.html, error.title, error.codes) == (True, "502 Bad & Gateway", ())
    assert error.start.startswith("<!DOCTYPE html>\\x0a<html>")
    assert parse_error_body(b"<center><h1>400</h1></center>") == RegistryError(
        html=True, start="<center><h1>400</h1></center>"
    )


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_xml_of_an_object_store(mark: bytes) -> None:
    xml = (
        b'<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'
    )
    error = parse_error_body(mark + xml)
    assert (error.xml_code, error.message, error.html) == ("AccessDenied", "Request has expired", False)


def test_other_text_shows_its_start() -> None:
    assert parse_error_body(b"") == RegistryError()
    assert parse_error_body(b"Not Authorized\n") == RegistryError(start="Not Authorized")
    assert parse_error_body(b"\x1b[2J" + b"x" * 100).start == "\\x1b[2J" + "x" * 72 + "…"


def test_only_the_first_64_kib_are_read() -> None:
    assert parse_error_body(b"<html>" + b" " * 64 * 1024 + b"<title>late</title>").title is None
    assert parse_error_body(b'{"pad":"' + b"x" * 64 * 1024 + b'","message":"m"}').message is None


PIECES = st.lists(
    st.sampled_from(
        [
            "<html",
            "<title",
            ">",
            "<Error>",
            "<Code>",
            "x",
            "</Code>",
            "<!--",
            "-->",
            "{",
            '"errors":',
            "[",
            "\x1b",
        ]
    )
)


@given(st.binary() | PIECES.map("".join).map(str.encode))
def test_any_bytes_give_an_error_that_is_safe_to_print(document: bytes) -> None:
    error = parse_error_body(document)
    assert len(error.start) <= 80
    assert "\x1b" not in f"{error.start}{error.title}{error.message}"
