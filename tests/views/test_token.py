"""A token answer in mitmproxy's windows: what it allows, never the token."""

import base64
import json

import jwt
import pytest

from inspector.views.token import TokenView

CLAIMS = {
    "iss": "auth.test",
    "aud": "registry.test",
    "exp": 1_800_000_000,
    "iat": 1_799_999_700,
    "access": [{"type": "repository", "name": "library/x", "actions": ["pull"]}],
}
TOKEN = jwt.encode(CLAIMS, "a key of thirty-two bytes, or more", "HS256")


def test_it_tells_claims_and_times(look):
    seen = look(
        TokenView(), json.dumps({"token": TOKEN, "expires_in": 300}).encode(), content_type="application/json"
    )
    assert seen.chosen == "Registry token"
    assert "expires_in: 300  # seconds" in seen.lines
    assert "  expires: 2027-01-15T08:00:00Z" in seen.lines
    assert "- repository library/x  # pull" in seen.lines


def test_neither_token_nor_signature_nor_refresh_token_is_shown(look):
    refresh = "refresh-" + "z" * 40
    seen = look(TokenView(), json.dumps({"access_token": TOKEN, "refresh_token": refresh}).encode())
    for secret in (*TOKEN.split("."), refresh):
        assert secret not in seen.text
    assert "refresh_token: given" in seen.lines


def test_the_same_token_has_the_same_name_twice():
    view = TokenView()
    body = json.dumps({"token": TOKEN}).encode()
    assert view.prettify(body, None) == view.prettify(body, None)


def test_an_opaque_token_is_called_opaque(look):
    seen = look(TokenView(), b'{"token": "QUFBQUFBQUFBQUFBQUFBQUFBQUE"}')
    assert any(line.startswith("token: ‹token ") and line.endswith("# opaque") for line in seen.lines)


def test_an_empty_grant_is_told(look):
    payload = base64.urlsafe_b64encode(json.dumps(CLAIMS | {"access": []}).encode()).decode().rstrip("=")
    head, _, signature = TOKEN.split(".")
    seen = look(TokenView(), json.dumps({"token": f"{head}.{payload}.{signature}"}).encode())
    assert "access:  # nothing" in seen.lines


@pytest.mark.parametrize(
    "body", [b"", b'{"token": 3}', b"token", b'{"tokens": []}', b'{"token": "' + b"x" * 2**21]
)
def test_other_bytes_are_left_to_other_views(body, answered):
    assert TokenView().render_priority(body, answered(body)) < 0
    with pytest.raises(ValueError, match="no token answer"):
        TokenView().prettify(body, answered(body))
