"""Google's registries: challenges that others could not afford."""

from inspector.rules.example import Turn
from inspector.rules.sample import HEALTHY, UNAUTHORIZED

UNQUOTED = "www-authenticate: Bearer realm=https://{host}/v2/token,service={host}"


def pinged(host):
    return Turn(
        method="GET",
        url=f"https://{host}/v2/",
        status=401,
        give=(UNQUOTED.format(host=host),),
        body=UNAUTHORIZED,
    )


def test_its_relative_single_use_redirects_show_it(sends):
    assert "Artifact Registry" in sends("location: /artifacts-downloads/namespaces/x/downloads/y", status=302)


def test_an_unquoted_realm_is_let_pass_there_with_a_reason(see):
    there = see(pinged("gcr.io"), *HEALTHY[1:], host="gcr.io")
    assert "Artifact Registry" in there.names
    assert "challenge-malformed" not in there.codes
