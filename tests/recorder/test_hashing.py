"""Facts of a body are right whatever way it was hashed, and what waits or is kept is bounded."""

import gzip
import hashlib
import os
from threading import Event

import pytest

from inspector.recorder import hashing
from inspector.recorder.hashing import BodyHash, Hasher


@pytest.fixture(name="hasher")
def _hasher():
    hasher = Hasher()
    yield hasher
    hasher.close()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("size", [0, 1, 100_000, 1 << 20, (3 << 20) + 17])
async def test_hash_and_size_are_those_of_the_bytes(hasher: Hasher, size: int) -> None:
    data = os.urandom(size)
    body = BodyHash(hasher)
    for at in range(0, size, 200_000):
        body.feed(data[at : at + 200_000], 10.0 + at)
    facts = await body.finish(complete=True)
    assert (facts.size, facts.sha256, facts.complete) == (size, sha(data), True)
    assert (facts.decoded_size, facts.decoded_sha256) == (size, sha(data))


async def test_a_small_body_starts_no_thread(hasher: Hasher) -> None:
    body = BodyHash(hasher)
    body.feed(b"x" * 1000, 1.0)
    await body.finish(complete=True)
    assert hasher._pool is None


async def test_first_and_last_byte_times_are_those_of_the_feed(hasher: Hasher) -> None:
    body = BodyHash(hasher)
    for now in (3.0, 4.0, 7.5):
        body.feed(b"x", now)
    facts = await body.finish(complete=True)
    assert (facts.first, facts.last) == (3.0, 7.5)


async def test_beyond_the_bound_the_caller_hashes_in_order(
    hasher: Hasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "WAITING", 2 << 20)
    go = Event()
    blocker = BodyHash(hasher)
    monkeypatch.setattr(blocker, "digest", lambda _batch: go.wait(5))
    blocker.feed(b"a" * (2 << 20), 0.0)  # fills the bound and occupies the thread

    data = os.urandom(5 << 20)
    body = BodyHash(hasher)
    for at in range(0, len(data), 1 << 20):
        body.feed(data[at : at + (1 << 20)], 0.0)
    assert body._last_job is None  # all of it was hashed here
    go.set()
    assert (await body.finish(complete=True)).sha256 == sha(data)


async def test_thread_and_caller_take_turns_without_mixing_the_order(
    hasher: Hasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "WAITING", 1 << 20)
    data = os.urandom(24 << 20)
    body = BodyHash(hasher)
    for at in range(0, len(data), 1 << 20):
        body.feed(data[at : at + (1 << 20)], 0.0)
    assert (await body.finish(complete=True)).sha256 == sha(data)
    assert hasher._waiting == 0


async def test_content_encoding_gives_a_second_hash(hasher: Hasher) -> None:
    text = b"manifest" * 400_000
    coded = gzip.compress(text)
    body = BodyHash(hasher, coding="GZIP")
    body.feed(coded, 0.0)
    facts = await body.finish(complete=True)
    assert facts.sha256 == sha(coded)
    assert (facts.decoded_size, facts.decoded_sha256) == (len(text), sha(text))


@pytest.mark.parametrize("coding", ["gzip", "unheard-of"])
async def test_a_coding_that_cannot_be_undone_is_unknown_not_wrong(hasher: Hasher, coding: str) -> None:
    body = BodyHash(hasher, coding=coding)
    body.feed(b"plain text", 0.0)
    facts = await body.finish(complete=True)
    assert facts.sha256 == sha(b"plain text")
    assert (facts.decoded_size, facts.decoded_sha256) == (None, None)


async def test_a_cut_body_keeps_no_document_and_no_decoded_hash(hasher: Hasher) -> None:
    body = BodyHash(hasher, coding="gzip", keep=True)
    body.feed(gzip.compress(b"abc")[:9], 0.0)
    facts = await body.finish(complete=False)
    assert (facts.complete, facts.size, facts.document, facts.decoded_sha256) == (False, 9, None, None)


async def test_a_document_is_kept_up_to_its_limit(hasher: Hasher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "DOCUMENT", 10)
    for size, kept in ((10, b"x" * 10), (11, None)):
        body = BodyHash(hasher, keep=True)
        body.feed(b"x" * size, 0.0)
        assert (await body.finish(complete=True)).document == kept
    assert hasher.kept == 0


async def test_documents_under_way_are_bounded_together(
    hasher: Hasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "KEPT", 15)
    first, second = BodyHash(hasher, keep=True), BodyHash(hasher, keep=True)
    first.feed(b"1" * 10, 0.0)
    second.feed(b"2" * 10, 0.0)
    assert (await second.finish(complete=True)).document is None
    assert (await first.finish(complete=True)).document == b"1" * 10
    assert hasher.kept == 0
