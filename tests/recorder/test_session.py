"""What goes through the proxy arrives unchanged, a cut as a cut, and stands in the capture as it was."""

import asyncio
import contextlib
import gzip
import hashlib
import json
import os
import socket
import ssl

import h2.events
import pytest

from inspector.core.events import Body, ConnectionFailed, Ended, RequestHead, Side, Trouble
from inspector.sources.metadata import KEY

SECRET = "s3cr3t-canary-7f1e9b"


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def answers(head: str, body: bytes = b"", *, cut: int | None = None):
    """An origin that gives every request the same answer; ``cut``: it closes after so many bytes of the body."""

    async def handle(reader, writer) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(f"HTTP/1.1 {head}\r\n\r\n".encode())
            writer.write(body if cut is None else body[:cut])
            await writer.drain()
            if cut is not None:
                writer.close()
                return

    return handle


def served(events: list, kind: type, side: Side | None = None) -> list:
    return [e for e in events if isinstance(e, kind) and (side is None or e.side is side)]


BLOB = f"/v2/library/x/blobs/sha256:{'0' * 64}"


@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
async def test_a_blob_passes_unchanged_and_its_facts_are_recorded(proxy, serve, size: int) -> None:
    data = os.urandom(size)
    port = await serve(
        answers(f"200 OK\r\nContent-Length: {size}\r\nContent-Type: application/octet-stream", data)
    )
    await proxy.start(f"reverse:http://127.0.0.1:{port}")
    received = await proxy.get(BLOB)
    await proxy.stop()
    assert received.partition(b"\r\n\r\n")[2] == data
    (body,) = served(proxy.events(), Body, Side.SERVER)
    assert (body.size, body.sha256, body.decoded_sha256, body.complete) == (size, sha(data), sha(data), True)
    assert body.document is None
    (flow,) = proxy.flows()
    assert not flow.response.raw_content


async def test_a_manifest_is_kept_for_mitmproxys_own_readers(proxy, serve) -> None:
    manifest = json.dumps(
        {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []}
    )
    data = manifest.encode()
    port = await serve(answers(f"200 OK\r\nContent-Length: {len(data)}", data))
    seen = []

    class Later:
        def response(self, flow) -> None:
            seen.append(flow.response.raw_content)

    await proxy.start(f"reverse:http://127.0.0.1:{port}")
    proxy.master.addons.add(Later())
    await proxy.get("/v2/library/x/manifests/latest")
    await proxy.stop()
    assert seen == [data]
    assert proxy.flows()[0].response.raw_content == data
    assert served(proxy.events(), Body, Side.SERVER)[0].document == data


async def test_a_coded_manifest_has_the_hash_of_its_content_too(proxy, serve) -> None:
    data = b'{"schemaVersion": 2, "manifests": []}'
    coded = gzip.compress(data)
    port = await serve(answers(f"200 OK\r\nContent-Length: {len(coded)}\r\nContent-Encoding: gzip", coded))
    await proxy.start(f"reverse:http://127.0.0.1:{port}")
    await proxy.get("/v2/library/x/manifests/latest")
    await proxy.stop()
    (body,) = served(proxy.events(), Body, Side.SERVER)
    assert (body.sha256, body.decoded_sha256) == (sha(coded), sha(data))


@pytest.mark.parametrize("framing", ["Content-Length: 100000", "Transfer-Encoding: chunked"])
async def test_a_cut_reaches_the_client_as_a_cut_and_is_recorded_as_one(proxy, serve, framing: str) -> None:
    data = b"x" * 5000
    wire = b"1388\r\n" + data + b"\r\n" if "chunked" in framing else data
    port = await serve(answers(f"200 OK\r\n{framing}", wire, cut=len(wire)))
    await proxy.start(f"reverse:http://127.0.0.1:{port}")
    received = await proxy.get(BLOB)
    await proxy.stop()
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == wire  # short of its length, or without the last chunk
    (facts,) = served(proxy.events(), Body, Side.SERVER)
    assert (facts.size, facts.complete) == (5000, False)
    (end,) = served(proxy.events(), Ended)
    assert end.error
    assert end.side is Side.SERVER


