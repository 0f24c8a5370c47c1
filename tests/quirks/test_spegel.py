"""Spegel: a miss is a 404 that is meant."""

import pytest
from msgspec.structs import replace

from inspector.rules.example import CONTAINERD
from inspector.rules.sample import HEALTHY, MIRROR, error_body, resolve


def missed(server):
    miss = replace(
        resolve(MIRROR),
        status=404,
        agent=CONTAINERD,
        ask=(),
        give=(f"server: {server}",),
        body=error_body("MANIFEST_UNKNOWN", "no peer"),
    )
    return (
        replace(miss, url=f"{miss.url}?ns=docker.io"),
        *(replace(turn, agent=CONTAINERD) for turn in HEALTHY),
    )


def test_its_server_header_shows_it(sends):
    assert "Spegel" in sends("server: spegel", status=404)


@pytest.mark.parametrize(("server", "held"), [("spegel", False), ("nginx", True)])
def test_going_around_it_is_told_of_others_only(see, server, held):
    seen = see(*missed(server))
    assert ("mirror-bypassed" in seen.codes) is held
    assert "tag-not-found" not in seen.codes
