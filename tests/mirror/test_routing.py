"""Which upstream: Host, ns=, prefix, default; what is not on the list leads nowhere."""

import pytest

from inspector.mirror.routing import route, unlisted


@pytest.fixture
def mirror(settings):
    return settings(hosts=["mirror.test", "ghcr.mirror.test=ghcr.io"])


@pytest.mark.parametrize(
    ("host", "ns", "repository", "upstream", "theirs", "prefix"),
    [
        ("mirror.test", [], "alpine", "docker.io", "library/alpine", ""),
        ("mirror.test", [], "ghcr.io/o/n", "ghcr.io", "o/n", "ghcr.io/"),
        ("mirror.test", [], "docker.io/alpine", "docker.io", "library/alpine", "docker.io/"),
        ("ghcr.mirror.test", [], "o/n", "ghcr.io", "o/n", ""),
        ("ghcr.mirror.test", [], "alpine", "ghcr.io", "alpine", ""),
        ("mirror.test", ["ghcr.io"], "o/n", "ghcr.io", "o/n", ""),
        ("mirror.test", ["docker.io", "docker.io"], "o/n", "docker.io", "o/n", ""),
        ("ghcr.mirror.test", ["ghcr.io"], "o/n", "ghcr.io", "o/n", ""),
        ("mirror.test", [], None, "docker.io", None, ""),
    ],
)
def test_routes(mirror, host, ns, repository, upstream, theirs, prefix):
    found = route(mirror, host, ns, repository)
    assert (found.upstream.name, found.repository, found.prefix) == (upstream, theirs, prefix)
    assert found.ns == (ns[0] if ns else None)


@pytest.mark.parametrize(
    ("host", "ns", "repository", "status"),
    [
        ("evil.test", [], "alpine", 421),
        ("mirror.test", ["quay.io"], "a/b", 404),
        ("mirror.test", ["127.0.0.1"], "a/b", 404),
        ("mirror.test", ["user:pw@ghcr.io"], "a/b", 404),
        ("mirror.test", ["ghcr.io:22"], "a/b", 404),
        ("mirror.test", ["docker.io", "ghcr.io"], "a/b", 400),
        ("ghcr.mirror.test", ["docker.io"], "a/b", 404),
        ("mirror.test", [], "quay.io/a/b", 404),
        ("mirror.test", [""], "a/b", 404),
    ],
)
def test_48_49_the_list_is_closed(mirror, error, host, ns, repository, status):
    assert error(route(mirror, host, ns, repository))[0] == status


def test_without_names_of_its_own_the_mirror_takes_any_host(settings):
    assert route(settings(), "whatever", [], "alpine").upstream.name == "docker.io"


def test_a_token_endpoint_names_its_upstream(mirror, error):
    assert route(mirror, "mirror.test", [], "ghcr.io/x", named="ghcr.io").repository == "ghcr.io/x"
    assert error(route(mirror, "mirror.test", [], "a/b", named="quay.io"))[0] == 404


def test_without_a_default_only_named_upstreams_are_served(settings, error):
    mirror = settings(default="")
    assert error(route(mirror, "m", [], "alpine"))[0] == 404
    assert route(mirror, "m", [], "ghcr.io/o/n").upstream.name == "ghcr.io"


def test_the_refusal_says_what_is_served(settings, error):
    assert "docker.io, ghcr.io" in error(unlisted(settings(), "x"))[2]
