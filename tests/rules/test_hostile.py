"""Hostile traffic never raises, and the time is in proportion to the number of exchanges."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from inspector.core.events import Side, Trouble
from inspector.core.finding import CheckState
from inspector.rules import capture_findings, catalogue, diagnose
from inspector.rules.case import Case
from inspector.rules.diagnosis import MOST_OF_A_CODE
from inspector.rules.example import PODMAN, Broken, Turn, build
from inspector.rules.sample import CONFIG, HEALTHY, HTML, INDEX, MANIFEST, cdn, error_body, redirect, resolve

HOSTS = (
    "https://registry-1.docker.io",
    "https://mirror.example.com",
    "https://auth.docker.io",
    "http://h",
    "https://[::1]:5000",
)
PATHS = (
    "/v2/", "/v2/app/manifests/latest", "/v2/library/app/manifests/latest", f"/v2/library/app/manifests/sha256:{'ab' * 32}",
    f"/v2/library/app/blobs/sha256:{'ab' * 32}", "/token?service=x&scope=repository:library/app:pull", "/v2/a/tags/list",
    "/v2//manifests/", "/v2/app/manifests/latest?ns=docker.io", "/bucket/1?X-Amz-Date=x&X-Amz-Expires=9", "/v2/a/blobs/uploads/",
)  # fmt: skip
LINES = (
    'www-authenticate: Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:x:pull"',
    "www-authenticate: Bearer realm=", 'www-authenticate: Basic realm="', "www-authenticate: ,,=,", "location: ",
    "location: //[::1", "location: https://mirror.example.com/bucket/1?X-Amz-Date=x&X-Amz-Expires=9", "content-type: text/html",
    "content-type: ;;", "content-length: -1", "content-length: 99999999999999999999", "docker-content-digest: sha256:zz",
    f"docker-content-digest: sha256:{'cd' * 32}", "content-encoding: gzip", "date: yesterday", "retry-after: never",
    "oci-namespace: x", "server: nginx",
)  # fmt: skip
BODIES = (
    b"",
    b"{}",
    b"[]",
    HTML,
    INDEX,
    MANIFEST,
    error_body("DENIED", "no"),
    b'{"errors":[null]}',
    b"\xff\xfe",
    b'{"token":1}',
)

turns = st.builds(
    Turn,
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "BREW"]),
    url=st.builds(str.__add__, st.sampled_from(HOSTS), st.sampled_from(PATHS)),
    status=st.sampled_from([None, 0, 200, 206, 301, 307, 400, 401, 403, 404, 406, 429, 431, 500, 502, 799]),
    give=st.lists(st.sampled_from(LINES), max_size=4).map(tuple),
    ask=st.lists(
        st.sampled_from(["authorization: Bearer ‹token 1fa9c1d2›", "authorization: Basic Og==", "accept: x"]),
        max_size=2,
    ).map(tuple),
    body=st.sampled_from(BODIES),
    arrived=st.sampled_from([None, None, 0, 1]),
    error=st.sampled_from([None, None, "peer closed", "certificate verify failed"]),
    side=st.sampled_from([None, Side.CLIENT, Side.SERVER, Side.PROXY]),
    took=st.sampled_from([0.0, 1.0, 15.0, 100.0]),
    agent=st.sampled_from([PODMAN, "", "containerd/2", "docker/28 os/linux arch/amd64"]),
    recording_ends=st.booleans(),
)
broken = st.builds(
    Broken,
    trouble=st.sampled_from(Trouble),
    host=st.sampled_from([None, "", "auth.docker.io", "registry-1.docker.io", "x"]),
    message=st.sampled_from(["", "boom"]),
    alert=st.sampled_from([None, 0, 42, 40]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(turns | broken, max_size=12))
def test_whatever_the_traffic_no_rule_raises(example):
    pulls, unclaimed = build(tuple(example))
    for pull in pulls:
        diagnose(pull)
        assert len(pull.checks) == len(catalogue.rules())
        assert all(
            1 <= (piece.exchange or 1) <= len(pull.steps) for f in pull.findings for piece in f.evidence
        )
        roots = {finding.code for finding in pull.findings if finding.caused_by is None}
        assert {f.caused_by for f in pull.findings if f.caused_by} <= roots
    capture_findings(unclaimed, pulls)


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_shuffled_healthy_traffic_never_raises(chance: random.Random):
    shuffled = list(HEALTHY)
    chance.shuffle(shuffled)
    for pull in build(tuple(shuffled))[0]:
        diagnose(pull)
        assert all(check.state in CheckState for check in pull.checks)


class Counted(list):
    """A list that counts how many of its items were handed out."""

    def __init__(self, items):
        super().__init__(items)
        self.read = 0

    def __iter__(self):
        for item in super().__iter__():
            self.read += 1
            yield item


@pytest.mark.parametrize("status", [200, 404, 429, 503])
def test_the_walks_over_the_steps_do_not_grow_with_their_number(status):
    def walks(count):
        turn = replace(resolve(), method="GET", status=status, agent=PODMAN)
        refused = [turn] * count if status != 200 else [replace(turn, status=503)] * (count - 1) + [turn]
        (pull,) = build((*(replace(t, agent=PODMAN) for t in HEALTHY[:2]), *refused))[0]
        pull.steps = Counted(pull.steps)
        diagnose(pull)
        return pull.steps.read / len(pull.steps)

    assert walks(400) <= walks(50) * 1.2


def test_a_case_is_cheap_until_it_is_asked():
    (pull,) = build(HEALTHY)[0]
    pull.steps = Counted(pull.steps)
    Case(pull)
    assert pull.steps.read == 0


def test_a_client_that_is_sent_to_many_hosts_makes_no_longer_report():
    sent = []
    for number in range(60):
        there = f"https://s{number}.example.com/blob"
        sent += [
            replace(redirect(CONFIG), give=(f"location: {there}",)),
            replace(cdn(CONFIG), url=there, status=403, give=(), body=b""),
        ]
    (pull,) = build((*HEALTHY[:5], *sent))[0]
    diagnose(pull)
    assert len([finding for finding in pull.findings if finding.code == "cdn-denied"]) == MOST_OF_A_CODE
