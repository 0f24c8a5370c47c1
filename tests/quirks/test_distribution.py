"""distribution, by its version header."""


def test_its_version_header_shows_it(sends):
    assert "distribution" in sends("docker-distribution-api-version: registry/2.0", status=200)
    assert "distribution" not in sends("server: nginx", status=200)
