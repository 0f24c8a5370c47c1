"""Settings from words: what is meant, and each mistake in one line with its place."""

from pathlib import Path

import pytest

from inspector.mirror.config import settings
from inspector.mirror.config_reader import Mistakes, Reader
from inspector.mirror.model import Auth, Redirects


@pytest.fixture
def build(tmp_path):
    def make(words, environ=()):
        return settings(words, Reader(".".join, dict(environ), tmp_path))

    return make


@pytest.fixture
def mistakes(build):
    def lines(words, environ=()):
        with pytest.raises(Mistakes) as caught:
            build(words, environ)
        return caught.value.lines

    return lines


HUB = {"docker.io": {}}


def test_defaults(build):
    found = build({"upstream": HUB})
    assert (found.default, found.auth, found.redirects) == ("docker.io", Auth.RELAY, Redirects.FOLLOW)
    assert (found.htpasswd, found.public, found.hosts, found.downgrade) == (None, None, (), False)
    assert found.tries > 0


def test_everything(build, tmp_path):
    (tmp_path / "users").write_text("a:$2b$04$" + "a" * 53)
    found = build(
        {
            "upstream": {"docker.io": {}, "ghcr.io": {}},
            "default": "index.docker.io", "auth": "own", "redirects": "rewrite", "hosts": ["M.Test"],
            "public": "https://m.test/", "trusted_proxies": ["10.0.0.0/8", "::1"], "htpasswd": "users",
            "http_redirects": True, "tries": 2, "pause": 0, "stall": 1.5,
        }
    )  # fmt: skip
    assert (found.default, found.hosts, found.public) == ("docker.io", ("m.test",), "https://m.test")
    assert found.trusted_proxies == ("10.0.0.0/8", "::1/128")
    assert list(found.htpasswd) == ["a"]
    assert (found.tries, found.pause, found.stall, found.downgrade) == (2, 0.0, 1.5, True)


@pytest.mark.parametrize(
    ("words", "place", "says"),
    [
        ({"auth": "relai"}, "auth", "relay, own, pass"),
        ({"redirects": 3}, "redirects", "text"),
        ({"tries": -1}, "tries", "0 to 100"),
        ({"tries": True}, "tries", "number"),
        ({"stall": "long"}, "stall", "number"),
        ({"default": "quay.io"}, "default", "docker.io"),
        ({"public": "mirror.test"}, "public", "scheme://host"),
        ({"public": "https://m.test/path"}, "public", "scheme://host"),
        ({"hosts": ["m.test:5000"]}, "hosts", "without a port"),
        ({"hosts": "m.test"}, "hosts", "list"),
        ({"trusted_proxies": ["10.0.0.1/8"]}, "trusted_proxies", "10.0.0.0/8"),
        ({"htpasswd": "nowhere"}, "htpasswd", "cannot be read"),
        ({"http_redirects": "yes"}, "http_redirects", "true or false"),
        ({"upstreams": {}}, "upstreams", "no such setting"),
        ({"upstream": []}, "upstream", "table"),
        ({"upstream": {}}, "upstream", "no upstream"),
    ],
)
def test_mistakes(mistakes, words, place, says):
    lines = mistakes({"upstream": HUB} | words)
    assert any(line.startswith(f"{place}: ") and says in line for line in lines)
    assert all("\n" not in line for line in lines)


def test_every_mistake_is_told(mistakes):
    assert len(mistakes({"upstream": HUB, "auth": "x", "tries": "y", "stall": -1})) == 3


def test_users_need_a_mirror_that_logs_in_itself(mistakes, tmp_path):
    (tmp_path / "users").write_text("a:$2b$04$" + "a" * 53)
    assert "own" in mistakes({"upstream": HUB, "htpasswd": "users"})[0]


def test_a_bad_users_file_is_told_with_its_line(mistakes, tmp_path):
    Path(tmp_path / "users").write_text("a:hunter2")
    line = mistakes({"upstream": HUB, "auth": "own", "htpasswd": "users"})[0]
    assert "line 1" in line
    assert "hunter2" not in line


def test_a_host_is_of_one_upstream(mistakes):
    tables = {"docker.io": {"hosts": ["a.test"]}, "ghcr.io": {"hosts": ["a.test"]}}
    assert "docker.io already" in mistakes({"upstream": tables, "default": "docker.io"})[0]
