"""Tokens grant what may be granted, to the repository, for five minutes; anyone can read them and nobody forge them."""

import base64
import json

import jwt
import pytest

from inspector.lab.hub import AUTH, REGISTRY
from inspector.lab.tokens import LIFETIME, TokenSigner, granted

NOW = 1_800_000_000.0
PULL = [{"type": "repository", "name": "demo/app", "actions": ["pull"]}]


@pytest.fixture(name="signer")
def fixture_signer():
    return TokenSigner("auth.test", "registry.test")


def test_a_token_allows_its_repository_and_no_other(signer):
    token = signer.sign(PULL, NOW)
    assert signer.allows(token, "demo/app", NOW)
    assert signer.allows(token, None, NOW)
    assert not signer.allows(token, "demo/other", NOW)


def test_a_token_ends_after_its_lifetime(signer):
    token = signer.sign(PULL, NOW)
    assert signer.allows(token, "demo/app", NOW + LIFETIME - 1)
    assert not signer.allows(token, "demo/app", NOW + LIFETIME)


def test_a_token_is_a_jwt_that_others_can_read(signer):
    claims = jwt.decode(signer.sign(PULL, NOW), options={"verify_signature": False})
    assert claims["access"] == PULL
    assert (claims["iss"], claims["aud"], claims["exp"] - claims["iat"]) == (
        "auth.test",
        "registry.test",
        300,
    )


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "ä.ö.ü", "..", "a" * 5000])
def test_what_is_no_token_of_ours_allows_nothing(signer, token):
    assert not signer.allows(token, None, NOW)


def test_a_changed_claim_breaks_the_token(signer):
    head, _, mac = signer.sign(PULL, NOW).split(".")
    claims = json.dumps({"nbf": 0, "exp": NOW * 2, "access": PULL}).encode()
    forged = f"{head}.{base64.urlsafe_b64encode(claims).rstrip(b'=').decode()}.{mac}"
    assert not signer.allows(forged, "demo/app", NOW)


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        (["repository:demo/app:pull"], PULL),
        (["repository:demo/app:pull,push"], PULL),
        (["repository:demo/app:push"], []),
        (["repository:demo/none:pull"], []),
        (["registry:catalog:*"], []),
        (["repository"], []),
        ([], []),
    ],
)
def test_what_is_granted(scopes, expected):
    assert granted(scopes, ["demo/app"]) == expected


def test_get_and_post_give_the_same_kind_of_answer(ask):
    query = f"service={REGISTRY}&scope=repository:demo/app:pull"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for answer in (ask(AUTH, f"/token?{query}"), ask(AUTH, "/token", form, "POST", query.encode())):
        assert answer.status == 200
        assert answer.json["expires_in"] == LIFETIME
        assert answer.json["token"] == answer.json["access_token"]
        claims = jwt.decode(answer.json["token"], options={"verify_signature": False})
        assert claims["access"] == PULL


def test_scopes_in_one_parameter_or_several_are_all_heard(ask):
    both = "scope=repository:demo/none:pull%20repository:demo/app:pull"
    apart = "scope=repository:demo/none:pull&scope=repository:demo/app:pull"
    for scopes in (both, apart):
        token = ask(AUTH, f"/token?service={REGISTRY}&{scopes}").json["token"]
        assert jwt.decode(token, options={"verify_signature": False})["access"] == PULL


def test_a_token_for_another_service_is_not_given(ask):
    assert ask(AUTH, "/token?service=elsewhere&scope=repository:demo/app:pull").status == 400
