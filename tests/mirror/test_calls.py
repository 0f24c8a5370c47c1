"""What is asked of io: secrets that do not show, failures that say who."""

from inspector.mirror.calls import Credentials, Failure, Proxy, Secret, TokenKey, Trouble


def test_a_secret_does_not_show_in_anything_that_holds_it():
    login = Credentials(username="alice", password=Secret("hunter2"))
    proxy = Proxy(scheme="socks5", host="h", port=1, credentials=login)
    for text in (repr(proxy), str(login), f"{Secret('hunter2')}", repr([Secret("hunter2")])):
        assert "hunter2" not in text
    assert login.password.reveal() == "hunter2"


def test_secrets_compare_and_hash_by_their_text():
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_a_failure_says_who_and_why():
    failure = Failure(Trouble.TLS, "ghcr.io", "its certificate has expired")
    assert str(failure) == "ghcr.io: its certificate has expired"
    assert (failure.trouble, failure.reply) == (Trouble.TLS, None)


def test_keys_are_values():
    one = TokenKey(upstream="a", credential="", realm="r", service="s", scopes=("x",))
    assert {one: 1}[TokenKey(upstream="a", credential="", realm="r", service="s", scopes=("x",))] == 1
