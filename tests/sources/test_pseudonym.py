"""Pseudonyms: what stands for a secret, and that it cannot be turned back by guessing."""

import base64
import hashlib

import pytest

from inspector.sources.pseudonym import PSEUDONYM, Pseudonyms, as_pseudonym, is_pseudonym, is_strong

RANDOM = "q8ZtR4mLpW2sVbN7xK3dYhJc"


def test_a_pseudonym_has_a_kind_and_eight_digits():
    assert PSEUDONYM.fullmatch(Pseudonyms()("token", RANDOM))


def test_a_random_value_gets_the_start_of_its_hash():
    assert Pseudonyms()("token", RANDOM) == f"‹token {hashlib.sha256(RANDOM.encode()).hexdigest()[:8]}›"


@pytest.mark.parametrize("kind", ["basic", "value", "address"])
def test_a_value_that_could_be_guessed_has_no_name_outside_this_process(kind):
    one, other = Pseudonyms(), Pseudonyms()
    assert one(kind, RANDOM) == one(kind, RANDOM) != other(kind, RANDOM)


@pytest.mark.parametrize(
    "value",
    [
        "short",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "correct horse battery staple",
        "alice@registry.example.com",
        base64.b64encode(b"alice:a-long-password-here").decode(),
        "thisisallletters" * 2,
    ],
)
def test_what_a_person_may_have_chosen_is_keyed(value):
    assert not is_strong(value)
    assert Pseudonyms()("token", value) != Pseudonyms()("token", value)


def test_a_signed_jwt_is_strong_and_an_unsigned_one_is_not():
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    assert is_strong(f"{head}.{head}.{RANDOM}")
    assert not is_strong(f"{head}.{head}.")


@pytest.mark.parametrize(
    "value", ["‹token 0123abcd›", "‹empty›", "%E2%80%B9token%200123abcd%E2%80%BA", "‹token+0123abcd›"]
)
def test_a_pseudonym_stays(value):
    assert Pseudonyms()("value", value) == as_pseudonym(value)
    assert is_pseudonym(as_pseudonym(value))


@pytest.mark.parametrize(
    "value",
    [
        "‹token 0123abcd›x",
        "x‹token 0123abcd›",
        "‹token 0123ABCD›",
        "‹other 0123abcd›",
        "‹token 0123abcd›‹token 0123abcd›",
        "",
    ],
)
def test_what_only_resembles_one_is_replaced(value):
    assert not is_pseudonym(value)
    assert as_pseudonym(value) is None
    assert Pseudonyms()("value", value) != value


def test_text_that_is_no_unicode_has_a_pseudonym():
    assert PSEUDONYM.fullmatch(Pseudonyms()("value", "\udc80"))
