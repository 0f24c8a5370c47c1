from msgspec.structs import replace

from inspector.rules.example import digest_of
from inspector.rules.sample import HEALTHY, MANIFEST, bearer, resolve
from inspector.wire.mediatypes import DOCKER_LIST, DOCKER_MANIFEST

MOVED = replace(
    resolve(),
    method="GET",
    give=(f"content-type: {DOCKER_LIST}", f"docker-content-digest: sha256:{'ab' * 32}"),
)


def test_two_digests_for_one_tag(found):
    finding = found(*HEALTHY[:3], MOVED)["tag-moved"]
    assert "abababababab" in finding.summary
    assert [piece.exchange for piece in finding.evidence] == [3, 4, 4]


def test_an_index_and_its_manifest_are_two_things(found):
    give = (f"content-type: {DOCKER_MANIFEST}", f"docker-content-digest: {digest_of(MANIFEST)}")
    assert "tag-moved" not in found(*HEALTHY[:3], replace(MOVED, give=give, body=MANIFEST))


def test_another_accept_may_get_another_answer(found):
    other = replace(MOVED, ask=(bearer(), f"accept: {DOCKER_LIST}"))
    assert "tag-moved" not in found(*HEALTHY[:3], other)


def test_the_same_digest_twice(found):
    assert "tag-moved" not in found(*HEALTHY[:3], replace(resolve(), method="GET"))


def test_the_tag_is_named(found):
    assert "for latest" in found(*HEALTHY[:3], MOVED)["tag-moved"].summary
