"""Beside a mirror that checks and heals, the recorder hashes no body anew, and what it says of each is right."""

import gzip
import hashlib

import pytest

from inspector.recorder.sharing import Shared
from inspector.recorder.stream import Streams


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(name="recording")
def _recording(guarding):
    """recording(**guard options): a guard with the recorder's streams beside it. ``facts`` of each answer, in order."""

    class Recording(guarding):
        def __init__(self, **options) -> None:
            super().__init__(**options)
            self.streams, self.facts, self.own = Streams(), [], []

        def responseheaders(self, flow) -> None:
            self.alter(flow)
            self.streams.response_head(flow)
            self.streams_body = getattr(flow.response.stream, "body", None)

        def alter(self, flow) -> None:
            """What another addon does before."""

        async def response(self, flow) -> None:
            facts, body = (await self.streams.end(flow)).response, self.streams_body
            self.facts.append(facts)
            self.own.append(body._own.size if isinstance(body, Shared) else body.size if body else None)

        async def error(self, flow) -> None:
            self.failed = flow.error.msg
            await self.response(flow)

    made = []

    def recording(**options):
        made.append(Recording(**options))
        return made[-1]

    yield recording
    for one in made:
        one.streams.close()


async def ended(guard) -> None:
    import asyncio

    for _ in range(200):
        if guard.facts:
            return
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(("client", "upstream"), [("h1", "h1"), ("h2", "h1"), ("h2", "h2")])
@pytest.mark.parametrize("faults", [[], [("fin", 100_000), ("rst", 7)]])
async def test_a_body_whole_or_healed_is_hashed_once(
    origin, recording, fetch, client, upstream, faults
) -> None:
    source, guard = origin(faults=list(faults)), recording()
    got = await fetch(source, guard, client=client, upstream=upstream)
    await ended(guard)
    [facts] = guard.facts
    assert (got.body, got.clean, len(source.seen)) == (source.body, True, 1 + len(faults))
    assert (facts.size, facts.sha256, facts.complete) == (len(source.body), sha(source.body), True)
    assert guard.own == [0]


async def test_a_rest_that_comes_from_its_beginning_is_counted_once(origin, recording, fetch) -> None:
    source, guard = origin(faults=[("fin", 100_000)], ranges=False), recording()
    await fetch(source, guard)
    await ended(guard)
    [facts] = guard.facts
    assert (facts.size, facts.sha256, guard.own) == (len(source.body), sha(source.body), [0])


async def test_a_cut_that_is_not_healed_leaves_the_digest_of_what_came(origin, recording, fetch) -> None:
    source, guard = origin(faults=[("fin", 100_000)]), recording(tries=0)
    got = await fetch(source, guard)
    await ended(guard)
    [facts] = guard.facts
    assert not got.clean
    assert (facts.size, facts.sha256, facts.complete) == (100_000, sha(source.body[:100_000]), False)
    assert guard.own == [0]


async def test_of_a_wrong_body_the_digest_that_it_has_is_told(origin, recording, fetch) -> None:
    source, guard = origin(), recording()
    source.body = source.body[:-1] + b"!"
    got = await fetch(source, guard)
    await ended(guard)
    [facts] = guard.facts
    assert not got.clean
    assert (facts.size, facts.sha256, facts.complete) == (len(source.body), sha(source.body), False)
    assert guard.own == [0]


async def test_a_part_that_the_client_asked_for_is_hashed_by_the_recorder(origin, recording, fetch) -> None:
    source, guard = origin(), recording()
    got = await fetch(source, guard, headers="Range: bytes=1000-200999\r\n")
    await ended(guard)
    [facts] = guard.facts
    assert (got.status, facts.size, facts.sha256) == (206, 200_000, sha(source.body[1000:201_000]))
    assert guard.own == [200_000]


async def test_another_digest_than_sha256_is_no_help(origin, recording, fetch) -> None:
    source = origin()
    guard = recording(digest=f"sha512:{hashlib.sha512(source.body).hexdigest()}")
    got = await fetch(source, guard)
    await ended(guard)
    [facts] = guard.facts
    assert (got.clean, facts.sha256, guard.own) == (True, sha(source.body), [len(source.body)])


@pytest.mark.parametrize("hidden", [False, True])
async def test_a_coding_that_an_addon_hides_is_hashed_as_the_recorder_sees_it(
    origin, recording, fetch, hidden
) -> None:
    source, guard = origin(headers={"content-encoding": "gzip"}), recording()
    plain, source.body = source.body, gzip.compress(source.body)
    if hidden:
        guard.alter = lambda flow: flow.response.headers.pop("content-encoding")
    got = await fetch(source, guard)
    await ended(guard)
    [facts] = guard.facts
    assert (got.clean, facts.sha256) == (True, sha(source.body))
    assert facts.decoded_sha256 == sha(source.body if hidden else plain)
    assert guard.own == [len(source.body) if hidden else 0]
