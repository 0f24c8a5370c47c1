from msgspec.structs import replace

from inspector.core.events import Side
from inspector.rules.case import Case
from inspector.rules.example import build
from inspector.rules.sample import (
    CONFIG,
    HEALTHY,
    LAYER,
    MIRROR,
    SELF_SERVED,
    cdn,
    ping,
    redirect,
    resolve,
    serve,
    token,
    until_layer,
)  # fmt: skip

BUSY = replace(serve(LAYER), status=503, give=(), body=b"busy")


def case(*turns):
    (pull,) = build(turns)[0]
    return Case(pull)


def numbers(steps):
    return [step.n for step in steps]


def test_a_refusal_is_final_until_the_same_host_delivers():
    assert numbers(case(*until_layer(), BUSY).refused) == [7]
    assert case(*until_layer(), BUSY, serve(LAYER)).refused == []


def test_content_from_the_storage_came_from_the_registry_as_well():
    assert case(*HEALTHY[:7], BUSY, redirect(LAYER), cdn(LAYER)).refused == []


def test_another_hosts_answer_leaves_a_mirrors_refusal_final_but_not_fatal():
    busy = replace(resolve(MIRROR), status=503, give=(), body=b"", ask=())
    seen = case(busy, *SELF_SERVED)
    assert numbers(seen.refused) == [1]
    assert seen.fatal == frozenset()


def test_a_head_does_not_deliver_a_blob():
    head = replace(serve(LAYER), method="HEAD")
    assert numbers(case(*until_layer(), BUSY, head).refused) == [7]


def test_the_normal_challenge_is_no_refusal_and_one_to_a_token_is():
    refused = replace(resolve(), status=401, give=ping().give, body=b"")
    assert numbers(case(ping(), token(), refused).refused) == [3]


def test_what_broke_and_what_was_wrong_is_fatal_too():
    cut = replace(cdn(LAYER), arrived=5, error="peer closed connection", side=Side.SERVER)
    wrong = replace(cdn(CONFIG), body=b"{}")
    assert case(*HEALTHY[:6], wrong, HEALTHY[7], cut).fatal == {7, 9}


def test_roles_are_what_the_traffic_shows():
    seen = case(*HEALTHY)
    assert list(seen.realms) == ["auth.docker.io"]
    assert list(seen.storages) == ["production.cloudflare.docker.com"]
    assert list(seen.registries) == ["registry-1.docker.io"]
    assert seen.mirrors == {}


def test_a_mirror_is_known_by_ns_by_the_realm_and_by_the_fallback():
    ns = case(replace(resolve(MIRROR), url=resolve(MIRROR).url + "?ns=docker.io", ask=()))
    assert ns.mirrors["mirror.example.com"].upstream == "docker.io"
    realm = case(ping(MIRROR), token(), resolve(MIRROR))
    assert realm.mirrors["mirror.example.com"].upstream == "Docker Hub"
    busy = replace(resolve(MIRROR), status=503, give=(), body=b"", ask=())
    fallback = case(busy, *SELF_SERVED)
    assert fallback.mirrors["mirror.example.com"].upstream == "registry-1.docker.io"


def test_a_token_is_found_by_the_bearer():
    seen = case(*HEALTHY)
    assert seen.token_of(seen.steps[2]) is seen.steps[1]
    assert seen.token_of(seen.steps[0]) is None


def test_look_ups_that_find_nothing_are_no_refusals():
    missing = replace(resolve(reference=f"sha256-{'ab' * 32}"), method="GET", status=404, give=(), body=b"{}")
    signature = replace(missing, url=missing.url + ".sig")
    assert numbers(case(*HEALTHY, missing, signature).refused) == []
    assert numbers(case(*HEALTHY, replace(missing, status=503)).refused) == [10]
