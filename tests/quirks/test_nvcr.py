"""nvcr.io: its token service is elsewhere by design."""

from inspector.rules.example import Turn
from inspector.rules.sample import UNAUTHORIZED

CHALLENGE = 'www-authenticate: Bearer realm="https://authn.nvidia.com/token"'


def test_its_realm_shows_it(sends):
    assert "NVIDIA" in sends(CHALLENGE)


def test_a_realm_elsewhere_and_json_that_calls_itself_html_are_no_faults(see):
    ping = Turn(
        method="GET",
        url="https://nvcr.io/v2/",
        status=401,
        give=(CHALLENGE, "content-type: text/html"),
        body=UNAUTHORIZED,
    )
    seen = see(ping, host="nvcr.io")
    assert not seen.codes & {"html-answer", "realm-bypasses-mirror"}
