"""What one pull of a recording tells of another."""

from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules import diagnose
from inspector.rules.elsewhere import MOST, Elsewhere
from inspector.rules.example import CONTAINERD, build
from inspector.rules.sample import (
    HEALTHY,
    HUB,
    LAYER,
    MIRROR,
    SELF_SERVED,
    as_json,
    cdn,
    digest_of,
    documents,
    error_body,
    redirect,
    resolve,
)
from inspector.wire.mediatypes import DOCKER_LIST

AT_MIRROR = tuple(replace(turn, ask=(), url=turn.url.replace(HUB, MIRROR)) for turn in SELF_SERVED[2:])
OTHER = as_json({"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": []})


def recorded(*recordings):
    """The findings of each pull of a recording, by code, in order."""
    pulls = [pull for turns in recordings for pull in build(turns)[0]]
    memory = Elsewhere()
    for number, pull in enumerate(pulls, 1):
        pull.n = number
        memory.add(pull)
    for pull in pulls:
        diagnose(pull, memory)
    return [{finding.code: finding for finding in pull.findings} for pull in pulls]


def test_who_serves_library_to_others_probably_wants_it_from_this_client_too():
    missed = replace(
        resolve(MIRROR, "app"),
        method="GET",
        ask=(),
        status=404,
        give=(),
        body=error_body("MANIFEST_UNKNOWN", "x"),
    )
    first, _ = recorded((missed,), AT_MIRROR)
    assert first["library-missing"].severity is Severity.WARNING
    assert "library/app" in first["library-missing"].evidence[-1].what
    assert first["tag-not-found"].caused_by == "library-missing"
    (alone,) = recorded((missed,))
    assert "library-missing" not in alone


def test_a_path_that_works_without_ns_in_another_pull():
    refused = replace(
        AT_MIRROR[0], url=f"{AT_MIRROR[0].url}?ns=docker.io", status=403, agent=CONTAINERD, body=b""
    )
    first, _ = recorded((refused,), AT_MIRROR)
    assert any("without ns=" in piece.what for piece in first["ns-not-supported"].evidence)
    (alone,) = recorded((refused,))
    assert "ns-not-supported" not in alone


def test_a_storage_that_served_get_to_another_pull_and_refuses_head_to_this_one():
    head = replace(cdn(LAYER), method="HEAD", status=403, give=(), body=b"")
    again = (*HEALTHY[:3], replace(redirect(LAYER), method="HEAD"), head)
    _, second = recorded(HEALTHY, again)
    assert second["signed-url-method"].severity is Severity.ERROR
    assert "in pull 1, exchange 7" in second["signed-url-method"].evidence[-1].what
    (alone,) = recorded(again)
    assert alone["signed-url-method"].severity is Severity.WARNING


def moved(turns, host):
    return tuple(
        replace(
            turn,
            body=OTHER,
            give=(f"content-type: {DOCKER_LIST}", f"docker-content-digest: {digest_of(OTHER)}"),
        )
        if turn == resolve(host) or turn == replace(resolve(host), ask=())
        else turn
        for turn in turns
    )


def test_a_mirror_that_gives_another_digest_than_the_registry_to_others():
    first, second = recorded(moved(AT_MIRROR, MIRROR)[:1], HEALTHY)
    assert first["mirror-stale-tag"].severity is Severity.WARNING
    assert "registry-1.docker.io" in first["mirror-stale-tag"].summary
    assert "mirror-stale-tag" not in second
    same, _ = recorded(AT_MIRROR, HEALTHY)
    assert "mirror-stale-tag" not in same


def test_two_publishers_may_have_one_name():
    elsewhere = tuple(
        replace(turn, url=turn.url.replace("/library/", "/team/")) for turn in moved(AT_MIRROR, MIRROR)[:1]
    )
    known = tuple(
        replace(turn, url=turn.url.replace(MIRROR, "https://quay.io"))
        for turn in moved(AT_MIRROR, MIRROR)[:1]
    )
    for turns in (elsewhere, known):
        assert all("mirror-stale-tag" not in told for told in recorded(turns, HEALTHY))


def test_long_after_it_is_no_old_copy():
    late = tuple(
        replace(turn, after=7200.0 if at == 0 else 0.0)
        for at, turn in enumerate(moved(AT_MIRROR, MIRROR)[:1])
    )
    assert all("mirror-stale-tag" not in told for told in recorded(HEALTHY, late))


def test_a_tag_that_moves_between_two_pulls_is_a_note():
    later = moved(documents(), HUB)[:1]
    first, second = recorded(HEALTHY, later)
    assert "tag-moved" not in first
    assert second["tag-moved"].severity is Severity.NOTE


def test_what_is_kept_is_bounded():
    memory = Elsewhere()
    (pull,) = build(HEALTHY)[0]
    for number in range(MOST + 50):
        pull.n = number
        for step in pull.steps[3:4]:
            step.exchange.__dict__["path"] = f"/v2/x{number}/manifests/1"
        memory.add(pull)
    assert len(memory._facts) == MOST
    assert all(len(facts) <= 16 for facts in memory._facts.values())
