import pytest
from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.example import CONTAINERD, digest_of
from inspector.rules.sample import HEALTHY, INDEX, MANIFEST, bearer, fetch, resolve
from inspector.wire.mediatypes import DOCKER_LIST, DOCKER_MANIFEST

CODE = "head-get-differ"
HEAD = resolve()
GET = replace(resolve(), method="GET")


def with_head(**changes):
    return (*HEALTHY[:2], replace(HEAD, **changes), GET, *HEALTHY[3:])


@pytest.mark.parametrize("status", [400, 403, 404, 405, 500])
def test_a_head_that_is_refused_where_get_is_served(found, status):
    finding = found(*with_head(status=status, give=(), body=b""))[CODE]
    assert finding.severity is Severity.WARNING
    assert str(status) in finding.summary


@pytest.mark.parametrize("status", [429, 503])
def test_what_passes_by_itself_is_no_difference(found, status):
    assert CODE not in found(*with_head(status=status, give=(), body=b""))


def test_a_head_that_met_the_challenge(found):
    told = found(
        *with_head(
            status=401, ask=(), give=('www-authenticate: Bearer realm="https://auth.docker.io/token"',)
        )
    )
    assert CODE not in told


def test_a_head_without_the_token_that_the_get_has(found):
    assert CODE not in found(*with_head(status=403, ask=(HEAD.ask[1],), give=(), body=b""))


def test_another_type(found):
    digest = f"docker-content-digest: {digest_of(INDEX)}"
    finding = found(*with_head(give=("content-type: text/plain", digest)))[CODE]
    assert [piece.what for piece in finding.evidence] == [
        "content-type: text/plain",
        f"content-type: {DOCKER_LIST}",
    ]


def test_another_digest_of_the_same_type_is_a_tag_that_moved(found):
    moved = (f"content-type: {DOCKER_LIST}", f"docker-content-digest: sha256:{'ab' * 32}")
    told = found(*with_head(give=moved))
    assert CODE not in told
    assert "tag-moved" in told


def test_another_accept_may_get_another_answer(found):
    assert CODE not in found(*with_head(status=404, ask=(bearer(), "accept: text/plain"), give=(), body=b""))


def test_another_length_of_a_digest(found):
    look = replace(
        fetch(MANIFEST, DOCKER_MANIFEST), method="HEAD", body=b"", give=(f"content-type: {DOCKER_MANIFEST}",)
    )
    what = [piece.what for piece in found(*HEALTHY[:4], look, *HEALTHY[4:])[CODE].evidence]
    assert what == ["content-length: 0", f"content-length: {len(MANIFEST)}"]


def test_an_encoded_body_has_another_length(found):
    packed = replace(GET, give=(*HEAD.give, "content-encoding: gzip", "content-length: 9"))
    assert CODE not in found(*HEALTHY[:2], HEAD, packed, *HEALTHY[3:])


def test_containerd_needs_the_head(found):
    turns = [replace(turn, agent=CONTAINERD) for turn in with_head(status=403, give=(), body=b"")[:4]]
    failing = replace(HEALTHY[3], agent=CONTAINERD, status=403, give=(), body=b"")
    assert found(*turns, failing)[CODE].severity is Severity.ERROR


def test_ecr_public_does_so(found):
    turns = [
        replace(turn, url=turn.url.replace("registry-1.docker.io", "public.ecr.aws"))
        for turn in with_head(status=404, give=(), body=b"")
    ]
    assert CODE not in found(*turns)
