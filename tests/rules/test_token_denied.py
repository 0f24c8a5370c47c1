from msgspec.structs import replace

from inspector.core.finding import CheckState
from inspector.rules.example import CONTAINERD
from inspector.rules.sample import AUTH, HEALTHY, SELF_SERVED, ping, token

REFUSED = replace(token(), status=401, give=(), body=b'{"details":"incorrect username or password"}')


def test_a_login_that_is_sent_is_named(found):
    finding = found(ping(), replace(REFUSED, ask=("authorization: Basic ‹basic 5d1e77a1›",)))["token-denied"]
    assert "refused the login" in finding.summary
    assert "incorrect username or password" in finding.summary
    assert "docker logout" in finding.remedy
    assert finding.evidence[0].exchange == 1


def test_without_a_login_no_logout_is_advised(found):
    finding = found(ping(), REFUSED)["token-denied"]
    assert "logout" not in finding.remedy


def test_a_refused_post_and_then_a_get_is_how_containerd_asks(found):
    post = replace(
        token(),
        method="POST",
        url=AUTH,
        form=b"grant_type=password&service=registry.docker.io",
        status=405,
        body=b"",
    )
    turns = [replace(turn, agent=CONTAINERD) for turn in (ping(), post, *HEALTHY[1:])]
    assert "token-denied" not in found(*turns)


def test_the_limit_and_the_fault_have_their_own_codes(found):
    assert "token-denied" not in found(ping(), replace(REFUSED, status=429))
    assert "token-denied" not in found(ping(), replace(REFUSED, status=500))


def test_no_token_service_no_check(checked):
    assert checked("token-denied", SELF_SERVED[2]).state is CheckState.NOT_APPLICABLE


def test_its_remedy_logs_out_of_the_registry_and_not_of_the_token_service(found):
    refused = replace(token(), status=401, ask=("authorization: Basic ‹basic 5d1e77aa›",), body=b"{}")
    assert "`docker logout registry-1.docker.io`" in found(ping(), refused)["token-denied"].remedy
