"""Redirects that clients come back with."""

import pytest

from inspector.mirror.model import Kind, Landing, Reply, Target
from inspector.mirror.rewritten import LIFE, MOST, Rewritten


@pytest.fixture
def landed(settings):
    target = Target(kind=Kind.BLOB, upstream=settings().upstreams[0], path="/", own="")
    return Landing(url="https://cdn.test/x", headers=(), reply=Reply(status=307, headers=())), target


def test_a_key_leads_back_while_it_lives(landed):
    kept = Rewritten()
    key = kept.keep(*landed, now=100.0)
    assert kept.find(key, now=100.0 + LIFE - 1) == landed
    assert kept.find(key, now=100.0 + LIFE) is None


@pytest.mark.parametrize("key", ["", "x", "https://evil.test/", "../x"])
def test_no_other_key_leads_anywhere(landed, key):
    kept = Rewritten()
    kept.keep(*landed, now=0.0)
    assert kept.find(key, now=0.0) is None


def test_their_number_is_bounded(landed):
    kept = Rewritten()
    first = kept.keep(*landed, now=0.0)
    for _ in range(MOST):
        kept.keep(*landed, now=0.0)
    assert kept.find(first, now=0.0) is None
