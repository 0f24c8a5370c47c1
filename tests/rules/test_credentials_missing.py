import pytest
from msgspec.structs import replace

from inspector.core.finding import CheckState
from inspector.rules.credentials_missing import RULE
from inspector.rules.example import Turn
from inspector.rules.sample import ACCEPT, HEALTHY, INDEX, manifest_url, ping
from inspector.wire.mediatypes import DOCKER_LIST

OWN = "https://registry.example.com"
WANTED = Turn(
    method="HEAD",
    url=manifest_url("latest", OWN),
    ask=(ACCEPT,),
    status=401,
    give=('www-authenticate: Basic realm="R"',),
)
SERVED = replace(
    WANTED,
    status=200,
    ask=(ACCEPT, "authorization: Basic ‹basic 5d1e77a1›"),
    give=(f"content-type: {DOCKER_LIST}",),
    body=INDEX,
)


def test_a_client_without_a_login(found):
    assert "docker login" in found(WANTED)["credentials-missing"].remedy


def test_ecr_has_its_own_way_to_log_in(found):
    ecr = replace(WANTED, give=('www-authenticate: Basic realm="R",service="ecr.amazonaws.com"',))
    assert "aws ecr" in found(ecr)["credentials-missing"].remedy


def test_a_login_that_followed_is_one(found):
    assert "credentials-missing" not in found(WANTED, SERVED)


def test_bearer_first_is_another_matter(checked):
    assert checked(RULE.code, ping(), *HEALTHY[1:]).state is CheckState.NOT_APPLICABLE


@pytest.mark.parametrize("nothing", ["Og==", "‹empty›"])
def test_podmans_empty_basic_is_no_login(found, nothing):
    again = replace(WANTED, ask=(ACCEPT, f"authorization: Basic {nothing}"))
    findings = found(WANTED, again)
    assert "credentials-missing" in findings
    assert "credentials-refused" not in findings
