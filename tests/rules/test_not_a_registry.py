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


def test_another_services_json(found):
    said = Turn(
        method="GET", url="https://api.example.com/v2/", status=200, give=("content-type: application/json",),
        body=b'{"message":"Welcome","version":"2.1"}',
    )  # fmt: skip
    assert "not-a-registry" in found(said)
    assert "not-a-registry" not in found(replace(said, body=b"{}"))
    assert "not-a-registry" not in found(
        replace(said, give=(*said.give, "docker-distribution-api-version: registry/2.0"))
    )


def test_a_redirect_to_a_sign_in_and_the_page_that_it_leads_to(found):
    ping = Turn(
        method="GET",
        url="https://r.example.com/v2/",
        status=302,
        give=("location: https://sso.example.com/start",),
    )
    page = Turn(
        method="GET",
        url="https://sso.example.com/start",
        status=200,
        give=("content-type: text/html",),
        body=HTML,
    )
    assert "not-a-registry" in found(ping)
    finding = found(
        replace(ping, give=("location: /welcome",)), replace(page, url="https://r.example.com/welcome")
    )["not-a-registry"]
    assert "r.example.com" in finding.summary
