"""Upstreams: addresses, proxies, what may be reached, credentials."""

import pytest

from inspector.mirror.config_reader import Reader
from inspector.mirror.config_upstream import parse_origin, upstreams
from inspector.mirror.model import Origin


@pytest.fixture
def build(tmp_path):
    def make(table, name="ghcr.io", environ=(), **top):
        read = Reader(".".join, dict(environ), tmp_path)
        found = upstreams({"upstream": {name: table}, **top}, read, None, insecure=False)
        return (found[0] if found else None), read.lines

    return make


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://ghcr.io", ("https", "ghcr.io", 443)),
        ("ghcr.io", ("https", "ghcr.io", 443)),
        ("http://127.0.0.1:5000/", ("http", "127.0.0.1", 5000)),
        ("https://[::1]:5000", ("https", "::1", 5000)),
        ("https://GHCR.io.", ("https", "ghcr.io", 443)),
        ("ftp://a", None),
        ("https://u:p@a", None),
        ("https://a/path", None),
        ("https://a?x", None),
        ("https://", None),
        ("https://a:99999", None),
        ("https://a b", None),
        ("", None),
    ],
)
def test_addresses(text, origin):
    assert parse_origin(text) == (origin and Origin(scheme=origin[0], host=origin[1], port=origin[2]))


def test_an_upstream_without_more_is_at_its_name(build):
    assert [str(origin) for origin in build({})[0].origins] == ["https://ghcr.io"]
    hub = build({}, name="Registry-1.docker.io")[0]
    assert (hub.name, str(hub.origins[0]), hub.library) == ("docker.io", "https://registry-1.docker.io", True)


def test_several_addresses_in_order_each_of_which_is_allowed(build):
    up, _ = build(
        {"addresses": ["http://127.0.0.1:1", "https://b.test"], "allow_private": ["10.0.0.0/8"]},
        allow_private=["c.corp"],
    )
    assert [str(origin) for origin in up.origins] == ["http://127.0.0.1:1", "https://b.test"]
    assert up.egress.allow == ("127.0.0.1", "b.test", "c.corp", "10.0.0.0/8")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("socks5://h:1081", ("socks5", "h", 1081, None)),
        ("socks5h://h", ("socks5", "h", 1080, None)),
        ("http://u:p%40w@h:3128", ("http", "h", 3128, ("u", "p@w"))),
        ("https://h", ("https", "h", 443, None)),
    ],
)
def test_proxies(build, text, parts):
    proxy = build({"proxy": text})[0].egress.proxy
    user = proxy.credentials and (proxy.credentials.username, proxy.credentials.password.reveal())
    assert (proxy.scheme, proxy.host, proxy.port, user) == parts


def test_a_proxy_for_all_and_none_for_one(build):
    assert build({}, proxy="socks5://h")[0].egress.proxy.host == "h"
    assert build({"proxy": "direct"}, proxy="socks5://h")[0].egress.proxy is None


@pytest.mark.parametrize(
    "text", ["socks4://h", "h:1080", "socks5://", "http://u:sesame@h/path", "http://u:sesame@h:x"]
)
def test_a_proxy_that_is_none_is_told_without_its_password(build, text):
    lines = build({"proxy": text})[1]
    assert lines[0].startswith("upstream.ghcr.io.proxy: ")
    assert "sesame" not in lines[0]


def test_passwords_come_from_files_and_variables(build, tmp_path):
    (tmp_path / "pw").write_text("hunter2\n")
    up, lines = build({"username": "u", "password_file": "pw"})
    assert (up.credentials.password.reveal(), lines) == ("hunter2", [])
    assert "hunter2" not in repr(up)
    assert (
        build({"username": "u", "password_env": "P"}, environ={"P": "x"}.items())[0].credentials.username
        == "u"
    )


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ({"addresses": ["ftp://x"]}, "addresses"),
        ({"adresses": []}, "adresses"),
        ({"username": "u"}, "username"),
        ({"password_env": "P"}, "password_env"),
        ({"username": "u", "password_file": "no"}, "password_file"),
        ({"allow_private": ["a b"]}, "allow_private"),
        ({"allow_private": ["10.0.0.1/8"]}, "allow_private"),
        ({"library": "no"}, "library"),
        ({"realms": [1]}, "realms"),
    ],
)
def test_mistakes_have_their_place(build, table, place):
    assert any(line.startswith(f"upstream.ghcr.io.{place}: ") for line in build(table)[1])


@pytest.mark.parametrize("name", ["a b", "a/b", "", "x" * 300])
def test_an_upstream_has_a_registrys_name(build, name):
    assert "no name of a registry" in build({}, name=name)[1][0]
