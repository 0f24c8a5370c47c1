from msgspec.structs import replace

from inspector.core.events import Side
from inspector.core.finding import CheckState, Severity
from inspector.rules.example import as_json, digest_of
from inspector.rules.sample import CONFIG, HEALTHY, LAYER, cdn, fetch, redirect, resolve
from inspector.wire.mediatypes import DOCKER_CONFIG, DOCKER_MANIFEST


def test_it_explains_the_wrong_hash(found):
    findings = found(*HEALTHY[:-1], replace(cdn(LAYER), body=LAYER[:100]))
    assert findings["size-mismatch"].severity is Severity.ERROR
    assert findings["digest-mismatch"].caused_by == "size-mismatch"


def test_a_right_digest_puts_the_blame_on_the_manifest(pulled):
    config = {"mediaType": DOCKER_CONFIG, "size": 1, "digest": digest_of(CONFIG)}
    manifest = as_json({"schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": config, "layers": []})
    by_tag = replace(fetch(manifest, DOCKER_MANIFEST), url=resolve().url)
    pull = pulled(*HEALTHY[:2], by_tag, redirect(CONFIG), cdn(CONFIG))
    finding = next(f for f in pull.findings if f.code == "size-mismatch")
    assert "manifest" in finding.cause
    assert finding.severity is Severity.ERROR


def test_the_length_of_a_head_counts(found):
    head = replace(resolve(), give=(*resolve().give, "content-length: 7"))
    assert "size-mismatch" in found(*HEALTHY[:2], head, *HEALTHY[3:])


def test_a_head_without_a_size_says_nothing(found):
    head = replace(resolve(), give=(*resolve().give, "content-length: 0"))
    assert "size-mismatch" not in found(*HEALTHY[:2], head, *HEALTHY[3:])


def test_a_cut_body_is_no_wrong_size(found):
    cut = replace(cdn(LAYER), arrived=10, error="peer closed connection", side=Side.SERVER)
    assert "size-mismatch" not in found(*HEALTHY[:-1], cut)


def test_a_part_is_no_wrong_size(found):
    part = replace(cdn(LAYER), status=206, ask=("range: bytes=100-",), body=LAYER[100:])
    assert "size-mismatch" not in found(*HEALTHY[:-1], part)


def test_nothing_to_compare_is_not_applicable(checked):
    assert checked("size-mismatch", *HEALTHY[:3]).state is CheckState.NOT_APPLICABLE


def test_both_sizes_are_the_evidence(found):
    what = [
        piece.what
        for piece in found(*HEALTHY[:-1], replace(cdn(LAYER), body=LAYER[:100]))["size-mismatch"].evidence
    ]
    assert what == [f"100 bytes came, {len(LAYER)} were announced"]
