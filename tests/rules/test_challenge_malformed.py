import pytest
from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.sample import AUTH, HEALTHY, ping

CODE = "challenge-malformed"


def challenged(value, **changes):
    return replace(ping(), give=(f"www-authenticate: {value}",), **changes)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (f"Bearer realm={AUTH}", "URL is not in quotes"),
        (f'Bearer realm="{AUTH}" service="registry.docker.io"', "comma before service"),
        (f'Bearer realm="{AUTH}",realm="{AUTH}"', "stands twice"),
        (f'Bearer service=,realm="{AUTH}"', "service has no value"),
        (f'Bearer service="x",realm="{AUTH}', "quote of realm is not closed"),
    ],
)
def test_what_breaks_the_grammar(found, value, what):
    finding = found(challenged(value), *HEALTHY[1:])[CODE]
    assert finding.severity is Severity.WARNING
    assert what in finding.summary


def test_no_token_followed(found):
    finding = found(challenged(f"Bearer realm={AUTH}"))[CODE]
    assert finding.severity is Severity.ERROR
    assert "no token followed" in finding.summary


def test_a_recording_that_ends_may_have_lost_the_token(found):
    cut = replace(HEALTHY[1], recording_ends=True)
    assert found(challenged(f"Bearer realm={AUTH}"), cut)[CODE].severity is Severity.WARNING


@pytest.mark.parametrize(
    "value",
    [
        f'bearer realm="{AUTH}",service="registry.docker.io"',
        f'BEARER realm="{AUTH}",service=registry.docker.io',
        f'Bearer realm="{AUTH}",service="registry.docker.io", Basic realm="x"',
        f'Bearer realm="{AUTH}",service="registry.docker.io", Bearer realm="https://other.example.com/token"',
    ],
)
def test_what_is_of_the_grammar(found, value):
    assert CODE not in found(challenged(value), *HEALTHY[1:])


def test_a_bearer_that_stands_second_is_not_read(found):
    finding = found(challenged(f'Basic realm="x", Bearer realm="{AUTH}"'), *HEALTHY[1:])[CODE]
    assert finding.severity is Severity.NOTE


def test_a_200_asks_for_nothing(found):
    assert CODE not in found(challenged(f"bearer realm={AUTH}", status=200, body=b""), *HEALTHY[1:])


def test_googles_registry_does_so(found):
    there = [replace(turn, url=turn.url.replace("registry-1.docker.io", "gcr.io")) for turn in HEALTHY]
    assert CODE not in found(replace(challenged(f"Bearer realm={AUTH}"), url=there[0].url), *there[1:])


def test_its_remedy_is_the_same_challenge_as_it_should_be(found):
    remedy = found(challenged(f"Bearer realm={AUTH},service=r.test"), *HEALTHY[1:])[
        "challenge-malformed"
    ].remedy
    line = f"""`add_header WWW-Authenticate 'Bearer realm="{AUTH}",service="r.test"' always;`"""
    assert line in remedy
    hostile = "Bearer realm=https://a.test/'$x,service=r.test"
    assert "HOST/token" in found(challenged(hostile), *HEALTHY[1:])["challenge-malformed"].remedy
