"""GitLab, hosted or people's own, by its token service."""


def test_its_token_service_shows_it_behind_any_name(sends):
    assert "GitLab" in sends(
        'www-authenticate: Bearer realm="https://git.example/jwt/auth",service="container_registry"'
    )
    assert "GitLab" not in sends(
        'www-authenticate: Bearer realm="https://git.example/jwt/auth",service="other"'
    )
