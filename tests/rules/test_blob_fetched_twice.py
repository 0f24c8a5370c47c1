from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.sample import HEALTHY, LAYER, MIRROR, SELF_SERVED, cdn, redirect, serve

CODE = "blob-fetched-twice"


def test_a_layer_that_comes_twice_is_a_note_with_what_it_cost(found):
    finding = found(*SELF_SERVED, serve(LAYER))[CODE]
    assert finding.severity is Severity.NOTE
    assert f"{len(LAYER)} bytes could have been saved" in finding.summary
    assert [piece.exchange for piece in finding.evidence] == [7, 8]


def test_through_redirects(found):
    assert CODE in found(*HEALTHY, redirect(LAYER), cdn(LAYER))


def test_after_a_failure_a_client_begins_anew(found):
    cut = replace(serve(LAYER), arrived=10, error="peer closed")
    assert CODE not in found(*SELF_SERVED[:6], cut, serve(LAYER))
    busy = replace(serve(LAYER), status=503, give=(), body=b"")
    assert CODE not in found(*SELF_SERVED[:6], busy, SELF_SERVED[5], serve(LAYER))


def test_a_part_and_a_look_are_no_downloads(found):
    part = replace(serve(LAYER), status=206, give=("content-range: bytes 0-9/1960",), body=LAYER[:10])
    assert CODE not in found(*SELF_SERVED, part, replace(serve(LAYER), method="HEAD"))


def test_two_hosts_are_two_sides(found):
    assert CODE not in found(*SELF_SERVED[:6], replace(serve(LAYER, MIRROR), ask=()), serve(LAYER))
