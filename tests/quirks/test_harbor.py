"""Harbor, by its token service, and the way in which it says that a token does not reach far enough."""

import pytest
from msgspec.structs import replace

from inspector.rules.example import Turn
from inspector.rules.sample import CONFIG, LAYER, MIRROR, UNAUTHORIZED, documents, resolve, serve, token

CHALLENGE = 'www-authenticate: Bearer realm="https://mirror.example.com/service/token",service="{}"'


def test_its_service_and_its_basic_realm_show_it(sends):
    assert "Harbor" in sends(CHALLENGE.format("harbor-registry"))
    assert "Harbor" in sends('www-authenticate: Basic realm="harbor"')
    assert "Harbor" not in sends('www-authenticate: Basic realm="my harbor"')


@pytest.mark.parametrize(("service", "held"), [("harbor-registry", False), ("registry.example", True)])
def test_a_refused_head_before_a_get_that_works_is_held_against_others_only(see, service, held):
    challenge = CHALLENGE.format(service)
    ping = Turn(method="GET", url=f"{MIRROR}/v2/", status=401, give=(challenge,), body=UNAUTHORIZED)
    given = token(realm="https://mirror.example.com/service/token", service=service)
    head = replace(resolve(MIRROR), status=403, give=(), body=b"")
    get = replace(resolve(MIRROR), method="GET")
    seen = see(ping, given, head, get, *documents(MIRROR)[2:], serve(CONFIG, MIRROR), serve(LAYER, MIRROR))
    assert ("head-get-differ" in seen.codes) is held
    if not held:
        assert "Harbor" in seen.checks["head-get-differ"].reason
