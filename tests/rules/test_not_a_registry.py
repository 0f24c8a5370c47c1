from msgspec.structs import replace

from inspector.rules.example import PODMAN, Turn
from inspector.rules.sample import HEALTHY, HTML

PING = Turn(method="GET", url="https://registry.example.com/v2/", agent=PODMAN, status=404)


def test_404_a_page_and_a_login(found):
    page = replace(PING, status=200, give=("content-type: text/html",), body=HTML)
    login = replace(PING, status=302, give=("location: https://registry.example.com/login?next=/v2/",))
    for turn in (PING, page, login):
        assert "not-a-registry" in found(turn)


def test_what_a_registry_may_answer(found):
    for turn in (
        replace(PING, status=200, body=b"{}"),
        replace(PING, status=200, give=("content-type: text/html",)),
        replace(PING, status=403),
        replace(PING, status=503),
    ):
        assert "not-a-registry" not in found(turn)


def test_a_host_that_serves_manifests_is_one(found):
    odd = replace(HEALTHY[0], status=404, give=())
    assert "not-a-registry" not in found(odd, *HEALTHY[1:])
