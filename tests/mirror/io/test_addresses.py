"""Where the mirror may connect to, decided on the address."""

import asyncio

import pytest

from inspector.mirror.io import addresses
from inspector.mirror.model import Egress, Failure, Proxy, Trouble

STRICT = Egress(upstream="hub.example")
INNER = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "3fff::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INNER)
async def test_A1_a_name_that_resolves_inward_is_forbidden(address, names):
    names["realm.example"] = [[address]]
    with pytest.raises(Failure) as failed:
        await addresses.resolve("realm.example", 443, STRICT)
    assert failed.value.trouble is Trouble.FORBIDDEN
    assert "not allowed for hub.example" in failed.value.sentence


@pytest.mark.parametrize("address", INNER)
async def test_A1_an_inner_address_as_host_is_forbidden(address, names):
    with pytest.raises(Failure) as failed:
        await addresses.resolve(f"[{address}]" if ":" in address else address, 80, STRICT)
    assert failed.value.trouble is Trouble.FORBIDDEN


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0x7f000001", "0"])
async def test_A1_decimal_octal_and_short_forms_are_judged_as_the_address_that_they_are(host):
    with pytest.raises(Failure) as failed:  # by the system's own resolver
        await addresses.resolve(host, 80, STRICT)
    assert failed.value.trouble is Trouble.FORBIDDEN


async def test_localhost_is_forbidden_by_the_systems_own_resolver():
    with pytest.raises(Failure) as failed:
        await addresses.resolve("localhost", 80, STRICT)
    assert failed.value.sentence == "this leads to a loopback address, which is not allowed for hub.example"


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.1",
        "0x7f.1",
        "::1",
        "10.0.0.1",
        "minio",
        "minio.svc",
        "metadata.google.internal",
        "168.63.129.16",
    ],
)
async def test_A1_through_a_proxy_the_name_itself_is_judged(host, names):
    proxied = Egress(upstream="hub.example", proxy=Proxy(scheme="socks5", host="proxy", port=1080))
    with pytest.raises(Failure) as failed:
        await addresses.resolve(host, 80, proxied)
    assert failed.value.trouble is Trouble.FORBIDDEN


async def test_through_a_proxy_nothing_is_looked_up(names):
    proxied = Egress(upstream="hub.example", proxy=Proxy(scheme="socks5", host="proxy", port=1080))
    assert await addresses.resolve("hub.example", 443, proxied) == ()


@pytest.mark.parametrize(
    ("allow", "allowed"),
    [
        (("minio.svc",), True),
        (("MINIO.svc.",), True),
        (("10.0.0.0/8",), True),
        (("10.1.2.3",), True),
        (("10.1.2.4",), False),
        (("svc",), False),
        (("0.0.0.0/0",), True),
        (("::/0",), False),
    ],
)
async def test_B19_an_inner_address_is_dialled_only_where_it_is_configured(allow, allowed, names):
    names["minio.svc"] = [["10.1.2.3"]]
    egress = Egress(upstream="hub.example", allow=allow)
    if allowed:
        assert await addresses.resolve("minio.svc", 9000, egress) == ("10.1.2.3",)
    else:
        with pytest.raises(Failure):
            await addresses.resolve("minio.svc", 9000, egress)


async def test_a_mapped_address_counts_as_the_one_that_it_maps(names):
    names["minio.svc"] = [["::ffff:10.1.2.3"]]
    egress = Egress(upstream="hub.example", allow=("10.0.0.0/8",))
    assert await addresses.resolve("minio.svc", 9000, egress) == ("::ffff:10.1.2.3",)


async def test_only_the_allowed_among_several_addresses_are_dialled_and_the_families_in_turn(names):
    names["cdn.example"] = [["10.0.0.1", "8.8.8.8", "8.8.4.4", "2606:4700::1", "8.8.8.8"]]
    found = await addresses.resolve("cdn.example", 443, STRICT)
    assert found == ("8.8.8.8", "2606:4700::1", "8.8.4.4")


@pytest.mark.parametrize("host", ["nowhere.example", "a" * 64 + ".example", "..", "x\udc80.example"])
async def test_a_name_that_does_not_resolve_says_so(host, names, monkeypatch):
    if host != "nowhere.example":
        monkeypatch.undo()
    with pytest.raises(Failure) as failed:
        await addresses.resolve(host, 443, STRICT)
    assert failed.value.trouble is Trouble.NAME


async def test_a_resolver_that_never_answers_is_given_up(monkeypatch):
    async def lookup(_host, _port):
        await asyncio.sleep(3600)

    monkeypatch.setattr(addresses, "lookup", lookup)
    monkeypatch.setattr(addresses, "LOOKUP", 0.01)
    with pytest.raises(Failure, match="did not resolve in time"):
        await addresses.resolve("hub.example", 443, STRICT)
