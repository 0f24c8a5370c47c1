"""Digests: the grammar, the registered algorithms and their lengths."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.digest import EMPTY_SHA256, Digest, is_digest, parse_digest, short

HEX = hashlib.sha256(b"x").hexdigest()


def test_sha256_is_taken_apart_and_put_together() -> None:
    digest = parse_digest(f"sha256:{HEX}")
    assert digest == Digest("sha256", HEX)
    assert str(digest) == f"sha256:{HEX}"


@pytest.mark.parametrize(
    "text",
    [
        f"sha512:{HEX}{HEX}",
        "sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564",
        "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8",
    ],
)
def test_other_algorithms_are_taken_by_grammar(text: str) -> None:
    assert is_digest(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256",
        "sha256:",
        f"sha256:{HEX[1:]}",
        f"sha256:{HEX}0",
        f"sha256:{HEX.upper()}",
        f"sha512:{HEX}",
        f"SHA256:{HEX}",
        f"sha256:{HEX}\n",
        f"sha256:../{HEX[3:]}",
        f"sha256:{HEX[:-1]}\x00",
        "md5:../../etc/passwd",
        "+:a",
        "x:" + "a" * 300,
    ],
)
def test_everything_else_is_no_digest(text: str) -> None:
    assert parse_digest(text) is None


def test_short_form_and_the_empty_body() -> None:
    assert short(f"sha256:{HEX}") == HEX[:12]
    assert short(HEX) == HEX[:12]
    assert f"sha256:{hashlib.sha256(b'').hexdigest()}" == EMPTY_SHA256


@given(st.text(st.characters()))
def test_any_text_gives_a_digest_that_reads_back_or_none(text: str) -> None:
    digest = parse_digest(text)
    assert digest is None or str(digest) == text
    assert len(short(text)) <= 12
