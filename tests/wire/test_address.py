"""Host scope: where a name or an address leads, without a resolver."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.address import host_scope


@pytest.mark.parametrize(
    ("host", "scope"),
    [
        ("registry-1.docker.io", "public"),
        ("8.8.8.8", "public"),
        ("2606:4700::6810:85e5", "public"),
        ("Example.COM.", "public"),
        ("127.0.0.1", "loopback"),
        ("127.0.0.1:5000", "loopback"),
        ("[::1]:5000", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::127.0.0.1", "loopback"),
        ("2130706433", "loopback"),
        ("0x7f000001", "loopback"),
        ("0177.0.0.1", "loopback"),
        ("127.1", "loopback"),
        ("localhost", "loopback"),
        ("Foo.Localhost", "loopback"),
        ("64:ff9b::7f00:1", "loopback"),
        ("2002:7f00:1::", "loopback"),
        ("169.254.169.254", "link-local"),
        ("0xa9fea9fe", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("::ffff:a9fe:a9fe", "link-local"),
        ("10.0.0.5", "private"),
        ("172.16.0.1", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("fd00::1", "private"),
        ("[fd00::1]", "private"),
        ("224.0.0.1", "private"),
        ("0.0.0.0", "unspecified"),
        ("0", "unspecified"),
        ("::", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("", "unspecified"),
        ("registry", "single-label"),
        ("registry:5000", "single-label"),
        ("minio.svc", "internal-name"),
        ("minio.default.svc.cluster.local", "internal-name"),
        ("metadata.google.internal", "internal-name"),
        ("printer.local", "internal-name"),
        ("1.2.3.4.5", "public"),
        ("08.8.8.8", "public"),
        ("256.1.1.1", "public"),
    ],
)
def test_scope(host: str, scope: str) -> None:
    assert host_scope(host) == scope


@given(st.ip_addresses(v=4))
def test_every_spelling_of_an_address_has_one_scope(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    spellings = [
        str(number),
        hex(number),
        f"::ffff:{address}",
        f"{number >> 24}.{number & 0xFFFFFF}",
        f"{address}:443",
    ]
    assert {host_scope(text) for text in spellings} == {host_scope(str(address))}


@given(st.text(st.characters()) | st.ip_addresses().map(str))
def test_any_text_has_a_scope(host: str) -> None:
    assert host_scope(host) in {
        "public", "private", "loopback", "link-local", "unspecified", "single-label", "internal-name",
    }  # fmt: skip
