from msgspec.structs import replace

from inspector.rules.example import PODMAN
from inspector.rules.sample import HEALTHY, error_body, ping, resolve

REFUSED = replace(
    resolve(),
    method="GET",
    status=429,
    give=(),
    body=error_body("TOOMANYREQUESTS", "slow down"),
    agent=PODMAN,
)
START = tuple(replace(turn, agent=PODMAN) for turn in HEALTHY[:2])


def test_six_are_a_storm_and_what_is_refused_is_the_root(pulled):
    findings = pulled(*START, *[REFUSED] * 6).findings
    assert [(f.code, f.caused_by) for f in findings] == [
        ("rate-limited", None),
        ("retry-storm", "rate-limited"),
    ]


def test_five_are_none(found):
    assert "retry-storm" not in found(*START, *[REFUSED] * 5)


def test_different_answers_are_different_refusals(found):
    mixed = [REFUSED, replace(REFUSED, status=503)] * 3
    assert "retry-storm" not in found(*START, *mixed)


def test_challenges_are_no_refusals(found):
    pings = [replace(ping(), agent=PODMAN)] * 6
    assert "retry-storm" not in found(*pings, *START, replace(resolve(), agent=PODMAN))
