"""GHCR, by what it sends, and the repository that its ping names."""

from inspector.core.finding import Severity
from inspector.rules.example import Turn
from inspector.rules.sample import HEALTHY, UNAUTHORIZED

CHALLENGE = 'www-authenticate: Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"'


def test_a_proxy_in_front_of_it_shows_it(sends):
    assert "GHCR" in sends(CHALLENGE)


def test_the_scope_of_its_ping_is_no_wrong_repository(see):
    ping = Turn(method="GET", url="https://ghcr.io/v2/", status=401, give=(CHALLENGE,), body=UNAUTHORIZED)
    seen = see(ping, *HEALTHY[1:], host="ghcr.io")
    assert not [
        one
        for one in seen.findings
        if one.code == "scope-wrong-repository" and one.severity is not Severity.NOTE
    ]
