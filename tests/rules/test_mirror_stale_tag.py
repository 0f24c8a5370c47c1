from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.example import digest_of
from inspector.rules.sample import HUB, INDEX, MIRROR, SELF_SERVED, resolve
from inspector.wire.mediatypes import DOCKER_LIST, DOCKER_MANIFEST

CODE = "mirror-stale-tag"
OLD = f"docker-content-digest: sha256:{'ab' * 32}"
STALE = replace(resolve(MIRROR), ask=(), give=(f"content-type: {DOCKER_LIST}", OLD))
GONE = replace(
    resolve(MIRROR, reference=f"sha256:{'ab' * 32}"), method="GET", ask=(), status=404, give=(), body=b""
)


def test_two_digests_of_one_kind(found):
    finding = found(STALE, GONE, *SELF_SERVED)[CODE]
    assert finding.severity is Severity.WARNING
    assert "the mirror mirror.example.com gives abababababab for latest" in finding.summary


def test_an_index_here_and_a_manifest_there(found):
    assert CODE not in found(
        replace(STALE, give=(f"content-type: {DOCKER_MANIFEST}", OLD)), GONE, *SELF_SERVED
    )


def test_the_same_digest(found):
    same = replace(STALE, give=(STALE.give[0], f"docker-content-digest: {digest_of(INDEX)}"))
    gone = replace(GONE, url=GONE.url.replace(f"sha256:{'ab' * 32}", digest_of(INDEX)))
    assert CODE not in found(same, gone, *SELF_SERVED)


def test_a_longer_path_at_the_mirror(found):
    longer = [replace(turn, url=turn.url.replace("/library/", "/hub/library/")) for turn in (STALE, GONE)]
    assert CODE in found(*longer, *SELF_SERVED)


def test_a_mirror_that_asked_the_registry_in_this_pull_is_not_stale(found):
    waiting = replace(GONE, took=0.2)
    asking = replace(GONE, url=GONE.url.replace(MIRROR, HUB), after=-0.15)
    assert CODE not in found(STALE, waiting, asking, *SELF_SERVED)
    assert CODE in found(STALE, waiting, replace(asking, after=0), *SELF_SERVED)


def test_a_tag_that_only_one_was_asked_for(checked):
    assert checked(CODE, *SELF_SERVED).state == "not applicable"


def test_the_remedy_fits_the_server(found):
    assert (
        "proxy_no_cache $by_tag;"
        in found(replace(STALE, give=(*STALE.give, "server: nginx")), GONE, *SELF_SERVED)[CODE].remedy
    )
