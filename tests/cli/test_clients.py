"""What a client finds in its environment, and which proxy was there before."""

from pathlib import Path

import pytest

from inspector.cli import _clients
from inspector.cli._clients import ParentProxy, environment_for, no_proxy, parent_proxy

BUNDLE = Path("/some/bundle.pem")
PROXY = "http://127.0.0.1:4711"


def test_every_client_finds_the_proxy_also_curl_which_reads_http_proxy_in_lower_case_only():
    got = environment_for({}, proxy=PROXY, bundle=BUNDLE)
    assert {name: got.get(name) for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")} == {
        "HTTPS_PROXY": PROXY,
        "https_proxy": PROXY,
        "HTTP_PROXY": PROXY,
        "http_proxy": PROXY,
    }


@pytest.mark.parametrize(
    "name",
    [
        "SSL_CERT_FILE",
        "CURL_CA_BUNDLE",
        "REQUESTS_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
        "GIT_SSL_CAINFO",
        "AWS_CA_BUNDLE",
        "PIP_CERT",
        "DENO_CERT",
        "CARGO_HTTP_CAINFO",
    ],
)
def test_every_variable_that_names_authorities_names_the_bundle(name):
    assert environment_for({name: "/etc/old.pem"}, proxy=PROXY, bundle=BUNDLE)[name] == str(BUNDLE)


def test_what_would_lead_past_the_proxy_goes_and_the_rest_stays():
    base = {
        "NO_PROXY": "*",
        "no_proxy": "*",
        "ALL_PROXY": "http://x",
        "all_proxy": "http://x",
        "HOME": "/h",
        "SSL_CERT_DIR": "/d",
    }
    got = environment_for(base, proxy=PROXY, bundle=BUNDLE)
    assert not {"NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"} & got.keys()
    assert (got["HOME"], got["SSL_CERT_DIR"]) == ("/h", "/d")
    assert base["NO_PROXY"] == "*", "the caller's own environment is left alone"


def test_hosts_to_leave_alone_stand_in_both_spellings():
    got = environment_for({"NO_PROXY": "*"}, proxy=PROXY, bundle=BUNDLE, direct="a.test,b.test")
    assert (got["NO_PROXY"], got["no_proxy"]) == ("a.test,b.test", "a.test,b.test")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "  "}, None),
        ({"HTTPS_PROXY": "http://proxy.test:3128"}, ParentProxy("http://proxy.test:3128", None)),
        ({"https_proxy": "proxy.test:3128/"}, ParentProxy("http://proxy.test:3128", None)),
        (
            {"HTTP_PROXY": "http://plain.test:1", "https_proxy": "http://tls.test:2"},
            ParentProxy("http://tls.test:2", None),
        ),
        ({"http_proxy": "http://plain.test"}, ParentProxy("http://plain.test:80", None)),
        ({"ALL_PROXY": "https://last.test"}, ParentProxy("https://last.test:443", None)),
        ({"HTTPS_PROXY": "http://[::1]:8080"}, ParentProxy("http://[::1]:8080", None)),
        ({"HTTPS_PROXY": "http://me:a%40b@proxy.test:3128"}, ParentProxy("http://proxy.test:3128", "me:a@b")),
        ({"HTTPS_PROXY": "http://me@proxy.test:3128"}, ParentProxy("http://proxy.test:3128", "me:")),
    ],
)
def test_the_proxy_that_was_there_before(environment, expected):
    assert parent_proxy(environment) == expected


@pytest.mark.parametrize(
    "value", ["socks5://me:secret@h:1080", "http://me:secret@h:port", "http://me:secret@", "ftp://h"]
)
def test_a_proxy_that_cannot_stay_is_refused_by_its_variable_and_without_its_password(value):
    with pytest.raises(ValueError, match="HTTPS_PROXY") as caught:
        parent_proxy({"HTTPS_PROXY": value})
    assert "secret" not in str(caught.value)


def test_the_users_exceptions_are_found_in_either_spelling():
    assert no_proxy({"no_proxy": "a"}) == "a"
    assert no_proxy({"NO_PROXY": "b", "no_proxy": ""}) == "b"
    assert no_proxy({}) == ""


def test_no_variable_is_named_twice():
    names = (*_clients.PROXY_VARIABLES, *_clients.CA_VARIABLES)
    assert len(names) == len(set(names))
