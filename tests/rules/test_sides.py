from msgspec.structs import replace

from inspector.core.pull import Pull
from inspector.rules import sides
from inspector.rules.case import Case
from inspector.rules.example import PODMAN, build
from inspector.rules.sample import HEALTHY, HUB, MIRROR, resolve

OUTER = replace(resolve(MIRROR), method="GET", ask=(), status=404, give=(), took=0.2)
INNER = replace(resolve(HUB), method="GET", ask=(), status=404, give=(), after=-0.15)


def inner(*turns):
    pulls, _ = build(turns)
    (pull,) = pulls
    assert isinstance(pull, Pull)
    return {n: [step.n for step in steps] for n, steps in sides.upstream(Case(pull)).items()}


def test_what_a_mirror_asks_while_its_client_waits():
    assert inner(OUTER, INNER) == {1: [2]}


def test_what_is_asked_afterwards_is_the_clients_own():
    assert inner(OUTER, replace(INNER, after=0)) == {}


def test_what_outlasts_the_answer_is_the_clients_own():
    assert inner(OUTER, replace(INNER, took=0.9)) == {}


def test_two_recordings_that_were_put_together(both):
    pull = both((OUTER, (INNER,)))
    assert {n: [step.n for step in steps] for n, steps in sides.upstream(Case(pull)).items()} == {1: [2]}
    assert len(pull.steps) == 1


def test_a_pull_of_one_side():
    assert inner(*HEALTHY) == {}
    again = replace(INNER, url=OUTER.url, agent=PODMAN)
    assert inner(replace(OUTER, agent=PODMAN), again) == {}
