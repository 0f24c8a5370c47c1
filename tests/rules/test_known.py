import pytest

from inspector.rules.known import KNOWN, by_host, by_realm, by_storage, relaxed


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("registry-1.docker.io", "Docker Hub"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "ECR"),
        ("quay.io:443", "Quay"),
        ("us-docker.pkg.dev", "Artifact Registry"),
        ("docker.io.evil.example", None),
        ("mirror.example.com", None),
        ("[::1]:5000", None),
    ],
)
def test_hosts(host, name):
    known = by_host(host)
    assert (known.name if known else None) == name


def test_a_realm_is_known_by_host_and_service_together():
    known = by_realm("auth.docker.io", "registry.docker.io")
    assert known is not None
    assert known.name == "Docker Hub"
    assert by_realm("auth.docker.io", "other") is None
    assert by_realm("gitlab.com", None) is None


def test_storages():
    known = by_storage("docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com")
    assert known is not None
    assert known.name == "Docker Hub"
    assert by_storage("bucket.example.com") is None


def test_where_a_rule_must_not_cry_wolf():
    assert relaxed("nvcr.io", "realm-bypasses-mirror")
    assert not relaxed("nvcr.io", "tag-not-found")
    assert not relaxed("mirror.example.com", "realm-bypasses-mirror")


def test_names_are_told_once():
    names = [known.name for known in KNOWN]
    assert len(names) == len(set(names))
