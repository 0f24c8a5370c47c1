"""Two who look at one body hash it once; where they do not see the same, nobody gets a wrong digest."""

import gzip
import hashlib
import os

import pytest
from mitmproxy.test import tflow

from inspector.recorder import sharing
from inspector.recorder.hashing import BodyHash, Hasher
from inspector.recorder.sharing import Shared
from inspector.recorder.stream import Streams


@pytest.fixture(name="hasher")
def _hasher():
    hasher = Hasher()
    yield hasher
    hasher.close()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def pair(hasher: Hasher, own: str | None = None, theirs: str | None = None) -> tuple[BodyHash, Shared]:
    leader = BodyHash(hasher, coding=theirs)
    return leader, Shared(BodyHash(hasher, coding=own), leader)


def pass_on(leader: BodyHash, shared: Shared, *pieces: bytes) -> None:
    for now, piece in enumerate(pieces):
        leader.feed(piece, now)
        shared.feed(piece, now + 0.5)


async def test_what_is_shared_is_hashed_once(hasher: Hasher, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[int] = []
    digest = BodyHash.digest
    monkeypatch.setattr(
        BodyHash, "digest", lambda self, batch: (hashed.extend(map(len, batch)), digest(self, batch))
    )
    pieces = [os.urandom(300_000) for _ in range(12)]
    leader, shared = pair(hasher)
    pass_on(leader, shared, *pieces)
    facts = await shared.finish(complete=True)
    assert (facts.size, facts.sha256, facts.complete) == (3_600_000, sha(b"".join(pieces)), True)
    assert (facts.first, facts.last) == (0.5, 11.5)  # when the reader saw them
    assert leader.finish_now(complete=True).sha256 == facts.sha256
    assert sum(hashed) == 3_600_000


@pytest.mark.parametrize("checked_first", [True, False])
async def test_either_may_come_to_its_end_first(hasher: Hasher, checked_first: bool) -> None:
    leader, shared = pair(hasher)
    pass_on(leader, shared, b"abc", b"def")
    if checked_first:
        leader.finish_now(complete=True)
    facts = await shared.finish(complete=False)
    leader.finish_now(complete=True)
    assert (facts.sha256, facts.complete) == (sha(b"abcdef"), False)
    assert hasher.bodies == 0


async def test_a_recording_that_ends_takes_nothing_from_who_checks_on(hasher: Hasher) -> None:
    leader, shared = pair(hasher)
    pass_on(leader, shared, b"abc")
    assert shared.finish_now(complete=False).sha256 == sha(b"abc")
    assert hasher.bodies == 1
    leader.feed(b"def", 0.0)
    assert leader.finish_now(complete=True).sha256 == sha(b"abcdef")


async def test_other_bytes_than_theirs_are_hashed_by_the_reader(hasher: Hasher) -> None:
    leader, shared = pair(hasher)
    leader.feed(b"abc", 0.0)
    shared.feed(b"xyz", 0.0)
    leader.feed(b"def", 0.0)
    shared.feed(b"uvw", 0.0)
    assert (await shared.finish(complete=True)).sha256 == sha(b"xyzuvw")


async def test_bytes_that_become_others_have_no_digest(hasher: Hasher) -> None:
    leader, shared = pair(hasher)
    pass_on(leader, shared, b"abc")
    leader.feed(b"def", 0.0)
    with pytest.raises(sharing.StrayedError):
        shared.feed(b"dex", 0.0)


async def test_a_piece_that_the_reader_did_not_see_leaves_no_digest(hasher: Hasher) -> None:
    leader, shared = pair(hasher)
    pass_on(leader, shared, b"abc")
    leader.feed(b"def", 0.0)
    assert await shared.finish(complete=True) is None
    with pytest.raises(sharing.StrayedError):
        pass_on(leader, shared, b"ghi")


@pytest.mark.parametrize(("own", "theirs"), [("gzip", None), (None, "gzip"), ("gzip", "GZIP ")])
async def test_a_coding_that_only_one_knows_of_is_read_by_each_in_its_way(
    hasher: Hasher, own: str | None, theirs: str | None
) -> None:
    coded = gzip.compress(b"layer")
    leader, shared = pair(hasher, own, theirs)
    pass_on(leader, shared, coded[:5], coded[5:])
    facts = await shared.finish(complete=True)
    assert (facts.sha256, facts.decoded_sha256) == (sha(coded), sha(b"layer" if own else coded))


async def test_a_body_that_has_begun_is_not_shared_any_more(hasher: Hasher) -> None:
    leader = BodyHash(hasher)
    leader.feed(b"abc", 0.0)
    shared = Shared(BodyHash(hasher), leader)
    pass_on(leader, shared, b"def")
    assert (await shared.finish(complete=True)).sha256 == sha(b"def")


def test_an_offer_stands_until_the_next_answer(hasher: Hasher) -> None:
    flow, body = tflow.tflow(), BodyHash(hasher)
    assert sharing.offered(flow) is None
    sharing.offer(flow, body)
    assert sharing.offered(flow) is body
    assert "pull_inspector_hash" not in repr(flow.get_state())  # it is written to no file
    sharing.offer(flow, None)
    assert sharing.offered(flow) is None


async def test_the_recorder_takes_an_offer_for_a_blob_and_not_for_a_document(hasher: Hasher) -> None:
    for path, hashed in (("/v2/a/b/blobs/sha256:" + "0" * 64, 0), ("/v2/a/b/manifests/latest", 3)):
        flow, body, streams = tflow.tflow(resp=True), BodyHash(hasher), Streams()
        flow.request.path, flow.response.raw_content = path, None
        sharing.offer(flow, body)
        streams.response_head(flow)
        body.feed(piece := b"abc", 0.0)
        assert flow.response.stream(piece) is piece
        assert not flow.response.stream(b"")
        own = flow.response.stream.body
        assert (own._own if isinstance(own, Shared) else own).size == hashed
        facts = (await streams.end(flow)).response
        assert (facts.sha256, facts.complete) == (sha(b"abc"), True)
