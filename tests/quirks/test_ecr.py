"""ECR, by its Basic challenge, and its manifests without a digest in the header."""

import pytest
from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.example import Turn
from inspector.rules.sample import CONFIG, LAYER, MANIFEST, MIRROR, fetch, resolve, serve
from inspector.wire.mediatypes import DOCKER_MANIFEST

REALM = "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/"


def ping(realm):
    return Turn(
        method="GET",
        url=f"{MIRROR}/v2/",
        status=401,
        give=(f'www-authenticate: Basic realm="{realm}",service="ecr.amazonaws.com"',),
    )


def without_digest():
    head = resolve(MIRROR)
    turns = (
        head,
        replace(head, method="GET"),
        fetch(MANIFEST, DOCKER_MANIFEST, MIRROR),
        serve(CONFIG, MIRROR),
        serve(LAYER, MIRROR),
    )
    asks = [replace(turn, ask=("authorization: Basic ‹login 11aa22bb›", *turn.ask[1:])) for turn in turns]
    return [
        replace(turn, give=tuple(line for line in turn.give if "content-digest" not in line)) for turn in asks
    ]


def test_its_basic_realm_shows_it_behind_any_name(sends):
    assert "ECR" in sends(f'www-authenticate: Basic realm="{REALM}"')
    assert "ECR" not in sends('www-authenticate: Basic realm="https://registry.example/"')


@pytest.mark.parametrize(
    ("realm", "severity"), [(REALM, Severity.NOTE), ("https://registry.example/", Severity.WARNING)]
)
def test_no_digest_header_is_a_note_with_a_reason_there_and_a_warning_elsewhere(see, realm, severity):
    seen = see(ping(realm), *without_digest())
    [found] = [one for one in seen.findings if one.code == "digest-header-missing"]
    assert found.severity is severity
    check = seen.checks["digest-header-missing"]
    assert ("ECR" in (check.reason or "")) is (severity is Severity.NOTE)
