from msgspec.structs import replace

from inspector.core.events import Side
from inspector.rules.sample import HEALTHY, INDEX, fetch, resolve
from inspector.wire.mediatypes import DOCKER_LIST

OTHER = f"docker-content-digest: sha256:{'ab' * 32}"
TYPE = f"content-type: {DOCKER_LIST}"


def test_a_head_by_digest_suffices(found):
    head = replace(fetch(INDEX, DOCKER_LIST), method="HEAD", give=(TYPE, OTHER))
    assert "digest-header-mismatch" in found(*HEALTHY[:3], head)


def test_by_tag_the_body_decides(found):
    assert "digest-header-mismatch" in found(
        *HEALTHY[:2], replace(resolve(), method="GET", give=(TYPE, OTHER))
    )


def test_only_the_body_differs(found):
    wrong = replace(fetch(INDEX, DOCKER_LIST), body=INDEX + b" ")
    findings = found(*HEALTHY[:3], wrong)
    assert "digest-header-mismatch" not in findings
    assert "digest-mismatch" in findings


def test_another_algorithm_is_not_compared(found):
    sha512 = replace(fetch(INDEX, DOCKER_LIST), give=(TYPE, f"docker-content-digest: sha512:{'ab' * 64}"))
    assert "digest-header-mismatch" not in found(*HEALTHY[:3], sha512)


def test_a_cut_body_proves_nothing(found):
    cut = replace(
        resolve(),
        method="GET",
        give=(TYPE, OTHER),
        arrived=3,
        error="peer closed connection",
        side=Side.SERVER,
    )
    assert "digest-header-mismatch" not in found(*HEALTHY[:2], cut)


def test_the_header_of_a_tag_is_right(found):
    get = replace(resolve(), method="GET")
    assert "digest-header-mismatch" not in found(*HEALTHY[:2], get)
