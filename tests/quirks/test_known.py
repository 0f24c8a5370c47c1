"""The questions that rules ask of known registries."""

import pytest

from inspector.quirks.known import by_host, by_realm, by_storage, reason, registries, shown_by
from inspector.quirks.registry import Signs
from inspector.rules import catalogue


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
    assert by_realm("auth.docker.io", "registry.docker.io").name == "Docker Hub"
    assert by_realm("auth.docker.io", "other") is None
    assert by_realm("gitlab.com", None) is None


def test_storages():
    host = "docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com"
    assert by_storage(host).name == "Docker Hub"
    assert by_storage("bucket.example.com") is None


def test_every_registry_of_the_issue_is_there_once():
    names = [one.name for one in registries()]
    assert len(names) == len(set(names))
    assert {
        "Docker Hub", "GHCR", "Quay", "ECR", "ECR Public", "ACR", "Artifact Registry", "MCR", "registry.k8s.io", "GitLab", "Harbor",
        "Nexus", "Artifactory", "NVIDIA", "Red Hat", "distribution", "Zot",
    } <= set(names)  # fmt: skip


def test_what_is_relaxed_is_a_rule_and_has_a_reason():
    codes = {rule.code for rule in catalogue.built_in()}
    for registry in registries():
        assert set(registry.relax) <= codes
        assert all(len(why.split()) >= 5 and not why.endswith(".") for why in registry.relax.values())


def test_a_reason_is_given_only_where_it_holds():
    found = shown_by(Signs(host="nvcr.io"))
    assert "authn.nvidia.com" in reason(found, "realm-bypasses-mirror")
    assert reason(found, "tag-not-found") is None
    assert reason(shown_by(Signs(host="mirror.example.com")), "realm-bypasses-mirror") is None
