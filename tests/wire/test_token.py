"""The token service: requests, answers, and what the boundary lets through."""

import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.token import (
    Access,
    Claims,
    Scope,
    TokenAnswer,
    TokenRequest,
    jwt_claims,
    parse_scope,
    parse_token_answer,
    parse_token_request,
    redact_token_answer,
)

ACCESS = [{"type": "repository", "name": "library/alpine", "actions": ["pull"]}]
CLAIMS = {
    "iss": "auth.docker.io",
    "aud": "registry.docker.io",
    "exp": 1300,
    "nbf": 900,
    "iat": 1000,
    "access": ACCESS,
}
TOKEN = jwt.encode({**CLAIMS, "sub": "alice", "jti": "unique-id"}, "k" * 32, algorithm="HS256")
READ = Claims(
    issuer="auth.docker.io",
    audience=("registry.docker.io",),
    access=(Access("repository", "library/alpine", ("pull",)),),
    expires=1300,
    not_before=900,
    issued=1000,
)


def pseudonym(value: str) -> str:
    return f"‹token {sum(value.encode(errors='replace')) % 65536:08x}›"


def redacted(body: Any) -> TokenAnswer:
    return parse_token_answer(redact_token_answer(json.dumps(body).encode(), pseudonym))


# -- requests ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "form", "expected"),
    [
        (
            "scope=repository%3Alibrary%2Falpine%3Apull&service=registry.docker.io",
            None,
            TokenRequest(service="registry.docker.io", scopes=("repository:library/alpine:pull",)),
        ),
        (
            "scope=a:b:pull&scope=c:d:pull%20e:f:push&account=alice&offline_token=true&client_id=docker",
            None,
            TokenRequest(
                scopes=("a:b:pull", "c:d:pull", "e:f:push"), account=True, offline=True, client_id="docker"
            ),
        ),
        (
            "",
            b"grant_type=password&service=r&client_id=containerd-client&access_type=offline&scope=a:b:pull&username=u&password=p",
            TokenRequest(
                "r",
                ("a:b:pull",),
                account=True,
                grant_type="password",
                client_id="containerd-client",
                offline=True,
            ),
        ),
        ("account=&service=", None, TokenRequest()),
        ("", None, TokenRequest()),
    ],
)
def test_request(query: str, form: bytes | None, expected: TokenRequest) -> None:
    assert parse_token_request(query, form) == expected


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("repository:library/alpine:pull,push", Scope("repository", "library/alpine", ("pull", "push"))),
        ("repository:host:5000/a/b:pull", Scope("repository", "host:5000/a/b", ("pull",))),
        ("repository(plugin):a/b:pull", Scope("repository", "a/b", ("pull",), "plugin")),
        ("registry:catalog:*", Scope("registry", "catalog", ("*",))),
        ("repository:a:", Scope("repository", "a", ())),
        ("repository:a", None),
        ("aws", None),
        ("repository::pull", None),
        (":a:pull", None),
        ("", None),
    ],
)
def test_scope(text: str, scope: Scope | None) -> None:
    assert parse_scope(text) == scope


# -- answers -----------------------------------------------------------------------------------------------------------


def test_answer_of_docker_hub() -> None:
    body = {"token": TOKEN, "access_token": TOKEN, "expires_in": 300, "issued_at": "2026-11-24T12:00:00.5Z"}
    assert redacted(body) == TokenAnswer(
        is_object=True,
        token=pseudonym(TOKEN),
        access_token=pseudonym(TOKEN),
        expires_in=300,
        issued_at=1795521600.5,
        claims=READ,
    )


def test_opaque_token_and_refresh_token() -> None:
    answer = redacted({"access_token": "opaque", "refresh_token": "r3fr3sh", "scope": "repository:a:pull"})
    assert answer == TokenAnswer(
        is_object=True, access_token=pseudonym("opaque"), refresh=True, scope="repository:a:pull", opaque=True
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, TokenAnswer(is_object=True)),
        ({"token": ""}, TokenAnswer(is_object=True)),
        ({"token": 5, "expires_in": "300", "issued_at": 7, "scope": ["x"]}, TokenAnswer(is_object=True)),
        ({"expires_in": -1}, TokenAnswer(is_object=True, expires_in=-1)),
        ({"expires_in": 10**12}, TokenAnswer(is_object=True, expires_in=10**12)),
        ({"expires_in": 10**30}, TokenAnswer(is_object=True)),
        ({"expires_in": True}, TokenAnswer(is_object=True)),
        ({"issued_at": "0001-01-01T00:00:00Z"}, TokenAnswer(is_object=True)),
    ],
)
def test_fields_of_other_types_are_not_known(body: dict[str, Any], expected: TokenAnswer) -> None:
    assert redacted(body) == expected


