"""Names: library/ for Docker Hub only, prefixes, scopes in both directions."""

import pytest

from inspector.mirror.names import (
    find_upstream,
    looks_like_host,
    scope_for_client,
    scope_parts,
    split_prefix,
    upstream_name,
)


@pytest.mark.parametrize(
    ("upstream", "written", "theirs"),
    [
        ("docker.io", "alpine", "library/alpine"),
        ("docker.io", "library/alpine", "library/alpine"),
        ("docker.io", "owner/name", "owner/name"),
        ("docker.io", "a/b/c/d", "a/b/c/d"),
        ("ghcr.io", "alpine", "alpine"),
    ],
)
def test_only_docker_hub_has_library_and_only_for_one_segment(settings, upstream, written, theirs):
    up = settings().upstream(upstream)
    assert upstream_name(up, written) == theirs


@pytest.mark.parametrize("name", ["docker.io", "index.docker.io", "registry-1.docker.io", "DOCKER.IO"])
def test_docker_hub_has_several_names(settings, name):
    assert find_upstream(settings().upstreams, name).name == "docker.io"


def test_an_unlisted_name_finds_nothing(settings):
    assert find_upstream(settings().upstreams, "quay.io") is None


@pytest.mark.parametrize(
    ("repository", "found"),
    [
        ("ghcr.io/owner/name", ("ghcr.io", "ghcr.io/", "owner/name")),
        ("docker.io/alpine", ("docker.io", "docker.io/", "alpine")),
        ("quay.io/a/b", None),
        ("ghcr.io", None),
        ("owner/ghcr.io", None),
    ],
)
def test_a_prefix_is_the_first_of_several_segments(settings, repository, found):
    split = split_prefix(settings().upstreams, repository)
    assert (split and (split[0].name, *split[1:])) == found


@pytest.mark.parametrize(
    ("repository", "host"),
    [("quay.io/a", "quay.io"), ("localhost/a", "localhost"), ("owner/a.b", None), ("a.b", None)],
)
def test_a_first_segment_that_could_only_be_a_host(repository, host):
    assert looks_like_host(repository) == host


@pytest.mark.parametrize(
    ("scope", "parts"),
    [
        ("repository:a/b:pull,push", ("repository", "a/b", "pull,push")),
        ("repository(plugin):a/b:pull", ("repository(plugin)", "a/b", "pull")),
        ("repository:host:5000/a:pull", ("repository", "host:5000/a", "pull")),
        ("registry:catalog:*", None),
        ("repository:a", None),
        ("repository::pull", None),
        ("", None),
    ],
)
def test_scopes_are_taken_apart_at_both_ends(scope, parts):
    assert scope_parts(scope) == parts


def test_a_challenges_scope_gets_the_name_that_the_client_asked_for():
    def shown(scope):
        return scope_for_client(scope, asked="ghcr.io/o/n", repository="o/n")

    assert shown("repository:o/n:pull") == "repository:ghcr.io/o/n:pull"
    assert shown("repository:user/image:pull") == "repository:user/image:pull"
    assert shown("registry:catalog:*") == "registry:catalog:*"
