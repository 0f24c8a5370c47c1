"""The token endpoint: what is asked of the upstream's token service in the client's place."""

import json

import pytest

from inspector.mirror.challenge import NO_TOKEN, Known
from inspector.mirror.model import Answer, Credentials, FetchToken, Secret
from inspector.mirror.tokens import ask_for_client, ask_for_mirror, basic, read

KNOWN = Known(realm="https://auth.docker.io/token", service="registry.docker.io")
LOGIN = ("authorization", "Basic YWxpY2U6cHc=")


@pytest.fixture
def wanted(settings):
    def want(query="", *, method="GET", headers=(), form=b"", named=None, setup=None):
        fetch = FetchToken(own="http://m.test", host="m.test", named=named, query=query)
        return read(fetch, method, headers, form, setup or settings())

    return want


def test_the_scope_gets_the_upstreams_name(wanted):
    assert wanted("scope=repository:alpine:pull").scopes == ("repository:library/alpine:pull",)
    got = wanted("scope=repository:ghcr.io/o/n:pull")
    assert (got.upstream.name, got.scopes) == ("ghcr.io", ("repository:o/n:pull",))
    got = wanted("scope=repository:o/n:pull", named="ghcr.io")
    assert (got.upstream.name, got.scopes) == ("ghcr.io", ("repository:o/n:pull",))


def test_repeated_scopes_and_several_in_one(wanted):
    got = wanted("scope=repository:a:pull&scope=repository:b/c:pull+registry:catalog:*")
    assert got.scopes == ("repository:library/a:pull", "repository:b/c:pull", "registry:catalog:*")


def test_scopes_of_two_upstreams_cannot_be_one_token(wanted, error):
    assert error(wanted("scope=repository:a:pull&scope=repository:ghcr.io/o/n:pull"))[0] == 400


def test_49_a_scope_of_an_unlisted_registry_is_refused(wanted, error):
    assert error(wanted("scope=repository:quay.io/o/n:pull"))[0] == 404


@pytest.mark.parametrize("name", ["..", "a/../b", "A", "a%0d%0ab", "a%26b", "a%23"])
def test_8_a_scope_that_names_no_repository_is_refused(wanted, error, name):
    assert error(wanted(f"scope=repository:{name}:pull"))[:2] == (400, "NAME_INVALID")


def test_without_a_scope_the_default_upstream_is_meant(wanted):
    assert wanted("account=alice&client_id=docker").upstream.name == "docker.io"


def test_realm_and_service_are_the_upstreams_whatever_the_client_says(wanted):
    ask = ask_for_client(wanted("service=evil&realm=evil&scope=repository:a/b:pull"), KNOWN)
    assert (ask.key.realm, ask.key.service) == ("https://auth.docker.io/token", "registry.docker.io")
    assert ask.pairs == ()


def test_anonymous_tokens_have_one_key_whoever_asks(wanted):
    first = ask_for_client(wanted("scope=repository:a:pull&client_id=x&service=y"), KNOWN)
    second = ask_for_client(
        wanted("scope=repository:library/a:pull", method="POST", form=b"client_id=z"), KNOWN
    )
    assert first == second
    assert first.key.credential == ""


def test_credentials_are_passed_and_never_shared(wanted):
    ask = ask_for_client(wanted("account=alice&offline_token=true&client_id=docker", headers=(LOGIN,)), KNOWN)
    assert ask.authorization == Secret("Basic YWxpY2U6cHc=")
    assert [name for name, _ in ask.pairs] == ["account", "offline_token", "client_id"]
    assert ask.key.credential


@pytest.mark.parametrize(
    "form", [b"grant_type=password&username=a&password=p", b"grant_type=refresh_token&refresh_token=r"]
)
def test_grants_are_passed_on_by_post(wanted, form):
    ask = ask_for_client(wanted(method="POST", form=form + b"&scope=repository:a:pull&evil=x"), KNOWN)
    assert ask.method == "POST"
    assert "evil" not in [name for name, _ in ask.pairs]
    assert ask.key.scopes == ("repository:library/a:pull",)
    assert ask.key.credential


def test_a_bearer_is_no_login(wanted):
    assert wanted(headers=(("authorization", "Bearer x"),)).anonymous


def test_a_body_that_is_no_form_is_refused(wanted, error):
    assert error(wanted(method="POST", headers=(("content-type", "application/json"),)))[0] == 415


def test_6_credentials_do_not_go_in_clear(wanted, error):
    plain = Known(realm="http://auth.docker.io/token")
    assert error(ask_for_client(wanted(headers=(LOGIN,)), plain))[0] == 502
    assert not isinstance(ask_for_client(wanted(), plain), Answer)


def test_3_a_refused_realm_is_said(wanted, error):
    known = Known(problem="its realm is on evil.test, which is not configured")
    assert "evil.test" in error(ask_for_client(wanted(), known))[2]


@pytest.mark.parametrize("headers", [(), (LOGIN,)])
def test_for_an_upstream_that_asks_for_nothing_there_is_a_token_that_says_so(wanted, headers):
    """A client cannot know: the mirror's ping asked for a token, on behalf of another upstream."""
    answer = ask_for_client(wanted(headers=headers), Known())
    assert (answer.status, json.loads(answer.body)["token"]) == (200, NO_TOKEN)


def test_an_upstream_that_asks_for_a_password_has_no_tokens(wanted, error):
    assert error(ask_for_client(wanted(), Known(basic=True)))[0] == 404


# -- the mirror's own --------------------------------------------------------------------------------------------------


@pytest.fixture
def owning(settings, tmp_path):
    (tmp_path / "pw").write_text("secret\n")
    return settings(auth="own", credentials=[f"docker.io=bob:{tmp_path / 'pw'}"]).upstream("docker.io")


def test_the_mirrors_own_credentials_go_to_the_realm(owning):
    ask = ask_for_mirror(owning, KNOWN, ("repository:a/b:pull",), "hash")
    assert ask.authorization == Secret(basic(Credentials(username="bob", password=Secret("secret"))))
    assert ask.key.credential == "hash"


def test_6_but_not_in_clear(owning):
    ask = ask_for_mirror(owning, Known(realm="http://auth.docker.io/token"), (), "hash")
    assert (ask.authorization, ask.key.credential) == (None, "")


def test_no_realm_no_token(owning):
    assert ask_for_mirror(owning, Known(basic=True), (), "hash") is None


def test_13_keys_differ_by_all_that_matters(settings):
    def key(**change):
        base = {"upstream": "docker.io", "known": KNOWN, "scopes": ("repository:a/b:pull",)} | change
        return ask_for_mirror(settings().upstream(base["upstream"]), base["known"], base["scopes"], "").key

    others = [
        key(upstream="ghcr.io"),
        key(known=Known(realm="https://auth.docker.io/other", service="registry.docker.io")),
        key(known=Known(realm="https://auth.docker.io/token", service="x")),
        key(scopes=("repository:a/c:pull",)),
    ]
    assert len({key(), *others}) == 5


def test_rfc_7617():
    assert (
        basic(Credentials(username="Aladdin", password=Secret("open sesame")))
        == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    )