async def test_the_first_byte_does_not_wait_for_the_last(proxy, serve) -> None:
    go = asyncio.Event()

    async def handle(reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        await go.wait()
        writer.write(b"later")

    port = await serve(handle)
    await proxy.start(f"reverse:http://127.0.0.1:{port}")
    reader, writer = await proxy.connect()
    writer.write(f"GET {BLOB} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert (await asyncio.wait_for(reader.readuntil(b"first"), 5)).endswith(b"first")
    go.set()
    assert await asyncio.wait_for(reader.readexactly(5), 5) == b"later"
    writer.close()


async def test_a_cut_over_tls_resets_the_stream_of_an_http2_client(proxy, serve, http2) -> None:
    data = b"x" * 5000
    port = await serve(answers("200 OK\r\nContent-Length: 100000", data, cut=len(data)), tls=True)
    await proxy.start("regular", connection_strategy="lazy")  # eager, the client gets the server's HTTP/1.1
    client = http2(*await proxy.tunnel(port, "h2"), client=True)
    stream = client.request(BLOB)
    end = await client.end_of(stream)
    client.writer.close()
    await proxy.stop()
    assert isinstance(end, h2.events.StreamReset)
    assert client.body(stream) == data
    assert served(proxy.events(), Body, Side.SERVER)[0].complete is False


def h2_origin(http2, body: bytes, *, length: bool, end: bool):
    """An HTTP/2 origin: one answer, with or without Content-Length, ended or cut."""

    async def handle(reader, writer) -> None:
        side = http2(reader, writer, client=False)
        request = await side.until(lambda e: isinstance(e, h2.events.RequestReceived))
        fields = [(":status", "200"), *([("content-length", str(len(body)))] if length else [])]
        side.conn.send_headers(request.stream_id, fields)
        side.conn.send_data(request.stream_id, body, end_stream=end)
        side.flush()
        await writer.drain()
        if end:
            await side.until(lambda _: False)
        writer.close()

    return handle


class OfferHttp2:
    """mitmproxy mirrors the client's ALPN; it is other addons that join HTTP/1.1 clients and HTTP/2 servers."""

    def server_connect(self, data) -> None:
        data.server.alpn_offers = [b"h2"]


@pytest.mark.parametrize("end", [True, False])
async def test_an_http2_body_without_length_is_chunked_for_an_http1_client(
    proxy, serve, http2, end: bool
) -> None:
    port = await serve(h2_origin(http2, b"hello", length=False, end=end), tls=True, alpn="h2")
    await proxy.start(f"reverse:https://localhost:{port}", addons=(OfferHttp2(),))
    received = await proxy.get(BLOB)
    await proxy.stop()
    assert b"transfer-encoding: chunked" in received.lower()
    assert received.endswith(b"5\r\nhello\r\n0\r\n\r\n" if end else b"5\r\nhello\r\n")
    (body,) = served(proxy.events(), Body, Side.SERVER)
    assert body.complete is end
    assert "transfer-encoding" not in proxy.flows()[0].response.headers  # the server did not send it


async def test_an_upload_is_streamed_and_a_form_is_not_hashed(proxy, serve) -> None:
    async def handle(reader, writer) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
        )
        await reader.readexactly(length)
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")

    layer = os.urandom(2_500_000)
    form = f"grant_type=password&username=u&password={SECRET}&service=s".encode()
    port = await serve(handle)
    await proxy.start(f"reverse:http://127.0.0.1:{port}")
    await proxy.get("/v2/a/b/blobs/uploads/1", method="PATCH", body=layer)
    await proxy.get(
        "/token", method="POST", body=form, headers="Content-Type: application/x-www-form-urlencoded\r\n"
    )
    await proxy.stop()
    upload, login = served(proxy.events(), Body, Side.CLIENT)
    assert (upload.size, upload.sha256, upload.complete) == (len(layer), sha(layer), True)
    assert login.size == len(form)
    assert sha(form).encode() not in proxy.capture.read_bytes()


async def test_secrets_are_not_in_the_capture(proxy, serve) -> None:
    token = json.dumps({"token": SECRET, "access_token": SECRET, "refresh_token": SECRET}).encode()
    location = f"https://cdn.test/x?X-Amz-Signature={SECRET}&Signature={SECRET}&sig={SECRET}&token={SECRET}"
    head = f"200 OK\r\nContent-Length: {len(token)}\r\nContent-Type: application/json\r\nSet-Cookie: s={SECRET}\r\nLocation: {location}"
    port = await serve(answers(head, token))
    await proxy.start(f"reverse:http://127.0.0.1:{port}")
    headers = f"Authorization: Bearer {SECRET}\r\nCookie: {SECRET}\r\nProxy-Authorization: Basic {SECRET}\r\n"
    await proxy.get(f"/token?service=s&scope=repository:a/b:pull&password={SECRET}", headers=headers)
    await proxy.stop()
    assert len(proxy.flows()) == 1
    assert SECRET.encode() not in proxy.capture.read_bytes()
    assert proxy.flows()[0].metadata[KEY]["redaction"] == "default"


async def test_what_is_under_way_at_the_end_is_stored_and_marked(proxy, serve) -> None:
    port = await serve(answers("200 OK\r\nContent-Length: 100", b"x" * 40))
    await proxy.start(f"reverse:http://127.0.0.1:{port}")
    reader, writer = await proxy.connect()
    writer.write(f"GET {BLOB} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    await reader.readuntil(b"x" * 40)
    await proxy.stop()
    writer.close()
    (end,) = served(proxy.events(), Ended)
    (body,) = served(proxy.events(), Body, Side.SERVER)
    assert end.cut_by_end is True
    assert (body.size, body.complete) == (40, False)


async def written(proxy) -> None:
    """Until the capture holds something."""
    while not proxy.capture.stat().st_size:  # noqa: ASYNC110 - a file has no event
        await asyncio.sleep(0.005)


def refuse(port: int, target: int) -> None:
    """A client that does not trust the proxy's CA, and says so with an alert."""
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(f"CONNECT localhost:{target} HTTP/1.1\r\n\r\n".encode())
        plain.recv(1000)
        with pytest.raises(ssl.SSLError):
            ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")


async def test_a_client_that_refuses_the_certificate_is_in_the_capture(proxy, serve) -> None:
    port = await serve(answers("200 OK\r\nContent-Length: 0"), tls=True)
    await proxy.start("regular")
    await asyncio.to_thread(refuse, proxy.port, port)
    await asyncio.wait_for(written(proxy), 5)
    await proxy.stop()
    (failed,) = proxy.events()
    assert isinstance(failed, ConnectionFailed)
    assert (failed.trouble, failed.host, failed.port) == (Trouble.CLIENT_TLS, "localhost", port)
    assert failed.alert == 48  # unknown_ca
    (flow,) = proxy.flows()
    assert flow.request.method == "CONNECT"
    assert flow.error


async def test_a_client_that_leaves_before_it_begins_tls_is_in_the_capture(proxy, serve) -> None:
    port = await serve(answers("200 OK\r\nContent-Length: 0"), tls=True)
    await proxy.start("regular")
    reader, writer = await proxy.connect()
    writer.write(f"CONNECT localhost:{port} HTTP/1.1\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await asyncio.wait_for(written(proxy), 5)
    await proxy.stop()
    (failed,) = proxy.events()
    assert (failed.trouble, failed.host, failed.alert) == (Trouble.CLIENT_CLOSED, "localhost", None)


async def test_a_client_that_only_connects_has_not_failed(proxy) -> None:
    await proxy.start("regular")
    for _ in range(3):
        _, writer = await proxy.connect()
        writer.close()
    await proxy.stop()
    assert proxy.events() == []


async def test_a_refused_connection_is_told_once(proxy) -> None:
    await proxy.start("regular")
    reader, writer = await proxy.connect()
    writer.write(b"CONNECT 127.0.0.1:9 HTTP/1.1\r\n\r\n")
    assert b" 502 " in await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await asyncio.sleep(0.05)
    await proxy.stop()
    (failed,) = proxy.events()
    assert failed.trouble is Trouble.CONNECT
    assert "redirect requests away" not in failed.message  # mitmproxy's advice is for others


async def test_a_failure_that_a_request_tells_is_not_told_again(proxy) -> None:
    await proxy.start("reverse:http://127.0.0.1:9", connection_strategy="lazy")
    received = await proxy.get("/v2/")
    await proxy.stop()
    assert b" 502 " in received
    events = proxy.events()
    assert [type(e) for e in events if isinstance(e, RequestHead | ConnectionFailed)] == [RequestHead]


async def test_a_dead_upstream_behind_an_eager_proxy_is_in_the_capture(proxy) -> None:
    await proxy.start("reverse:http://127.0.0.1:9", connection_strategy="eager")
    with contextlib.suppress(ConnectionError):
        await proxy.get("/v2/")
    await proxy.stop()
    (failed,) = proxy.events()
    assert (failed.trouble, failed.port) == (Trouble.CONNECT, 9)


async def test_a_server_that_speaks_no_tls_is_told_by_the_request_that_wanted_it(proxy, serve) -> None:
    async def handle(reader, writer) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    port = await serve(handle)
    await proxy.start("regular")
    reader, writer = await proxy.tunnel(port)
    writer.write(b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b" 502 " in await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await proxy.stop()
    events = proxy.events()
    assert [type(e) for e in events if isinstance(e, RequestHead | ConnectionFailed)] == [RequestHead]
    assert "does not speak TLS" in served(events, Ended)[0].error


async def test_flows_carry_stage_repository_and_pull_for_mitmproxys_own_tools(proxy, serve) -> None:
    port = await serve(answers("404 Not Found\r\nContent-Length: 0"))
    seen = []

    class Later:
        def response(self, flow) -> None:
            seen.append((flow.comment, flow.marked))

    await proxy.start(f"reverse:http://127.0.0.1:{port}")
    proxy.master.addons.add(Later())
    await proxy.get("/v2/library/x/manifests/latest")
    await proxy.get("/something-else")
    assert seen == [("manifest · library/x · pull 1", ":page_facing_up:"), ("", "")]


async def test_nothing_is_left_behind_by_flows_that_ended(proxy, serve) -> None:
    port = await serve(answers("200 OK\r\nContent-Length: 3", b"abc"))
    await proxy.start(f"reverse:http://127.0.0.1:{port}")
    for _ in range(5):
        await proxy.get("/v2/")
    for _ in range(100):
        if not len(proxy.session.connections):
            break
        await asyncio.sleep(0.01)
    assert (len(proxy.session._open), len(proxy.session.streams), len(proxy.session.connections)) == (0, 0, 0)


async def test_another_addons_stream_callable_is_kept(proxy, serve) -> None:
    class Upper:
        def responseheaders(self, flow) -> None:
            flow.response.stream = lambda data: data.upper()

    port = await serve(answers("200 OK\r\nContent-Length: 5", b"hello"))
    await proxy.start(f"reverse:http://127.0.0.1:{port}", addons=(Upper(),))
    received = await proxy.get(BLOB)
    await proxy.stop()
    assert received.endswith(b"HELLO")
    assert served(proxy.events(), Body, Side.SERVER)[0].sha256 == sha(b"hello")


async def test_an_answer_made_by_another_addon_is_recorded(proxy) -> None:
    class Answer:
        def request(self, flow) -> None:
            from mitmproxy import http

            flow.response = http.Response.make(200, b"made here")

    await proxy.start("reverse:http://127.0.0.1:9", addons=(Answer(),), connection_strategy="lazy")
    received = await proxy.get("/v2/")
    await proxy.stop()
    assert received.endswith(b"made here")
    assert served(proxy.events(), Body, Side.SERVER)[0].sha256 == sha(b"made here")


@pytest.mark.skipif(not os.access("/dev/full", os.W_OK), reason="no /dev/full here")
async def test_a_full_disk_stops_the_recording_and_not_the_traffic(proxy, serve, caplog) -> None:
    port = await serve(answers("200 OK\r\nContent-Length: 5", b"hello"))
    await proxy.start(f"reverse:http://127.0.0.1:{port}", registry_capture="/dev/full")
    answers_ = [await proxy.get(BLOB) for _ in range(3)]
    proxy.session.capture.flush()
    assert all(answer.endswith(b"hello") for answer in answers_)
    assert [r.getMessage() for r in caplog.records].count(proxy.session.capture.stopped) == 1


async def test_a_mistake_of_ours_costs_a_line_and_not_the_traffic(proxy, serve, caplog, monkeypatch) -> None:
    port = await serve(answers("200 OK\r\nContent-Length: 5", b"hello"))
    await proxy.start(f"reverse:http://127.0.0.1:{port}")
    for what in ("inspector.recorder.session.redacted_copy", "inspector.recorder.stream.BodyHash"):
        monkeypatch.setattr(what, lambda *_args, **_kwargs: {}["gone " + SECRET])
    assert (await proxy.get(BLOB)).endswith(b"hello")
    lines = [record.getMessage() for record in caplog.records if "could not" in record.getMessage()]
    assert len(lines) == 2
    assert not any(SECRET in line for line in lines)


async def test_mitmproxys_own_rewriting_of_bodies_still_reaches_the_client(proxy, serve) -> None:
    port = await serve(answers("200 OK\r\nContent-Length: 5", b"hello"))
    await proxy.start(f"reverse:http://127.0.0.1:{port}", modify_body=["/hello/adieu"])
    received = await proxy.get(BLOB)
    await proxy.stop()
    assert received.endswith(b"adieu")
    assert served(proxy.events(), Body, Side.SERVER)[0].size == 5
