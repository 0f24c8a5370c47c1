"""URLs: resolving, comparing, and how long a signed one lives."""

from urllib.parse import quote, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.url import (
    LONGEST,
    Parts,
    absolute,
    host_port,
    location_key,
    origin,
    same_origin,
    signed_until,
    split,
)

BASE = "https://registry.example:5000/v2/a/blobs/sha256:0?ns=docker.io"


@pytest.mark.parametrize(
    ("host", "port", "scheme", "expected"),
    [
        ("Example.COM", 443, "https", "example.com"),
        ("example.com", 80, "http", "example.com"),
        ("example.com", 80, "https", "example.com:80"),
        ("example.com", None, "https", "example.com"),
        ("example.com.", 5000, "http", "example.com:5000"),
        ("::1", 5000, "http", "[::1]:5000"),
        ("[::1]", 443, "https", "[::1]"),
        ("example.com:443", None, "https", "example.com"),
        ("[::1]:5000", None, "https", "[::1]:5000"),
    ],
)
def test_host_port(host: str, port: int | None, scheme: str, expected: str) -> None:
    assert host_port(host, port, scheme) == expected


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://cdn.example/x?a=b#part", "https://cdn.example/x?a=b"),
        ("/x", "https://registry.example:5000/x"),
        ("x", "https://registry.example:5000/v2/a/blobs/x"),
        ("../x", "https://registry.example:5000/v2/a/x"),
        ("?d=1", "https://registry.example:5000/v2/a/blobs/sha256:0?d=1"),
        ("//cdn.example/x", "https://cdn.example/x"),
        ("HTTP://cdn.example/x", "http://cdn.example/x"),
        ("http://user:pw@cdn.example/x", "http://user:pw@cdn.example/x"),
        (" https://cdn.example/x ", "https://cdn.example/x"),
        ("https://cdn.example/é", "https://cdn.example/é"),
        ("", None),
        ("  ", None),
        ("file:///etc/passwd", None),
        ("data:text/plain,x", None),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("https:///x", None),
        ("https:x", None),
        ("https://[::1/x", None),
        ("https://a b/x", None),
        ("https://cdn.example:99999/x", None),
        ("https://cdn.example:port/x", None),
        ("https://cdn.example/" + "x" * LONGEST, None),
    ],
)
def test_absolute(location: str, expected: str | None) -> None:
    assert absolute(BASE, location) == expected


def test_split() -> None:
    assert split("HTTPS://u@Host:5000/a%2F?b#c") == Parts("https", "host", 5000, "/a%2F", "b")
    assert split("/a?b") == Parts("", "", None, "/a", "b")
    assert split("https://[fe80::1%25eth0]/") == Parts("https", "[fe80::1%25eth0]", None, "/", "")
    assert split("http://[") is None


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("https://Host/a", "https://host:443/a"),
        ("https://host/a#x", "https://host/a"),
        ("https://host", "https://host/"),
        ("https://host/%7Ea", "https://host/~a"),
        ("https://host/a:b", "https://host/a%3Ab"),
        ("https://host/a b", "https://host/a%20b"),
        ("https://host/é", "https://host/%c3%a9"),
        ("https://host/x?a=b+c", "https://host/x?a=b%20c"),
        ("https://host/x?sig=a/b%3d", "https://host/x?sig=a%2Fb="),
        ("https://u:p@host/x", "https://host/x"),
        ("https://host/a/./b/../c", "https://host/a/c"),
        ("https://host/a/b/..", "https://host/a/"),
        ("https://host/../a", "https://host/a"),
        ("https://host/x?t=‹sig 3fa9c1d2›", "https://host/x?t=%E2%80%B9sig%203fa9c1d2%E2%80%BA"),
    ],
)
def test_spellings_of_one_url_have_one_key(a: str, b: str) -> None:
    assert location_key(a) == location_key(b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("https://host/a", "http://host/a"),
        ("https://host/a", "https://host:5000/a"),
        ("https://host/a", "https://host/A"),
        ("https://host/x?a=b%2Bc", "https://host/x?a=b+c"),
        ("https://host/x?a", "https://host/x?b"),
        ("https://host/a%3Fb", "https://host/a?b"),
    ],
)
def test_different_urls_have_different_keys(a: str, b: str) -> None:
    assert location_key(a) != location_key(b)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_escaping_does_not_change_the_key(text: str) -> None:
    safe = text.replace("?", "").replace("#", "").replace("%", "").replace("\\", "")
    plain = f"https://host/{safe}?q={safe.replace('+', '')}"
    escaped = f"https://host/{quote(safe, safe='')}?q={quote(safe.replace('+', ''), safe='')}"
    assert location_key(plain) == location_key(escaped)


def test_origin() -> None:
    assert origin("HTTPS://Host:443/x") == "https://host"
    assert origin("/x") == ""
    assert same_origin("https://host/a", "https://HOST:443/b")
    assert not same_origin("https://host/a", "http://host/a")
    assert not same_origin("https://host/a", "https://host:444/a")
    assert not same_origin("/a", "/a")


@pytest.mark.parametrize(
    ("query", "end"),
    [
        ("X-Amz-Date=20261124T120000Z&X-Amz-Expires=300", 1795521900.0),
        ("x-goog-date=20261124T120000Z&X-Goog-Expires=60", 1795521660.0),
        ("Expires=1795521900&Signature=x&Key-Pair-Id=y", 1795521900.0),
        ("se=2026-11-24T12%3A05%3A00Z&sig=x", 1795521900.0),
        ("se=2026-11-24T12:05Z&sig=x", 1795521900.0),
        ("verify=1795521900-abc%3D", 1795521900.0),
        ("cf_expiry=1795521900&cf_sign=x", 1795521900.0),
        ("cf_expiry=1795521999&X-Amz-Date=20261124T120000Z&X-Amz-Expires=300", 1795521900.0),
        ("X-Amz-Date=20261324T120000Z&X-Amz-Expires=300", None),
        ("X-Amz-Expires=300", None),
        ("X-Amz-Date=99991231T235959Z&X-Amz-Expires=999999999", 253402300799.0 + 999999999),
        ("Expires=never", None),
        ("se=2026-11-24T12:05:00Z", None),
        ("verify=%E2%80%B9sig%203f%E2%80%BA", None),
        ("", None),
    ],
)
def test_signed_until(query: str, end: float | None) -> None:
    assert signed_until(f"https://s3.example/x?{query}") == end


LOOSE = st.text(st.characters()) | st.lists(
    st.sampled_from(
        [
            "http",
            "https:",
            "//",
            "/",
            "[",
            "]",
            "@",
            ":",
            "?",
            "#",
            "%",
            "%zz",
            "..",
            "host",
            "99999",
            "\n",
            "\ud800",
        ]
    )
).map("".join)


@given(LOOSE, LOOSE, st.none() | st.integers())
def test_any_text_is_answered(a: str, b: str, port: int | None) -> None:
    url = absolute(a, b)
    assert url is None or (url.startswith(("http://", "https://")) and "#" not in url)
    assert location_key(location_key(a)) == location_key(a)
    assert isinstance(signed_until(a), float | None)
    assert same_origin(a, b) in {True, False}
    assert host_port(a, port, b) is not None


SEGMENTS = st.lists(st.sampled_from(["a", "b", "..", ".", "", "c:d"]), min_size=1, max_size=5).map("/".join)


@given(SEGMENTS)
def test_resolving_is_that_of_the_rfc(reference: str) -> None:
    expected = urljoin(BASE, reference)
    if reference and expected.startswith("https://registry.example"):
        assert absolute(BASE, reference) == expected
