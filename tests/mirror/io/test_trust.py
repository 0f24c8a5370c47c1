"""Whom the mirror believes: what mitmproxy believes."""

import ssl

import pytest

from inspector.mirror.io import trust
from inspector.mirror.model import Call, Egress, Failure, Trouble


async def get(client, egress, url):
    return await client.send(Call(method="GET", url=url, egress=egress), [])


@pytest.fixture(name="hub")
async def _hub(serve, names):
    names["hub.example"] = names["other.example"] = [["127.0.0.1"]]
    return await serve(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", tls=("hub.example",))


async def test_the_configured_ca_is_trusted(client, egress, hub):
    assert (await get(client, egress, hub.url("/", "hub.example"))).status == 200


async def test_D43_another_name_than_the_certificates_is_refused(client, egress, hub):
    with pytest.raises(Failure, match=r"not valid for 'other.example'") as failed:
        await get(client, egress, hub.url("/", "other.example"))
    assert failed.value.trouble is Trouble.TLS
    assert hub.requests == []


async def test_D43_an_unknown_ca_is_refused_and_insecure_accepts_it(client, hub):
    unknown = Egress(upstream="hub.example", allow=("127.0.0.0/8",))
    with pytest.raises(Failure, match="its certificate is not accepted") as failed:
        await get(client, unknown, hub.url("/", "hub.example"))
    assert failed.value.trouble is Trouble.TLS
    insecure = Egress(upstream="hub.example", allow=("127.0.0.0/8",), insecure=True)
    assert (await get(client, insecure, hub.url("/", "other.example"))).status == 200


async def test_a_ca_file_that_is_none_says_so(client, hub):
    missing = Egress(upstream="hub.example", allow=("127.0.0.0/8",), ca="/nowhere/ca.pem")
    with pytest.raises(Failure, match="the configured CA file cannot be read"):
        await get(client, missing, hub.url("/", "hub.example"))


def test_cas_without_key_usage_are_accepted_as_mitmproxy_does():
    made = trust.context()
    assert not made.verify_flags & getattr(ssl, "VERIFY_X509_STRICT", 0x20)
    assert made.verify_mode is ssl.CERT_REQUIRED
    assert made.check_hostname
    assert made.minimum_version is ssl.TLSVersion.TLSv1_2


async def test_D45_http_where_https_is_expected(client, egress, names, listen):
    async def plain(reader, writer):
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request")
        await writer.drain()

    names["hub.example"] = [["127.0.0.1"]]
    with pytest.raises(Failure, match="no TLS is spoken there") as failed:
        await get(client, egress, f"https://hub.example:{await listen(plain)}/")
    assert failed.value.trouble is Trouble.TLS


async def test_D45_what_answers_nothing_to_a_handshake_is_given_up(client, egress, names, listen):
    names["hub.example"] = [["127.0.0.1"]]
    port = await listen(lambda reader, _: reader.read())
    call = Call(method="GET", url=f"https://hub.example:{port}/", egress=egress, connect=0.05)
    with pytest.raises(Failure, match="its TLS handshake does not end") as failed:
        await client.send(call, [])
    assert failed.value.trouble is Trouble.TIMEOUT
