"""Secrets in running text: known ones, telling shapes, keys and values; and what must stay readable."""

import base64
from urllib.parse import quote

import pytest

from inspector.sources.pseudonym import Pseudonyms
from inspector.sources.scrub import Scrubber, is_plain_name, looks_opaque, outside

SECRET = "s3cr3t-value-of-some-length"


@pytest.fixture
def scrubber():
    return Scrubber(Pseudonyms(b"k"))


def test_a_known_secret_is_replaced_wherever_it_stands(scrubber):
    scrubber.learn(SECRET, "‹token 0123abcd›")
    assert scrubber.line(f"a{SECRET}b") == "a‹token 0123abcd›b"
    assert scrubber.prose(f"say {SECRET}!") == "say ‹token 0123abcd›!"


def test_the_percent_encoded_form_is_known_too(scrubber):
    scrubber.learn("pass/word+1", "‹basic 0123abcd›")
    assert scrubber.prose("got pass%2Fword%2B1") == "got ‹basic 0123abcd›"


def test_a_short_secret_is_replaced_as_a_word_and_only_in_prose(scrubber):
    scrubber.learn("bob", "‹basic 0123abcd›")
    assert scrubber.line("bob") == "bob"
    assert scrubber.prose("user bob of bobsled") == "user ‹basic 0123abcd› of bobsled"


def test_the_longer_of_two_secrets_goes_first(scrubber):
    scrubber.learn("abcdefgh", "‹value 00000001›")
    scrubber.learn("abcdefgh-and-more-1", "‹token 00000002›")
    assert scrubber.line("x abcdefgh-and-more-1") == "x ‹token 00000002›"


def test_an_ordinary_value_of_an_unknown_key_is_not_hunted_for(scrubber):
    for value in (
        "application/vnd.oci.image.manifest.v1+json",
        "sha256:" + "ab" * 32,
        "https://a.test/1",
        "pull",
        "12345678",
    ):
        scrubber.learn(value, "‹value 0123abcd›")
        assert scrubber.prose(f"x {value}") == f"x {value}"


def test_memory_is_bounded_and_the_last_win(scrubber):
    for n in range(200):
        scrubber.learn(f"s3cret-number-{n:04d}", f"‹token {n:08x}›")
    assert not scrubber.known_in("s3cret-number-0000")
    assert scrubber.known_in("s3cret-number-0199")
    assert len(scrubber._known) == len(scrubber._spelled) == 64


def test_a_pseudonym_is_never_a_secret(scrubber):
    scrubber.learn("0123abcd", "‹token 99999999›")
    scrubber.learn("‹token 0123abcd›", "‹token 88888888›")
    assert scrubber.line("‹token 0123abcd›") == "‹token 0123abcd›"


@pytest.mark.parametrize(
    "secret",
    [
        "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln",
        "dckr_pat_abcDEF-123_x",
        "ghp_0123456789abcdefABCD",
        "github_pat_0123456789abcdefABCD",
        "glpat-0123456789abcdefABCD",
        "AKIA0123456789ABCDEF",
        "ya29.0123456789abcdefABCD",
    ],
)
def test_a_telling_shape_is_replaced(scrubber, secret):
    assert secret not in scrubber.line(f'x "{secret}" y')
    assert secret not in scrubber.prose(f"x {secret}.")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("token=abc", "abc"),
        ("X-Auth-Token: abc123", "abc123"),
        ('"refresh_token":"abc"', "abc"),
        ("password: hunter", "hunter"),
        ("Authorization: Bearer abcdef", "abcdef"),
        ("authorization: basic abcdef", "abcdef"),
        ("sig=abc&x=1", "abc"),
        ("client_secret=abc", "abc"),
    ],
)
def test_the_value_of_a_telling_key_is_replaced(scrubber, text, secret):
    assert secret not in scrubber.prose(text)


def test_a_random_run_is_replaced_and_a_digest_a_path_and_a_name_are_not(scrubber):
    assert scrubber.prose("x AF2bZyQ1c_dEfGhIjKlMnOpQrStUvWxYz012345").startswith("x ‹opaque ")
    for text in (
        "sha256:" + "ab" * 32,
        "/var/lib/some/long/folder/name/of/words/2026",
        "library/some-long-repository-name-v2",
    ):
        assert scrubber.prose(text) == text


def test_looks_opaque():
    assert looks_opaque("AF2bZyQ1c_dEfGhIjKlMnOpQrStUvWxYz012345")
    assert not looks_opaque("3b1f4d0e-9c3a-4f0e-8a3f-1f2e3d4c5b6a")
    assert not looks_opaque("just-a-long-name-made-of-many-words")
    assert not looks_opaque("Short1")


def test_names():
    assert is_plain_name("X-Amz-Security-Token")
    assert is_plain_name("sha256")
    assert not is_plain_name("AF2bZyQ1cdEfGhIjKlMn")
    assert not is_plain_name("")


def test_outside_leaves_pseudonyms_alone():
    assert outside("a‹token 0123abcd›b‹empty›c", str.upper) == "A‹token 0123abcd›B‹empty›C"


@pytest.mark.parametrize("secret", ["hunter2-horse", "p&ss w+rd/=1", "a-longer-secret-with-1-digit"])
def test_a_known_secret_is_found_in_its_other_spellings(scrubber, secret):
    scrubber.learn(secret, "‹basic 00000001›")
    packed = base64.b64encode(secret.encode()).decode()
    for form in (secret, quote(secret, safe=""), packed, packed.rstrip("=")):
        assert scrubber.prose(f"bad login {form} here") == "bad login ‹basic 00000001› here"
