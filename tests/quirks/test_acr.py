"""ACR, by its realm's path and service."""


def test_its_token_service_shows_it_behind_any_name(sends):
    assert "ACR" in sends(
        'www-authenticate: Bearer realm="https://contoso.azurecr.io/oauth2/token",service="contoso.azurecr.io"'
    )
    assert "ACR" in sends(
        'www-authenticate: Bearer realm="https://registry.contoso.example/oauth2/token",service="registry.contoso.example"'
    )


def test_the_path_alone_does_not(sends):
    assert "ACR" not in sends(
        'www-authenticate: Bearer realm="https://sso.example/oauth2/token",service="registry.example"'
    )
