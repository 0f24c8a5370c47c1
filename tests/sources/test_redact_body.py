"""Bodies: an error says what is wrong, a form what is asked for, and neither anything else."""

import json

import pytest

from inspector.wire.errors import parse_error_body
from inspector.wire.token import parse_token_request


def test_a_registry_error_stays(redactor):
    body = {
        "errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown", "detail": {"Tag": "nope"}}]
    }
    assert json.loads(redactor.error(json.dumps(body).encode())) == body


def test_detail_of_a_denied_scope_stays(redactor):
    detail = [{"Type": "repository", "Class": "", "Name": "library/alpine", "Action": "pull"}]
    body = {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required", "detail": detail}]}
    assert json.loads(redactor.error(json.dumps(body).encode())) == body


@pytest.mark.parametrize(
    "body",
    [
        {"details": "incorrect username or password"},
        {"error": "invalid_grant", "error_description": "bad"},
        {"message": "denied"},
        {"detail": "x", "title": "y", "status": 403},
    ],
)
def test_a_token_services_error_stays(redactor, body):
    assert json.loads(redactor.error(json.dumps(body).encode())) == body


def test_other_keys_go_however_they_are_written(redactor):
    body = b'{"message":"x","Token":"aaaa","\\u0074oken":"bbbb","errors":[{"code":"X","secret":"cccc","detail":{"key":{"a":"dddd"}}}]}'
    told = redactor.error(body)
    for secret in (b"aaaa", b"bbbb", b"cccc", b"dddd"):
        assert secret not in told
    assert json.loads(told)["errors"][0]["secret"].startswith("‹value ")


def test_a_page_keeps_its_title(redactor):
    told = redactor.error(
        b"<!DOCTYPE html><html><head><title>502 Bad Gateway &amp; more</title></head><body>secret</body></html>"
    )
    assert parse_error_body(told).html
    assert parse_error_body(told).title == "502 Bad Gateway & more"
    assert b"secret" not in told


def test_an_object_stores_error_keeps_code_and_message(redactor):
    xml = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Request has expired</Message><HostId>x</HostId></Error>"
    told = parse_error_body(redactor.error(xml))
    assert (told.xml_code, told.message) == ("AccessDenied", "Request has expired")
    assert b"HostId" not in redactor.error(xml)


def test_text_is_kept_and_cleaned(redactor):
    assert redactor.error(b"404 page \x1b[31mnot found") == b"404 page \\x1b[31mnot found"


@pytest.mark.parametrize(
    "body", [b"", b"\x00\x01\x02\x03\x04", bytes(range(128, 256)) * 3, b"\x1f\x8b\x08\x00"]
)
def test_what_is_no_text_is_not_kept(redactor, body):
    assert redactor.error(body) is None


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 50_000, b'{"errors":' + b"[1," * 999, b'{"code":NaN,"message":1e999}']
)
def test_hostile_json_gives_an_answer(redactor, body):
    told = redactor.error(body)
    assert told is None or len(told) <= 8192


def test_a_long_error_is_cut(redactor):
    assert len(redactor.error(b"x y " * 1_000_000)) <= 4200
    assert (
        len(
            redactor.error(
                json.dumps({"message": "x y " * 100_000, "errors": [{"code": "A"}] * 5000}).encode()
            )
            or b""
        )
        < 70_000
    )


def test_a_token_in_place_of_a_scope_is_replaced(redactor):
    assert b"AF2b" not in redactor.form(b"scope=AF2bZyQ1c_dEfGhIjKlMnOpQrStUvWxYz012345")


def test_a_form_says_what_is_asked_for_and_not_by_whom(redactor):
    form = b"grant_type=refresh_token&service=registry.test&client_id=docker&scope=repository%3Aa%3Apull&refresh_token=abcdef&username=al"
    told = redactor.form(form)
    assert told.startswith(
        b"grant_type=refresh_token&service=registry.test&client_id=docker&scope=repository%3Aa%3Apull&"
    )
    assert b"abcdef" not in told
    assert b"=al" not in told
    asked = parse_token_request("", told)
    assert (asked.grant_type, asked.service, asked.scopes, asked.account) == (
        "refresh_token", "registry.test", ("repository:a:pull",), True,
    )  # fmt: skip
