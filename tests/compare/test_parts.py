"""Parts of a pull: what it was after, whatever it took to get it."""

from msgspec.structs import replace

from inspector.compare.parts import parts_of
from inspector.core.events import Side
from inspector.rules.sample import (
    CONFIG,
    HEALTHY,
    LAYER,
    SELF_SERVED,
    cdn,
    error_body,
    ping,
    resolve,
    serve,
    token,
)


def test_a_pull_has_a_part_for_each_thing_it_wants(pull):
    parts = parts_of(pull(*HEALTHY))
    assert [part.label for part in parts.values()] == [
        "challenge",
        "token",
        "tag",
        "index",
        "manifest",
        "config",
        "layer 1",
    ]


def test_redirect_and_fetch_are_one_part(pull):
    part = parts_of(pull(*HEALTHY))["layer", 1]
    assert part.numbers == (8, 9)
    assert part.answers == "307, cdn 200"
    assert part.arrived
    assert part.received == len(LAYER)


def test_the_same_parts_where_the_registry_serves_itself(pull):
    assert parts_of(pull(*HEALTHY)).keys() == parts_of(pull(*SELF_SERVED)).keys()


def test_tries_are_counted(pull):
    busy = replace(cdn(LAYER), status=503, body=b"")
    part = parts_of(pull(*HEALTHY[:-1], busy, HEALTHY[-2], busy, HEALTHY[-2], cdn(LAYER)))["layer", 1]
    assert part.answers == "307, cdn 503, 307, cdn 503, 307, cdn 200"
    assert part.arrived
    busy = replace(serve(LAYER), status=503, body=b"", give=())
    several = parts_of(pull(*SELF_SERVED[:-1], busy, busy))["layer", 1]
    assert several.answers == "2 × 503"
    assert not several.arrived


def test_a_cut_body_and_wrong_content_did_not_arrive(pull):
    cut = replace(cdn(LAYER), arrived=10, error="peer closed", side=Side.SERVER)
    part = parts_of(pull(*HEALTHY[:-1], cut))["layer", 1]
    assert (part.arrived, part.answers) == (False, "307, cdn 200 broken off")
    wrong = replace(cdn(CONFIG), body=CONFIG.replace(b"amd64", b"arm64"))
    part = parts_of(pull(*HEALTHY[:6], wrong, *HEALTHY[7:]))["config", 1]
    assert (part.arrived, part.answers) == (False, "307, cdn 200 with wrong content")


def test_head_and_get_of_a_missing_tag_are_one_part(pull):
    missing = replace(resolve(), status=404, give=(), body=error_body("MANIFEST_UNKNOWN", "unknown"))
    parts = parts_of(pull(ping(), token(), missing, replace(missing, method="GET")))
    assert parts["tag", 1].answers == "2 × 404"
    assert list(parts) == [("challenge", 1), ("token", 1), ("tag", 1)]


def test_a_request_without_an_answer_is_told(pull):
    part = parts_of(
        pull(*HEALTHY[:2], replace(resolve(), status=None, error="connection reset", side=Side.SERVER))
    )["tag", 1]
    assert part.answers == "none"
    assert not part.arrived
