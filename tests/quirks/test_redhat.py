"""Red Hat, by the path of its token service."""


def test_its_token_service_shows_it_behind_any_name(sends):
    path = "auth/realms/rhcc/protocol/redhat-docker-v2/auth"
    assert "Red Hat" in sends(
        f'www-authenticate: Bearer realm="https://proxy.example/{path}",service="docker-registry"'
    )
    assert "Red Hat" not in sends(
        'www-authenticate: Bearer realm="https://proxy.example/auth",service="docker-registry"'
    )
