"""Well-formed requests, and who the mirror is for this client. Numbers are those of the hardening list."""

import pytest

from inspector.mirror.model import Answer, Request
from inspector.mirror.request import header, header_all, pairs_of, read, trusted, valid_host


def test_the_mirrors_origin_is_how_the_client_reached_it(settings, request_for):
    plain = read(request_for("GET /v2/", host="Mirror.Test:5000"), settings())
    assert (plain.own, plain.host) == ("http://mirror.test:5000", "mirror.test")
    tls = read(request_for("GET /v2/", host="mirror.test", secure=True), settings())
    assert tls.own == "https://mirror.test"


def test_48_forwarded_fields_are_believed_from_trusted_proxies_only(settings, request_for):
    told = {"x_forwarded_proto": "https", "x_forwarded_host": "evil.test, pull.test"}
    believing = settings(trusted_proxies=["192.0.2.0/24"])
    assert read(request_for("GET /v2/", peer="192.0.2.9", **told), believing).own == "https://pull.test"
    assert read(request_for("GET /v2/", peer="198.51.100.9", **told), believing).own == "http://mirror.test"
    assert (
        read(request_for("GET /v2/", peer="::ffff:192.0.2.9", **told), believing).own == "https://pull.test"
    )


@pytest.mark.parametrize("value", ["javascript", "", "https, x"])
def test_48_a_forwarded_scheme_is_one_or_nothing(settings, request_for, value):
    got = read(request_for("GET /v2/", x_forwarded_proto=value), settings(trusted_proxies=["0.0.0.0/0"]))
    assert got.own == "http://mirror.test"


def test_a_configured_origin_stands_above_all(settings, request_for):
    got = read(request_for("GET /v2/", host="10.0.0.1:5000"), settings(public="https://pull.test"))
    assert got.own == "https://pull.test"


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\r\n b", "a\rb", "a\0", "\x7f"])
def test_50_a_field_that_could_end_another_is_refused(settings, request_for, error, value):
    assert error(read(request_for("GET /v2/", user_agent=value), settings()))[0] == 400
    assert not isinstance(read(request_for("GET /v2/", user_agent="a\tb"), settings()), Answer)


@pytest.mark.parametrize(
    "host", ["a b", "a/b", "a@b", "", "[::1", "a:0", "a:99999", "a\tb", "ä.test", "-a", "x" * 300]
)
def test_48_a_malformed_host_is_refused(settings, request_for, error, host):
    assert error(read(request_for("GET /v2/", host=host), settings()))[0] == 400


@pytest.mark.parametrize("host", ["a", "a.b.", "[::1]:5000", "127.0.0.1", "a_b.test:443"])
def test_hosts_that_are_ones(host):
    assert valid_host(host)


def test_48_two_hosts_and_a_differing_authority_are_refused(settings, error):
    def asked(*hosts, authority=""):
        fields = tuple(("host", host) for host in hosts)
        return read(
            Request(method="GET", target="/v2/", headers=fields, peer="", secure=True, authority=authority),
            settings(),
        )

    assert error(asked("a.test", "b.test"))[0] == 400
    assert error(asked("a.test", "a.test"))[0] == 400
    assert error(asked("a.test", authority="b.test"))[0] == 400
    assert error(asked())[0] == 400
    assert asked("a.test", authority="A.test").host == "a.test"
    assert asked(authority="a.test").host == "a.test"


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "OPTIONS", "trace"])
def test_51_methods_of_proxies_are_refused(settings, request_for, error, fields, method):
    answer = read(request_for(f"{method} /v2/"), settings())
    assert error(answer)[:2] == (405, "UNSUPPORTED")
    assert fields(answer)["allow"] == "GET, HEAD"


def test_51_an_absolute_target_is_refused(settings, error):
    request = Request(
        method="GET",
        target="/",
        headers=(("host", "a"),),
        peer="",
        secure=False,
        authority="a",
        absolute=True,
    )
    assert error(read(request, settings()))[0] == 405


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/v2/a%2fb/tags/list", 404),
        ("/v2/%2e%2e/tags/list", 404),
        ("/v2/a%00/tags/list", 404),
        ("/v2/%c0%af/tags/list", 404),
        ("*", 400),
        ("http://a/", 400),
        ("/v2/\x7f", 400),
        ("/v2/ä", 400),
        ("/v2/a b", 400),
        ("/" + "a" * 9000, 414),
    ],
)
def test_47_paths_that_hide_something_are_refused(settings, request_for, error, target, status):
    assert error(read(request_for(f"GET {target}"), settings()))[0] == status


def test_a_digests_colon_may_be_escaped(settings, request_for):
    got = read(request_for("GET /v2/a/blobs/sha256%3Aab?x=%2F"), settings())
    assert (got.path, got.query) == ("/v2/a/blobs/sha256:ab", "x=%2F")


def test_61_a_hundred_fields_are_enough(settings, request_for, error):
    many = {f"x_{n}": "y" for n in range(101)}
    assert error(read(request_for("GET /v2/", **many), settings()))[0] == 431


def test_parameters_are_bounded():
    assert pairs_of("a=1&b=&a=%20") == [("a", "1"), ("b", ""), ("a", " ")]
    assert pairs_of("&".join("a=1" for _ in range(101))) == []


def test_fields_by_name():
    headers = (("a", "1"), ("b", "2"), ("a", "3"))
    assert header(headers, "a") == "1"
    assert header_all(headers, "a") == ["1", "3"]
    assert header(headers, "c") is None


def test_peers_that_are_no_address_are_not_trusted():
    assert not trusted("", ("0.0.0.0/0",))
    assert not trusted("unix", ("::/0",))


def test_a_good_request_is_no_answer(settings, request_for):
    assert not isinstance(read(request_for("GET /v2/"), settings()), Answer)