@pytest.mark.parametrize(
    ("access", "expected"),
    [(None, None), ([], ()), ("x", None), ([1, {"type": 1, "actions": "pull"}], (Access("", "", ()),))],
)
def test_access_absent_is_not_access_empty(access: Any, expected: tuple[Access, ...] | None) -> None:
    token = jwt.encode({"access": access} if access is not None else {"x": 1}, "k" * 32, algorithm="HS256")
    claims = redacted({"token": token}).claims
    assert claims
    assert claims.access == expected


@pytest.mark.parametrize(
    ("data", "start"),
    [
        (b"<html><body>login</body></html>", "<html><body>login</body></html>"),
        (b"", ""),
        (b"[]", "[]"),
        (b"null", "null"),
        (b'\xef\xbb\xbf{"token":"s3cr3t"}', '\\ufeff{"token":"‹…›"}'),
        (b'{"token":"s3cr3t"', '{"token":"‹…›"'),
        (TOKEN.encode(), "‹…›"),
        (b"[" * 100_000, "[" * 39 + "…"),
    ],
)
def test_body_that_is_no_object_keeps_its_start(data: bytes, start: str) -> None:
    answer = parse_token_answer(redact_token_answer(data, pseudonym))
    assert (answer.is_object, answer.start) == (False, start)


# -- the boundary ------------------------------------------------------------------------------------------------------


def test_only_the_allow_list_passes() -> None:
    body = {
        "Token": TOKEN,
        "ACCESS_TOKEN": "0paque-s3cret",
        "refresh_token": "r3fresh",
        "id_token": "1d-s3cret",
        "user": "alice",
        "scope": "repository:a:pull",
        "claims": {"sub": "alice"},
    }
    document = redact_token_answer(json.dumps(body).encode(), pseudonym)
    assert json.loads(document) == {
        "token": pseudonym(TOKEN),
        "access_token": pseudonym("0paque-s3cret"),
        "refresh_token": pseudonym("r3fresh"),
        "scope": "repository:a:pull",
        "claims": {**CLAIMS, "aud": ["registry.docker.io"]},
    }


def test_allow_list_holds_for_a_document_that_seems_redacted() -> None:
    body = {"token": "‹token 3fa9c1d2›", "claims": {"iss": "a", "sub": "alice"}}
    document = redact_token_answer(json.dumps(body).encode(), pseudonym)
    assert json.loads(document) == {"token": "‹token 3fa9c1d2›", "claims": {"iss": "a"}}


def test_escapes_do_not_hide_a_token() -> None:
    data = b'{"\\u0074oken":"s\\u0033cr3t-v\\u0061lue"}'
    assert json.loads(redact_token_answer(data, pseudonym)) == {"token": pseudonym("s3cr3t-value")}


def test_secret_that_poses_as_a_pseudonym_is_replaced() -> None:
    posing = "‹" + "S3cret" * 20 + "›"
    assert posing.encode() not in redact_token_answer(json.dumps({"token": posing}).encode(), pseudonym)


SECRETS = st.sampled_from([TOKEN, "S3cret-Opaque-Value", "a.b.c", ""])
BODIES = st.dictionaries(
    st.sampled_from(
        ["token", "Token", "access_token", "refresh_token", "claims", "expires_in", "issued_at", "scope", "x"]
    ),
    SECRETS
    | st.integers()
    | st.floats()
    | st.none()
    | st.text(st.characters(), max_size=9)
    | st.just({"iss": "a", "exp": 1.0}),
).map(lambda body: json.dumps(body).encode())


@given(st.binary() | BODIES)
def test_redacting_twice_changes_nothing_more(data: bytes) -> None:
    once = redact_token_answer(data, pseudonym)
    assert redact_token_answer(once, pseudonym) == once
    assert isinstance(json.loads(once), dict | str)


@given(SECRETS.filter(bool), SECRETS, SECRETS, st.sampled_from(["x", "password", "id_token"]))
def test_no_token_passes(token: str, access_token: str, refresh_token: str, name: str) -> None:
    body = {"token": token, "access_token": access_token, "refresh_token": refresh_token, name: token}
    document = redact_token_answer(json.dumps(body).encode(), pseudonym).decode()
    assert not any(secret in document for secret in (token, access_token, refresh_token) if secret)


@given(st.binary() | BODIES, st.text(st.characters()), st.binary() | st.none())
def test_any_input_is_answered(document: bytes, query: str, form: bytes | None) -> None:
    answer = parse_token_answer(document)
    assert answer.is_object or len(answer.start) <= 40
    assert isinstance(parse_token_request(query, form), TokenRequest)
    assert isinstance(parse_scope(query), Scope | None)
    assert isinstance(jwt_claims(query), dict | None)
