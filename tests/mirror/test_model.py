"""The mirror's words."""

import pytest

from inspector.mirror.model import Kind, Origin, Target


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (("https", "a.test", 443), "https://a.test"),
        (("http", "a.test", 80), "http://a.test"),
        (("http", "a.test", 443), "http://a.test:443"),
        (("https", "::1", 5000), "https://[::1]:5000"),
    ],
)
def test_an_origin_is_written_as_in_a_url(origin, text):
    scheme, host, port = origin
    assert str(Origin(scheme=scheme, host=host, port=port)) == text


def test_an_upstream_by_name(settings):
    assert settings().upstream("ghcr.io").name == "ghcr.io"
    assert settings().upstream("quay.io") is None


def test_a_target_is_named_when_the_client_said_ns(settings):
    def target(ns):
        return Target(kind=Kind.PING, upstream=settings().upstreams[0], path="/v2/", own="", ns=ns)

    assert target("docker.io").named
    assert not target(None).named
