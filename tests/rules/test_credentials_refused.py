from msgspec.structs import replace

from inspector.rules.example import PODMAN, Turn
from inspector.rules.sample import ACCEPT, INDEX, error_body, manifest_url
from inspector.wire.mediatypes import DOCKER_LIST

OWN = "https://registry.example.com"
LOGIN = "authorization: Basic ‹basic 5d1e77a1›"
REFUSED = Turn(
    method="HEAD",
    url=manifest_url("latest", OWN),
    ask=(ACCEPT, LOGIN),
    status=401,
    give=('www-authenticate: Basic realm="R"',),
)


def test_a_login_that_is_refused(found):
    findings = found(REFUSED)
    assert findings["credentials-refused"].evidence[0].what == LOGIN
    assert "credentials-missing" not in findings


def test_none_was_sent(found):
    assert "credentials-refused" not in found(replace(REFUSED, ask=(ACCEPT, "authorization: Basic Og==")))


def test_a_login_that_works(found):
    served = replace(REFUSED, status=200, give=(f"content-type: {DOCKER_LIST}",), body=INDEX)
    assert "credentials-refused" not in found(replace(REFUSED, ask=(ACCEPT,)), served)


def test_a_second_login_that_works_overcomes_it(found):
    again = (ACCEPT, "authorization: Basic ‹basic 5d1e77a2›")
    served = replace(REFUSED, status=200, give=(f"content-type: {DOCKER_LIST}",), body=INDEX, ask=again)
    assert "credentials-refused" not in found(*(replace(turn, agent=PODMAN) for turn in (REFUSED, served)))


def test_ecr_says_400_to_a_password_that_is_none_of_its_own(found):
    denied = error_body("DENIED", "Your Authorization Token is invalid.")
    host = "https://1.dkr.ecr.eu-west-1.amazonaws.com"
    turn = replace(REFUSED, method="GET", url=manifest_url("latest", host), status=400, give=(), body=denied)
    assert "credentials-refused" in found(turn)
    assert "credentials-refused" not in found(replace(turn, url=manifest_url("latest", OWN)))
