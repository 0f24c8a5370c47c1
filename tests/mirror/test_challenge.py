"""Challenges: whose realm is believed, and what the client sees in its place."""

import pytest

from inspector.mirror import challenge
from inspector.mirror.challenge import Known, for_client, leaves_tls, read, registrable, trusts_realm
from inspector.mirror.model import Kind, Target

HUB = "https://registry-1.docker.io/v2/"
BEARER = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'


@pytest.fixture
def hub(settings):
    return settings().upstream("docker.io")


@pytest.fixture
def shown(hub):
    def client_sees(*values, upstream=hub, ns=None, asked="alpine", repository="library/alpine"):
        target = Target(
            kind=Kind.MANIFEST,
            upstream=upstream,
            path="/v2/",
            own="http://m.test:5000",
            asked=asked,
            repository=repository,
            ns=ns,
        )
        known = read(upstream, list(values), HUB)
        return [value for _, value in for_client(list(values), known, target, HUB)]

    return client_sees


def test_the_client_sees_the_mirrors_own_realm(shown):
    assert shown(BEARER) == ['Bearer realm="http://m.test:5000/token",service="registry.docker.io"']


def test_by_ns_the_realm_names_the_upstream(shown):
    assert shown(BEARER, ns="docker.io")[0].startswith('Bearer realm="http://m.test:5000/token/docker.io"')


def test_the_scope_has_the_clients_name_and_the_error_stays(shown):
    value = BEARER + ',scope="repository:library/alpine:pull",error="invalid_token"'
    assert shown(value)[0].endswith('scope="repository:alpine:pull",error="invalid_token"')


def test_9_several_challenges_in_one_field_and_in_several(shown):
    values = ['Negotiate, BASIC realm="x"', BEARER]
    assert shown(*values) == ['Basic realm="m.test:5000"', shown(BEARER)[0]]
    assert shown(f'Basic realm="x", {BEARER}') == ['Basic realm="m.test:5000"', shown(BEARER)[0]]


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Digest realm=x", 'Bearer realm="', "\x00", "Bearer realm=", "," * 9000]
)
def test_9_what_cannot_be_satisfied_is_not_forwarded(shown, hub, value):
    assert shown(value) == []
    assert read(hub, [value], HUB).problem


def test_9_a_megabyte_of_header_is_read_in_part(shown):
    assert shown(BEARER + "," + "x=y," * 300_000)[0].startswith('Bearer realm="http://m.test:5000/token"')


def test_8_nothing_breaks_out_of_the_quotes(shown):
    value = 'Bearer realm="https://auth.docker.io/token",service="a\\"b\r\nx: y",scope="repository:library/alpine:pull\\" x"'
    for text in shown(value):
        assert "\r" not in text
        assert "\n" not in text
        assert text.count('"') == 6


@pytest.mark.parametrize(
    ("realm", "good"),
    [
        ("https://auth.docker.io/token", True),
        ("https://registry-1.docker.io/token", True),
        ("https://AUTH.docker.io./token", True),
        ("http://auth.docker.io/token", True),
        ("https://auth.docker.io.evil.test/token", False),
        ("https://evil.test/docker.io", False),
        ("https://127.0.0.1/token", False),
        ("https://2130706433/token", False),
        ("https://0x7f.1/", False),
        ("https://[::ffff:127.0.0.1]/token", False),
        ("https://169.254.169.254/latest", False),
        ("https://0.0.0.0/", False),
        ("https://u:p@auth.docker.io/token", False),
        ("https://auth.docker.io@evil.test/token", False),
        ("/token", False),
        ("auth.docker.io/token", False),
        ("ftp://auth.docker.io/", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_1_3_a_realm_is_believed_on_its_own_domain_only(hub, realm, good):
    known = read(hub, [f'Bearer realm="{realm}",service="s"'], HUB)
    assert (known.realm is not None) == good
    assert (known.problem is None) == good


def test_3_a_configured_realm_is_believed(settings):
    other = settings(realms=["ghcr.io=tokens.example"]).upstream("ghcr.io")
    assert trusts_realm(other, "tokens.example")
    assert not trusts_realm(other, "x.tokens.example")


def test_the_first_challenge_that_may_be_followed_counts(hub):
    known = read(hub, ['Bearer realm="https://evil.test/",service="e"', BEARER], HUB)
    assert known == Known(realm="https://auth.docker.io/token", service="registry.docker.io")


def test_what_is_learned_of_a_challenge(hub):
    known = read(hub, ['Bearer realm="https://auth.docker.io/t",scope="a b"', 'Basic realm="x"'], HUB)
    assert known == Known(realm="https://auth.docker.io/t", scopes=("a", "b"), basic=True)


def test_a_refused_realm_is_named(hub):
    assert "evil.test" in read(hub, ['Bearer realm="https://evil.test/"'], HUB).problem


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("auth.docker.io", "docker.io"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("co.uk", None),
        ("localhost", None),
        ("me.github.io", "me.github.io"),
        ("github.io", None),
        ("registry.corp", "registry.corp"),
        ("127.0.0.1", None),
        ("::1", None),
    ],
)
def test_registrable_domains(host, domain):
    assert registrable(host) == domain


def test_6_a_plain_realm_beside_a_registry_with_tls(hub):
    assert leaves_tls(hub, "http://auth.docker.io/token")
    assert not leaves_tls(hub, "https://auth.docker.io/token")


def test_the_field_is_lower_case():
    assert challenge.HEADER == "www-authenticate"
