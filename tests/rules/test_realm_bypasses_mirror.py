from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.sample import HEALTHY, LAYER, MIRROR, documents, ping, serve, token

REALM = "https://sso.example.com/token"


def test_docker_hubs_realm_from_another_host(found):
    finding = found(ping(MIRROR), token(), *documents(MIRROR), serve(LAYER, MIRROR))["realm-bypasses-mirror"]
    assert finding.severity is Severity.WARNING
    assert [piece.exchange for piece in finding.evidence] == [1, 1, 2]


def test_the_remedy_is_the_servers(found):
    nginx = replace(ping(MIRROR), give=(*ping(MIRROR).give, "server: nginx/1.27"))
    remedy = found(nginx, token(), *documents(MIRROR))["realm-bypasses-mirror"].remedy
    assert remedy.startswith("nginx")
    assert "Worker" not in remedy


def test_ns_makes_any_foreign_realm_one(found):
    head = replace(documents(MIRROR)[0], ask=(), status=401, url=documents(MIRROR)[0].url + "?ns=quay.io",
                   give=(f'www-authenticate: Bearer realm="{REALM}",service="x"',))  # fmt: skip
    assert "realm-bypasses-mirror" in found(head)


def test_a_foreign_realm_alone_proves_nothing(found):
    assert "realm-bypasses-mirror" not in found(
        ping(MIRROR, realm=REALM), token(realm=REALM), *documents(MIRROR)
    )


def test_docker_hub_itself_is_no_mirror(found):
    assert "realm-bypasses-mirror" not in found(*HEALTHY)


def test_registries_that_are_so_by_design(found):
    head = replace(documents("https://nvcr.io")[0], ask=(), status=401,
                   give=('www-authenticate: Bearer realm="https://authn.nvidia.com/token"',))  # fmt: skip
    assert "realm-bypasses-mirror" not in found(head)
