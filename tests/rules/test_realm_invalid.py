import pytest
from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.sample import HEALTHY, ping


def challenged(text, url="https://registry.example.com/v2/"):
    return replace(ping(), url=url, give=(f"www-authenticate: {text}",))


@pytest.mark.parametrize(
    "realm",
    ["", "/token", "token", "ftp://auth.example.com/token", "http://10.0.0.5/token", "https://localhost/token",
     "https://auth.example.com//service/token", "https://api./token"],
)  # fmt: skip
def test_what_clients_cannot_ask(found, realm):
    assert (
        found(challenged(f'Bearer realm="{realm}",service="x"'))["realm-invalid"].severity is Severity.ERROR
    )


def test_no_realm_at_all(found):
    assert "realm-invalid" in found(challenged('Bearer service="x"'))


def test_plain_http_is_a_warning(found):
    assert (
        found(challenged('Bearer realm="http://auth.example.com/token"'))["realm-invalid"].severity
        is Severity.WARNING
    )


def test_inside_the_inside_is_fine(found):
    assert "realm-invalid" not in found(
        challenged('Bearer realm="http://10.0.0.5/token"', "http://10.0.0.4:5000/v2/")
    )


def test_basic_may_say_what_it_likes(found):
    assert "realm-invalid" not in found(challenged('Basic realm="Registry Realm"'))


def test_a_query_is_allowed(found):
    assert "realm-invalid" not in found(
        challenged('Bearer realm="https://nvcr.example.com/proxy_auth?scope=x"')
    )
    assert "realm-invalid" not in found(*HEALTHY)


@pytest.mark.parametrize(
    ("realm", "right"),
    [("http://10.0.0.5/auth/token", "/auth/token"), ("/token", "/token"), ("https://a.example.com//x/token", "/x/token"),
     ("", "/token"), ("ftp://a.example.com/`;}", "/token")],
)  # fmt: skip
def test_its_remedy_is_the_url_that_clients_can_ask(found, realm, right):
    finding = found(challenged(f'Bearer realm="{realm}",service="x"'))["realm-invalid"]
    assert f"`auth.token.realm: https://registry.example.com{right}`" in finding.remedy
