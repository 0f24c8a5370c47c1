"""What becomes of a body: however its pieces come, the bytes and the moments are the same."""

import gzip

import pytest

from inspector.faults.effects import Cut, Flips, Pads, Stops, Trickles, Wait, Zips

BODY = bytes(range(100))
PIECES = [1, 7, 50, 100, 1000]


def run(effect, size):
    done = [
        action for start in range(0, len(BODY), size) for action in effect.feed(BODY[start : start + size])
    ]
    return done + list(effect.end())


def joined(actions):
    return b"".join(action for action in actions if isinstance(action, bytes))


@pytest.mark.parametrize("size", PIECES)
@pytest.mark.parametrize("after", [0, 1, 50, 99, 100, 500])
def test_a_body_stops_once_at_its_place_or_at_its_end(size, after):
    done = run(Stops(after, Cut()), size)
    assert joined(done) == BODY[:after]
    assert done.index(Cut()) == len(done) - 1
    assert all(done)


@pytest.mark.parametrize("size", PIECES)
def test_a_body_trickles_with_a_wait_before_each_piece(size):
    done = run(Trickles(10, 0.5), size)
    assert joined(done) == BODY
    assert all(len(piece) <= 10 for piece in done[1::2])
    assert set(done[::2]) == {Wait(0.5)}


@pytest.mark.parametrize("size", PIECES)
@pytest.mark.parametrize("after", [0, 49, 99])
def test_one_byte_is_turned(size, after):
    wrong = [n for n, (a, b) in enumerate(zip(BODY, joined(run(Flips(after), size)), strict=True)) if a != b]
    assert wrong == [after]


def test_no_byte_is_turned_behind_the_end():
    assert joined(run(Flips(100), 7)) == BODY


@pytest.mark.parametrize("size", PIECES)
def test_a_body_is_padded_at_its_end(size):
    assert joined(run(Pads(b"more"), size)) == BODY + b"more"


@pytest.mark.parametrize("size", PIECES)
def test_a_body_is_compressed(size):
    done = run(Zips(), size)
    assert gzip.decompress(joined(done)) == BODY
    assert all(done)
