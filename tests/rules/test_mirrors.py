from inspector.rules.case import Case
from inspector.rules.mirrors import recorded, shown_by
from inspector.rules.sample import CONFIG, HEALTHY, HUB, MIRROR, ping, redirect, resolve


def steps(pulled, *turns):
    return pulled(*turns).steps


def test_a_host_that_is_asked_with_ns(pulled):
    from msgspec.structs import replace

    turn = resolve(MIRROR)
    (step,) = steps(pulled, replace(turn, url=f"{turn.url}?ns=docker.io"))
    assert shown_by(step).upstream == "docker.io"


def test_the_realm_and_the_storage_of_another_registry(pulled):
    challenge, away = steps(pulled, ping(MIRROR), redirect(CONFIG, MIRROR))
    assert "realm" in shown_by(challenge).why
    assert "storage" in shown_by(away).why


def test_the_registry_itself_is_none(pulled):
    assert all(shown_by(step) is None for step in pulled(*HEALTHY).steps)


def test_one_whose_own_requests_were_recorded(both):
    pull = both((resolve(MIRROR), (resolve(HUB),)))
    assert recorded(pull.steps[0]).upstream == "registry-1.docker.io"
    assert Case(pull).mirrors["mirror.example.com"].upstream == "registry-1.docker.io"
    assert recorded(pull.steps[0].upstream[0]) is None
