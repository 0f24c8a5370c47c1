"""The mirror's client: what it sends, what it refuses to take, how long it waits, and whom it dials."""

import asyncio
import logging

import pytest

from inspector.mirror.io.client import Client
from inspector.mirror.model import Call, Credentials, Egress, Failure, Proxy, Secret, Trouble


@pytest.fixture(autouse=True)
def _hub(names):
    names["hub.example"] = [["127.0.0.1"]]


async def test_a_call_and_its_reply(http, client, egress, serve):
    hub = await serve(http(200, b"{}", Docker_Content_Digest="sha256:aa"), tls=("hub.example",))
    hops = []
    url = hub.url("/v2/x/manifests/1?ns=%7e", "hub.example")
    reply = await client.send(Call(method="GET", url=url, egress=egress, headers=(("accept", "a/b"),)), hops)
    assert (reply.status, reply.body, reply.url) == (200, b"{}", url)
    assert ("docker-content-digest", "sha256:aa") in reply.headers
    assert reply.address == f"127.0.0.1:{hub.port}"
    [hop] = hops
    assert hop.start <= hop.connected <= hop.first_byte <= hop.end
    assert (hop.status, hop.size, hop.reused, hop.error) == (200, 2, False, None)


async def test_nothing_is_added_to_a_request_but_host(http, client, egress, serve, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    hub = await serve(http(200, Set_Cookie="a=b"))
    for _ in range(2):
        await client.send(Call(method="GET", url=hub.url("/", "hub.example"), egress=egress), [])
    assert [seen.headers for seen in hub.requests] == [{"host": f"hub.example:{hub.port}"}] * 2


async def test_connections_are_kept_and_only_for_the_same_egress(http, client, egress, serve):
    hub = await serve(http(200))
    other = Egress(upstream="other", allow=egress.allow)
    hops = []
    for each in (egress, egress, other):
        await client.send(Call(method="GET", url=hub.url("/", "hub.example"), egress=each), hops)
    assert [seen.connection for seen in hub.requests] == [1, 1, 2]
    assert [hop.reused for hop in hops] == [False, True, False]


async def test_A2_the_address_that_was_judged_is_the_one_that_is_dialled(http, client, serve, names):
    good = await serve(http(200), host="127.0.0.2")
    await serve(http(200, b"inner"), host="127.0.0.3", port=good.port)
    names["hub.example"] = [["127.0.0.2"], ["127.0.0.3"]]
    egress = Egress(upstream="hub.example", allow=("127.0.0.2",))
    url = f"http://hub.example:{good.port}/"
    reply = await client.send(Call(method="GET", url=url, egress=egress), [])
    assert reply.address == f"127.0.0.2:{good.port}"
    with pytest.raises(Failure) as failed:  # the name turned: another connection is judged anew
        await client.send(Call(method="POST", url=url, egress=egress), [])
    assert failed.value.trouble is Trouble.FORBIDDEN


async def test_A1_an_inner_realm_is_never_dialled(http, client, serve):
    inner = await serve(http(200))
    strict = Egress(upstream="hub.example")
    hops = []
    with pytest.raises(Failure) as failed:
        await client.send(Call(method="GET", url=inner.url("/token", "hub.example"), egress=strict), hops)
    assert failed.value.trouble is Trouble.FORBIDDEN
    assert inner.connections == 0
    assert hops[0].error == failed.value.sentence


async def test_an_address_that_fails_before_it_answers_makes_way_for_the_next(
    http, client, egress, serve, listen, names
):
    async def hang_up(_reader, _writer):
        return

    good = await serve(http(200, b"good"), host="127.0.0.2", tls=("hub.example",))
    await listen(hang_up, host="127.0.0.1", port=good.port)  # accepts, and ends before TLS
    names["hub.example"] = [["127.0.0.1", "127.0.0.2"]]
    hops = []
    url = good.url("/", "hub.example")
    assert (await client.send(Call(method="GET", url=url, egress=egress), hops)).body == b"good"
    assert [hop.address for hop in hops] == [f"127.0.0.1:{good.port}", f"127.0.0.2:{good.port}"]
    assert hops[0].error


@pytest.mark.parametrize("then", ["cut", "silence"])
async def test_G63_after_a_first_byte_no_other_address_is_asked(http, client, egress, serve, names, then):
    async def begin(_seen, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhi")
        if then == "silence":
            await asyncio.sleep(3600)

    first = await serve(begin, host="127.0.0.3")
    second = await serve(http(200), host="127.0.0.2", port=first.port)
    names["hub.example"] = [["127.0.0.3", "127.0.0.2"]]
    impatient = Client(stall=0.05)
    with pytest.raises(Failure) as failed:
        await impatient.send(Call(method="GET", url=first.url("/", "hub.example"), egress=egress), [])
    assert failed.value.trouble is (Trouble.PROTOCOL if then == "cut" else Trouble.TIMEOUT)
    assert (len(first.requests), second.requests) == (1, [])


async def test_a_post_is_sent_once(client, egress, serve):
    async def hang_up(_seen, _writer):
        return None

    hub = await serve(hang_up)
    with pytest.raises(Failure, match="without an answer"):
        await client.send(Call(method="POST", url=hub.url("/", "hub.example"), egress=egress, body=b"x"), [])
    assert len(hub.requests) == 1


async def test_a_kept_connection_that_has_died_is_no_failure(http, client, egress, serve):
    async def once(seen, writer):
        if seen.connection == 1 and len(hub.requests) == 2:
            return None  # hangs up on the second request
        return http(200, b"ok")

    hub = await serve(once)
    hops = []
    for _ in range(2):
        reply = await client.send(Call(method="GET", url=hub.url("/", "hub.example"), egress=egress), hops)
    assert reply.body == b"ok"
    assert [hop.error is None for hop in hops] == [True, False, True]


@pytest.mark.parametrize("told", [True, False])
async def test_C33_a_body_of_one_byte_too_much(http, client, egress, serve, told):
    body = b"x" * 101
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + body + b"\r\n0\r\n\r\n"
    hub = await serve(http(200, body) if told else chunked)
    url = hub.url("/", "hub.example")
    with pytest.raises(Failure) as failed:
        await client.send(Call(method="GET", url=url, egress=egress, most_bytes=100), [])
    assert failed.value.trouble is Trouble.TOO_LARGE
    assert (
        len((await client.send(Call(method="GET", url=url, egress=egress, most_bytes=101), [])).body) == 101
    )


async def test_C33_a_length_that_is_too_much_is_believed(client, egress, serve):
    async def promise(_seen, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n")
        await asyncio.sleep(3600)

    hub = await serve(promise)
    with pytest.raises(Failure) as failed:
        await client.send(Call(method="GET", url=hub.url("/", "hub.example"), egress=egress), [])
    assert failed.value.trouble is Trouble.TOO_LARGE


async def test_D40_a_drip_ends_at_the_deadline_and_silence_before(egress, serve):
    async def drip(_seen, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    hub = await serve(drip)
    hops = []
    client = Client(stall=0.5)
    with pytest.raises(Failure, match=r"no whole answer within 0.1 seconds") as failed:
        await client.send(
            Call(method="GET", url=hub.url("/", "hub.example"), egress=egress, deadline=0.1), hops
        )
    assert failed.value.trouble is Trouble.TIMEOUT
    assert hops[0].error

    async def silent(_seen, _writer):
        await asyncio.sleep(3600)

    hub = await serve(silent)
    client = Client(stall=0.05)
    with pytest.raises(Failure, match="it stopped answering"):
        await client.send(Call(method="GET", url=hub.url("/", "hub.example"), egress=egress), [])


async def test_for_a_blob_that_does_not_begin_nobody_waits(egress, serve):
    async def promise(_seen, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
        await asyncio.sleep(3600)

    hub = await serve(promise)
    call = Call(method="GET", url=hub.url("/", "hub.example"), egress=egress, head_only=True, deadline=2)
    assert (await Client(stall=3600).send(call, [])).status == 200


async def test_a_head_is_all_that_is_read_of_a_blob(client, egress, serve):
    ended = asyncio.Event()

    async def endless(_seen, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        finally:
            ended.set()

    hub = await serve(endless)
    call = Call(method="GET", url=hub.url("/", "hub.example"), egress=egress, head_only=True, most_bytes=10)
    reply = await client.send(call, [])
    assert (reply.status, reply.body) == (200, b"")
    async with asyncio.timeout(2):
        await ended.wait()


async def test_of_an_error_the_body_is_read_too_and_of_a_redirect_dropped(http, client, egress, serve):
    hub = await serve({"/no": http(404, b'{"errors":[]}'), "/go": http(307, b"<a>", Location="/x")})
    hops = []
    for path, body in (("/no", b'{"errors":[]}'), ("/go", b"")):
        call = Call(method="GET", url=hub.url(path, "hub.example"), egress=egress, head_only=True)
        assert (await client.send(call, hops)).body == body
    assert [hop.reused for hop in hops] == [False, True]


async def test_of_an_endless_error_only_the_beginning_is_read(http, client, egress, serve):
    async def endless(_seen, writer):
        writer.write(b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            await writer.drain()

    hub = await serve(endless)
    call = Call(method="GET", url=hub.url("/", "hub.example"), egress=egress, head_only=True)
    for number in (1, 2):
        assert (await client.send(call, [])).body == b"x" * 64 * 1024
        assert hub.connections == number


async def test_G61_no_more_calls_at_once_than_there_is_room_for(http, egress, serve, monkeypatch):
    from inspector.mirror.io import client as module

    monkeypatch.setattr(module, "MOST_AT_ONCE", 2)
    running, most = 0, 0

    async def count(_seen, _writer):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return http(200)

    hub = await serve(count)
    client = Client()
    call = Call(method="GET", url=hub.url("/", "hub.example"), egress=egress)
    await asyncio.gather(*(client.send(call, []) for _ in range(8)))
    await client.close()
    assert most == 2


async def test_E50_a_field_that_would_become_two_is_a_failure_without_its_value(http, client, egress, serve):
    hub = await serve(http(200))
    headers = (("authorization", "Bearer secret-9\r\nx: y"),)
    call = Call(method="GET", url=hub.url("/", "hub.example"), egress=egress, headers=headers)
    with pytest.raises(Failure, match="HTTP cannot carry") as failed:
        await client.send(call, [])
    assert "secret-9" not in str(failed.value)
    assert hub.requests == []


async def test_through_socks5_the_name_and_the_certificate_stay_the_hosts(http, client, ca, serve, socks):
    hub = await serve(http(200, b"ok"), tls=("far.example",))
    port, asked = await socks(login=("ada", "word"), names={"far.example": "127.0.0.1"})
    login = Credentials(username="ada", password=Secret("word"))
    proxy = Proxy(scheme="socks5", host="127.0.0.1", port=port, credentials=login)
    egress = Egress(upstream="far.example", proxy=proxy, ca=ca)
    reply = await client.send(Call(method="GET", url=hub.url("/", "far.example"), egress=egress), [])
    assert (reply.body, reply.address) == (b"ok", None)
    assert asked == [("far.example", hub.port)]


async def test_a_proxy_that_leads_elsewhere_is_named(http, client, ca, listen, socks):
    """As a trojan server does to whoever has another password: to a web server, without TLS."""

    async def web(_, writer):
        writer.write(http(400))

    port_of_web = await listen(web)
    port, _ = await socks(names={"far.example": "127.0.0.1"})
    proxy = Proxy(scheme="socks5", host="127.0.0.1", port=port)
    egress = Egress(upstream="far.example", proxy=proxy, ca=ca)
    with pytest.raises(Failure, match=r"by way of the proxy 127\.0\.0\.1$") as failed:
        await client.send(Call(method="GET", url=f"https://far.example:{port_of_web}/", egress=egress), [])
    assert failed.value.trouble in {Trouble.TLS, Trouble.CONNECT}


async def test_through_a_connect_proxy_it_sees_no_path_and_no_token(http, client, ca, serve, connect_proxy):
    hub = await serve(http(200, b"ok"), tls=("far.example",))
    port, heads = await connect_proxy(names={"far.example": "127.0.0.1"})
    egress = Egress(upstream="far.example", proxy=Proxy(scheme="http", host="127.0.0.1", port=port), ca=ca)
    headers = (("authorization", "Bearer secret-9"),)
    call = Call(method="GET", url=hub.url("/path-7", "far.example"), egress=egress, headers=headers)
    assert (await client.send(call, [])).body == b"ok"
    assert "secret-9" not in heads[0]
    assert "path-7" not in heads[0]


async def test_nothing_that_is_secret_is_logged(http, client, egress, serve, caplog):
    caplog.set_level(logging.DEBUG)
    hub = await serve(http(307, Location="https://cdn.example/?sig=secret-9", Set_Cookie="secret-9"))
    headers = (("authorization", "Bearer secret-9"),)
    url = hub.url("/?token=secret-9", "hub.example")
    await client.send(Call(method="GET", url=url, egress=egress, headers=headers), [])
    assert "secret-9" not in caplog.text
