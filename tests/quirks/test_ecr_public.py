"""ECR Public, by its realm: its scope is not the repository's, by design."""

from msgspec.structs import replace

from inspector.rules.example import Turn
from inspector.rules.sample import MIRROR, TOKEN, UNAUTHORIZED, resolve, token

SCOPED = 'www-authenticate: Bearer realm="{}",service="{}",scope="repository:other/name:pull"'


def refused(realm, service):
    """The pull is refused, and challenge and token name another repository."""
    challenge = SCOPED.format(realm, service)
    ping = Turn(method="GET", url=f"{MIRROR}/v2/", status=401, give=(challenge,), body=UNAUTHORIZED)
    given = token("other/name", realm=realm, value=TOKEN, service=service)
    return (
        ping,
        given,
        replace(resolve(MIRROR), method="GET", status=401, give=(challenge,), body=UNAUTHORIZED),
    )


def test_its_realm_shows_it(sends):
    assert "ECR Public" in sends(SCOPED.format("https://public.ecr.aws/token/", "public.ecr.aws"))


def test_another_scope_than_the_repository_is_held_against_others_only(see):
    there = see(*refused("https://public.ecr.aws/token/", "public.ecr.aws"))
    assert "scope-wrong-repository" not in there.codes
    assert "scope aws" in there.checks["scope-wrong-repository"].reason
    assert "scope-wrong-repository" in see(*refused("https://auth.example/token", "registry.example")).codes
