"""Options and the TOML file: where words come from, and where their mistakes are."""

import pytest

from inspector.mirror.config_file import OPTIONS, load
from inspector.mirror.config_reader import Mistakes

FILE = """
default = "docker.io"
tries = 3

[upstream."docker.io"]

[upstream."ghcr.io"]
proxy = "socks5://proxy.test"   # a comment
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "mirror.toml"
        path.write_text(text)
        return str(path)

    return write


def lines_of(**options):
    with pytest.raises(Mistakes) as caught:
        load({f"mirror_{name}": value for name, value in options.items()}, {})
    return caught.value.lines


def test_a_file_is_read(file):
    found = load({"mirror_config": file(FILE)}, {})
    assert [up.name for up in found.upstreams] == ["docker.io", "ghcr.io"]
    assert (found.tries, found.upstream("ghcr.io").egress.proxy.host) == (3, "proxy.test")


def test_an_option_stands_above_the_file(file):
    options = {
        "mirror_config": file(FILE),
        "mirror_tries": "7",
        "mirror_proxy": ["ghcr.io=http://other.test:1"],
    }
    found = load(options, {})
    assert (found.tries, found.upstream("ghcr.io").egress.proxy.host) == (7, "other.test")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (FILE.replace("tries = 3", 'tries = "x"'), ":3: tries: "),
        (FILE.replace("socks5", "socks4"), ":8: upstream.ghcr.io.proxy: "),
        (FILE + "realms = 1\n", ":9: upstream.ghcr.io.realms: "),
        (FILE + "[upstream.quay]\naddresses = ['x y']\n", ":10: upstream.quay.addresses: "),
        (FILE + "[upstream.'a b']\n", ":9: upstream.a b: "),
        ("a = = 1", ":1:5: no TOML: "),
        ("wrong = 1", ":1: wrong: "),
    ],
)
def test_a_mistake_has_its_line(file, text, place):
    path = file(text)
    assert any(line.startswith(path + place) for line in lines_of(config=path))


def test_a_file_that_is_none(file, tmp_path):
    assert "cannot be read" in lines_of(config=str(tmp_path / "none"))[0]
    (tmp_path / "bin").write_bytes(b"\xff\xfe\xfd")
    assert "UTF-8" in lines_of(config=str(tmp_path / "bin"))[0]
    assert lines_of(config=file("x = " + "[" * 100_000))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"auth": "x"}, "mirror_auth: is one of relay, own, pass"),
        ({"tries": "many"}, "mirror_tries: is a number"),
        ({"http_redirects": "maybe"}, "mirror_http_redirects: is true or false"),
        ({"upstreams": ["a=ftp://x"]}, "mirror_upstreams: a: is scheme://host"),
        ({"proxy": ["quay.io=socks5://x"]}, "mirror_proxy: quay.io is not one of the upstreams docker.io"),
        ({"proxy": ["x"]}, "mirror_proxy: is socks5://"),
        ({"realms": ["tokens.example"]}, "mirror_realms: is for one upstream: name=…"),
        ({"credentials": ["docker.io=bob"]}, "mirror_credentials: docker.io: needs a password_file"),
        ({"default": "x"}, "mirror_default: x is not one of the upstreams docker.io"),
    ],
)
def test_a_mistake_in_an_option_names_it(options, says):
    assert any(line.startswith(says) for line in lines_of(**options))


def test_all_options_together(tmp_path):
    (tmp_path / "pw").write_text("s")
    found = load(
        {
            "mirror_upstreams": ["docker.io", "reg=http://127.0.0.1:1,https://b.test"], "mirror_default": "reg",
            "mirror_auth": "own", "mirror_redirects": "pass", "mirror_hosts": ["m.test", "hub.m.test=docker.io"],
            "mirror_public": "https://m.test", "mirror_trusted_proxies": ["::1"], "mirror_proxy": ["reg=socks5://p.test"],
            "mirror_allow_private": ["docker.io=10.0.0.0/8", "c.corp"], "mirror_realms": ["reg=t.test"],
            "mirror_credentials": [f"reg=bob:{tmp_path / 'pw'}"], "mirror_http_redirects": "on", "mirror_stall": "2",
        },
        {},
    )  # fmt: skip
    hub, reg = found.upstreams
    assert (hub.hosts, found.hosts, found.default, found.stall) == (("hub.m.test",), ("m.test",), "reg", 2.0)
    assert [str(origin) for origin in reg.origins] == ["http://127.0.0.1:1", "https://b.test"]
    assert (reg.realms, reg.egress.proxy.host, reg.credentials.username) == (("t.test",), "p.test", "bob")
    assert "10.0.0.0/8" in hub.egress.allow
    assert "c.corp" in reg.egress.allow
    assert found.downgrade


@pytest.mark.parametrize(
    ("options", "reverse", "default", "origins"),
    [
        ({}, "https://registry-1.docker.io:443", "docker.io", ["https://registry-1.docker.io"]),
        ({}, "http://127.0.0.1:5000", "127.0.0.1:5000", ["http://127.0.0.1:5000"]),
        ({"mirror_upstreams": ["ghcr.io"]}, "https://ghcr.io:443", "ghcr.io", ["https://ghcr.io"]),
        ({"mirror_upstreams": ["hub=https://a.test"]}, "https://a.test:443", "hub", ["https://a.test"]),
        (
            {"mirror_upstreams": ["other=https://registry-1.docker.io", "docker.io"]},
            "https://registry-1.docker.io:443",
            "docker.io",
            ["https://registry-1.docker.io"],
        ),
        (
            {"mirror_default": "ghcr.io", "mirror_upstreams": ["ghcr.io"]},
            "https://x.test",
            "ghcr.io",
            ["https://ghcr.io"],
        ),
        ({}, None, "docker.io", ["https://registry-1.docker.io"]),
    ],
)
def test_the_target_of_reverse_mode_is_the_default_upstream(options, reverse, default, origins):
    found = load(options, {}, reverse=reverse)
    assert found.default == default
    assert [str(origin) for origin in found.upstream(default).origins] == origins


def test_upstreams_certificates_are_checked_as_mitmproxy_does():
    egress = load({}, {}, ca="ca.pem", insecure=True).upstreams[0].egress
    assert (egress.ca, egress.insecure) == ("ca.pem", True)


def test_every_option_has_help():
    assert all(option.name.startswith("mirror_") and len(option.help) > 20 for option in OPTIONS)
