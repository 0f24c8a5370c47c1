"""What is asked of a token service, and where its redirects may lead."""

from urllib.parse import parse_qsl

import pytest

from inspector.mirror.io import tokenrequest
from inspector.mirror.model import Call, Egress, Failure, Reply, Secret, TokenAsk, TokenKey, Trouble

EGRESS = Egress(upstream="hub.example")


def ask(method="GET", realm="https://auth.example/token", service="hub", scopes=(), **more):
    key = TokenKey(upstream="hub.example", credential="", realm=realm, service=service, scopes=scopes)
    return TokenAsk(key=key, egress=EGRESS, method=method, **more)


def test_a_get_repeats_scope_and_keeps_the_realms_own_query():
    call = tokenrequest.request(
        ask(realm="https://auth.example/token?a=b#c", scopes=("repository:x:pull", "y", "y"))
    )
    assert call.url == "https://auth.example/token?a=b&service=hub&scope=repository%3Ax%3Apull&scope=y"
    assert (call.method, call.body, call.most_bytes) == ("GET", b"", 64 * 1024)


def test_a_post_has_one_scope_and_the_secrets_in_its_body_only():
    pairs = (("grant_type", Secret("password")), ("password", Secret("p&q=r")), ("service", Secret("evil")))
    call = tokenrequest.request(ask("POST", scopes=("a", "b"), pairs=pairs))
    assert call.url == "https://auth.example/token"
    assert parse_qsl(call.body.decode()) == [
        ("service", "hub"), ("scope", "a b"), ("grant_type", "password"), ("password", "p&q=r"),
    ]  # fmt: skip
    assert ("content-type", "application/x-www-form-urlencoded") in call.headers


@pytest.mark.parametrize(
    "evil", ["x&account=root", "x#y", "x\r\nSet-Cookie: a", "x\ny", "x%26z", "x y+z", "ü"]
)
def test_A8_service_and_scope_never_become_another_parameter_or_header(evil):
    call = tokenrequest.request(ask(service=evil, scopes=(evil,)))
    query = call.url.partition("?")[2]
    assert parse_qsl(query) == [("service", evil), ("scope", evil)]
    assert call.url.isprintable()
    assert "#" not in call.url


@pytest.mark.parametrize(
    "realm", ["file:///etc/passwd", "https://u:p@auth.example/", "/token", "https://a\r\nb/", ""]
)
def test_a_realm_that_cannot_be_asked(realm):
    with pytest.raises(Failure) as failed:
        tokenrequest.request(ask(realm=realm))
    assert failed.value.trouble is Trouble.TOKEN
    assert "u:p" not in str(failed.value)


@pytest.mark.parametrize(
    ("more", "nobody"),
    [
        ({}, True),
        ({"pairs": (("client_id", Secret("docker")),)}, True),
        ({"pairs": (("account", Secret("ada")),)}, False),
        ({"pairs": (("refresh_token", Secret("r")),)}, False),
        ({"pairs": (("novel", Secret("r")),)}, False),
        ({"authorization": Secret("Basic x")}, False),
    ],
)
def test_A13_only_what_names_nobody_may_be_shared(more, nobody):
    assert tokenrequest.names_nobody(ask(**more)) is nobody


HERE = "https://auth.example/token?service=hub"


@pytest.mark.parametrize(
    ("method", "status", "secret", "location", "url"),
    [
        ("GET", 302, False, "/other", "https://auth.example/other"),
        ("GET", 307, True, "/other", "https://auth.example/other"),
        ("POST", 308, True, "https://AUTH.example:443/other", "https://auth.example/other"),
        ("GET", 302, True, "/other", None),
        ("POST", 301, False, "/other", None),
        ("POST", 303, True, "/other", None),
        ("GET", 302, False, "https://evil.example/", None),
        ("GET", 307, True, "https://evil.example/", None),
        ("GET", 307, False, "http://auth.example/", None),
        ("GET", 307, False, "https://auth.example:8443/", None),
        ("GET", 307, False, "http://169.254.169.254/", None),
        ("GET", 307, False, "", None),
        ("GET", 307, False, "file:///x", None),
    ],
)
def test_A4_A5_a_redirect_is_followed_only_where_nothing_is_lost_or_given_away(
    method, status, secret, location, url
):
    call = Call(method=method, url=HERE, egress=EGRESS)
    reply = Reply(status=status, headers=(("location", location),))
    if url is None:
        with pytest.raises(Failure) as failed:
            tokenrequest.following(call, reply, secret=secret)
        assert failed.value.trouble is Trouble.TOKEN
        assert failed.value.reply is reply
    else:
        assert tokenrequest.following(call, reply, secret=secret) == url


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("30", 30), (" 30 ", 30), ("Tue, 14 Nov 2023 22:14:20 GMT", 60), ("Tue, 14 Nov 2000 22:14:20 GMT", 0),
     ("soon", None), ("-3", None), ("", None), ("9" * 50, None), ("³", None)],
)  # fmt: skip
def test_retry_after(value, seconds):
    reply = Reply(status=429, headers=(("retry-after", value),))
    assert tokenrequest.retry_after(reply, 1_700_000_000.0) == seconds
