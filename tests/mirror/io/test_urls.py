"""URLs that the mirror asks: kept byte for byte, or refused."""

import pytest

from inspector.mirror.io import urls
from inspector.mirror.model import Failure, Trouble

BASE = "https://hub.example/v2/library/alpine/blobs/sha256:aa"


def test_a_signed_url_goes_out_byte_for_byte():
    target = "/b/sha256%3aAA?X-Amz-Signature=aB%2f%2F+~'|{}&x=%e4&y"
    found = urls.place("https://CDN.example:443" + target + "#frag")
    assert (found.scheme, found.host, found.port, found.target) == ("https", "cdn.example", 443, target)
    assert found.authority == "cdn.example"


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/other?x=1", "https://hub.example/other?x=1"),
        ("//cdn.example/x", "https://cdn.example/x"),
        ("sha256:bb", None),  # a scheme, RFC 3986 section 4.2
        ("./sha256:bb", "https://hub.example/v2/library/alpine/blobs/sha256:bb"),
        ("https://cdn.example/x#part", "https://cdn.example/x"),
        ("HTTP://cdn.example:8080/x", "http://cdn.example:8080/x"),
        ("https://cdn.example", "https://cdn.example/"),
        ("https://cdn.example?x=1", "https://cdn.example/?x=1"),
        ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443/x"),
        ("https://cdn.example/ä b?ö", "https://cdn.example/%C3%A4%20b?%C3%B6"),
        ("https://cdn.example/" + b"\xe4".decode("utf-8", "surrogateescape"), "https://cdn.example/%E4"),
        ("", None),
        ("https:///x", None),
        ("https://user:word@cdn.example/x", None),
        ("https://@cdn.example/x", None),
        ("file:///etc/passwd", None),
        ("data:text/plain,x", None),
        ("ftp://cdn.example/x", None),
        ("https://cdn.example:99999/x", None),
        ("https://cdn.example:0/x", None),
        ("https://bücher.example/x", None),
        ("https://cdn..example/x", None),
        ("https://cdn.example\\@evil.example/x", None),
        ("https://cdn.example/x\r\nset-cookie: a", None),
        ("https://cdn.example/\x00", None),
        ("/x\r\nset-cookie: a", None),  # urllib would leave the line break out
        ("/x\ty", None),
        ("https://cdn.example/" + "x" * 16 * 1024, None),
        ("https://[::1/x", None),
    ],
)
def test_B17_a_location_is_resolved_or_refused(location, url):
    assert urls.located(BASE, location) == url


def test_a_url_that_cannot_be_asked_fails_without_being_shown():
    with pytest.raises(Failure) as failed:
        urls.required("https://user:word@hub.example/?sig=abc")
    assert failed.value.trouble is Trouble.REDIRECT
    assert str(failed.value) == "hub.example: this is no http or https URL that can be asked"
