"""JWT claims: read without verification, agreeing with PyJWT."""

import base64
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.jwt import jwt_claims

CLAIMS = {
    "iss": "auth",
    "aud": "registry",
    "exp": 1,
    "access": [{"type": "repository", "name": "a", "actions": ["pull"]}],
}
KEY = "k" * 32


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_claims_of_a_signed_token() -> None:
    assert jwt_claims(jwt.encode(CLAIMS, KEY, algorithm="HS256")) == CLAIMS


def test_padding_is_let_pass() -> None:
    head, body, _ = jwt.encode(CLAIMS, KEY, algorithm="HS256").split(".")
    assert jwt_claims(f"{head}==.{body}=.x") == CLAIMS


@pytest.mark.parametrize(
    "token",
    [
        "",
        "opaque",
        "a.b",
        "a.b.c",
        "a.b.c.d.e",
        f"{b64(b'{}')}.{b64(b'[]')}.x",
        f"{b64(b'[]')}.{b64(b'{}')}.x",
        f"{b64(b'{}')}.é.x",
        f"{b64(b'{}')}.{b64(b'{' * 1000)}.x",
        f"{b64(b'{}')}.{b64(b'{}')[:-1]}.x",
        "v2.local.gdTaFEaCtRG",
    ],
)
def test_opaque_tokens_have_none(token: str) -> None:
    assert jwt_claims(token) is None


@given(st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=5), max_size=4))
def test_reading_agrees_with_pyjwt(claims: dict[str, Any]) -> None:
    token = f"{b64(b'{"alg":"HS256"}')}.{b64(json.dumps(claims).encode())}.{b64(b'x')}"
    assert (
        jwt_claims(token)
        == jwt.decode_complete(token, options={"verify_signature": False})["payload"]
        == claims
    )


@given(st.text(st.characters()), st.text(st.characters()), st.binary())
def test_any_text_is_answered(a: str, b: str, data: bytes) -> None:
    assert isinstance(jwt_claims(a), dict | None)
    for token in (f"{a}.{b}.{a}", f"{b64(b'{}')}.{b}.{a}", f"{b64(b'{}')}.{b64(data)}."):
        assert isinstance(jwt_claims(token), dict | None)
