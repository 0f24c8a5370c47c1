"""What explains a failure comes first; what two healthy set-ups do differently is no difference that matters."""

from msgspec.structs import replace

from inspector.compare.comparison import Weight
from inspector.rules.example import CONTAINERD
from inspector.rules.sample import (
    ACCEPT,
    CONFIG,
    HEALTHY,
    HTML,
    LAYER,
    MIRROR,
    SELF_SERVED,
    cdn,
    documents,
    error_body,
    ping,
    redirect,
    resolve,
    serve,
    token,
)

MIRRORED = (ping(MIRROR, realm=f"{MIRROR}/token"), token(realm=f"{MIRROR}/token"), *documents(MIRROR), serve(CONFIG, MIRROR), serve(LAYER, MIRROR))  # fmt: skip


def named(differences):
    return {(one.parts, one.name) for one in differences}


def test_a_pull_beside_itself_is_the_same(compared):
    both = compared(HEALTHY, HEALTHY)
    assert both.same
    assert both.differences == ()
    assert all(row.a and row.b for row in both.rows)


def test_directly_and_through_a_healthy_mirror_nothing_matters(compared):
    both = compared(HEALTHY, MIRRORED)
    assert both.same
    assert both.failed is None
    assert (("challenge",), "realm") in named(both.of(Weight.QUIET))
    assert (("config", "layer 1"), "answers") in named(both.of(Weight.QUIET))


def test_two_clients_differ_in_what_they_ask_and_that_is_quiet(compared):
    theirs = tuple(replace(turn, agent=CONTAINERD, ask=(*turn.ask, "accept: */*")) for turn in HEALTHY)
    both = compared(HEALTHY, theirs)
    assert both.same
    assert any(one.name == "request accept" for one in both.of(Weight.QUIET))


def test_the_part_that_the_diagnosis_points_at_explains_the_failure(compared):
    refused = replace(
        serve(LAYER, MIRROR), status=400, give=("content-type: text/html", "server: nginx"), body=HTML
    )
    both = compared(HEALTHY, (*MIRRORED[:-1], refused))
    assert (both.failed, both.same) == ("B", False)
    assert both.reasons[1].code == "html-answer"
    assert both.differences[0].weight is Weight.EXPLAINS
    assert {one.parts for one in both.of(Weight.EXPLAINS)} == {("layer 1",)}
    answers = next(one for one in both.of(Weight.EXPLAINS) if one.name == "answers")
    assert (answers.a, answers.b) == ("307, cdn 200", "400")
    assert any(one.name == "content-type" and one.b == "text/html" for one in both.of(Weight.EXPLAINS))


def test_what_the_failed_side_never_came_to_is_quiet(compared):
    missing = replace(
        resolve(), method="GET", status=404, give=(), body=error_body("MANIFEST_UNKNOWN", "unknown")
    )
    both = compared((ping(), token(), missing), HEALTHY)
    assert both.failed == "A"
    steps = [one for one in both.differences if one.name == "steps"]
    assert steps
    assert {one.weight for one in steps} == {Weight.QUIET}


def test_a_header_that_one_side_lacks_matters_though_both_arrived(compared):
    typed = tuple(
        replace(turn, give=tuple(line for line in turn.give if "content-digest" not in line))
        for turn in HEALTHY
    )
    both = compared(HEALTHY, typed)
    assert not both.same
    assert {one.name for one in both.of(Weight.MATTERS)} == {"docker-content-digest"}


def test_another_image_under_the_tag_is_told_once(compared):
    from inspector.rules.example import as_json, digest_of
    from inspector.wire.mediatypes import DOCKER_MANIFEST

    other = as_json(
        {
            "schemaVersion": 2,
            "mediaType": DOCKER_MANIFEST,
            "config": None,
            "layers": [],
            "annotations": {"a": "b"},
        }
    )
    head = replace(
        resolve(),
        give=(f"content-type: {DOCKER_MANIFEST}", f"docker-content-digest: {digest_of(other)}"),
        body=other,
    )
    both = compared(HEALTHY, (ping(), token(), head, replace(head, method="GET")))
    assert [one.name for one in both.of(Weight.MATTERS) if one.name == "digest"] == ["digest"]
    assert both.of(Weight.MATTERS)[0].parts == ("pull",)


def test_a_layer_that_takes_far_longer_matters(compared):
    slow = (*HEALTHY[:-1], replace(cdn(LAYER), took=3.0))
    both = compared(HEALTHY, slow)
    assert [(one.parts, one.name) for one in both.of(Weight.MATTERS)] == [(("layer 1",), "time")]


def test_a_re_pull_that_stops_at_the_tag_is_no_difference_that_matters(compared):
    assert compared(HEALTHY, HEALTHY[:3]).same


def test_two_failures_are_told_apart_by_their_reasons(compared):
    missing = replace(
        resolve(), method="GET", status=404, give=(), body=error_body("MANIFEST_UNKNOWN", "unknown")
    )
    broken = replace(missing, status=503)
    both = compared((ping(), token(), missing), (ping(), token(), broken))
    assert both.failed is None
    assert [reason.code for reason in both.reasons] == ["tag-not-found", "server-error"]
    assert (("pull",), "reason") in named(both.of(Weight.MATTERS))


def test_of_long_lists_only_what_the_other_has_not_is_told(compared):
    more = tuple(
        replace(turn, ask=tuple(f"{line}, application/x" if line == ACCEPT else line for line in turn.ask))
        for turn in HEALTHY
    )
    [one] = {(d.a, d.b) for d in compared(HEALTHY, more).differences if d.name == "request accept"}
    assert one == ("nothing more than the other", "application/x more than the other")


def test_the_same_difference_in_several_parts_is_one(compared):
    both = compared(HEALTHY, SELF_SERVED)
    [answers] = [one for one in both.differences if one.name == "answers"]
    assert answers.parts == ("config", "layer 1")
    assert redirect(LAYER) in HEALTHY
