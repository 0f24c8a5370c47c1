"""Artifactory, by realm, token service or header."""

import pytest


@pytest.mark.parametrize(
    "header",
    [
        'www-authenticate: Basic realm="Artifactory Realm"',
        'www-authenticate: Bearer realm="https://a.example/artifactory/api/docker/docker-remote/v2/token",service="a.example"',
        "x-jfrog-version: Artifactory/7.90.1",
    ],
)
def test_each_of_its_signs_shows_it(sends, header):
    assert "Artifactory" in sends(header)


def test_others_do_not(sends):
    assert "Artifactory" not in sends('www-authenticate: Basic realm="Registry Realm"')
