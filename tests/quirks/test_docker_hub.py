"""Docker Hub, by what it sends."""


def test_a_mirror_of_any_name_that_passes_on_its_challenge_or_redirects_shows_it(sends):
    assert "Docker Hub" in sends(
        'www-authenticate: Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'
    )
    assert "Docker Hub" in sends("location: https://production.cloudfront.docker.com/x", status=307)


def test_its_realm_with_another_service_does_not(sends):
    assert "Docker Hub" not in sends(
        'www-authenticate: Bearer realm="https://auth.docker.io/token",service="mine"'
    )
