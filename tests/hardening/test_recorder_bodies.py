"""hardening.md, part D, from files: what is told of bodies and connections that did not come as they should."""

import gzip

import pytest
from kit.story import AUTH, IMAGE, REGISTRY, Story, bearer, image

from inspector.core.events import Trouble
from inspector.recorder.connections import failed_flow
from inspector.sources.metadata import FailedFacts

LAYER = b"layer " * 1000
SHORT = "HTTP/1 protocol error: peer closed connection without sending complete message body (received 600 bytes, expected 6000)"


def pulling(*layers: bytes) -> Story:
    story = Story()
    story.challenge()
    story.token()
    story.manifest(image(*(layers or (LAYER,))))
    story.blob(b'{"os":"linux","architecture":"amd64"}')
    return story


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({"Content-Length": "6000"}, SHORT),
        ({"Transfer-Encoding": "chunked"}, "HTTP/1 protocol error: peer closed connection without sending complete message body (incomplete chunked read)"),
        ({"Content-Length": "6000"}, "peer closed connection"),
        ({"Content-Length": "6000"}, "stream reset by client (CANCEL)"),
        ({"Content-Length": "6000"}, "HTTP/2 connection closed: <ConnectionTerminated error_code:0, last_stream_id:1, additional_data:None>"),
    ],
)  # fmt: skip
def test_D36_a_body_that_is_cut_is_told_as_cut(told, headers, error):
    story = pulling()
    flow = story.blob(LAYER, content=LAYER[:600], error=error)
    flow.server_conn.alpn = b"h2" if "reset" in error or "HTTP/2" in error else b"http/1.1"
    flow.response.headers.pop("content-length", None)
    for name, value in headers.items():
        flow.response.headers[name] = value
    seen = told(*story.flows)
    assert seen.found("body-truncated")
    assert seen.exchanges[-1]["error"]
    assert seen.exchanges[-1]["verified"] is not True
    assert seen.pulls[0]["outcome"] == "failed"


def test_D36_a_cut_that_the_client_resumes_is_no_failure(told):
    story = pulling()
    story.blob(LAYER, content=LAYER[:600], error=SHORT)
    story.blob(
        LAYER,
        status=206,
        content=LAYER[600:],
        send={"Range": "bytes=600-"},
        give={"Content-Range": "bytes 600-5999/6000", "Content-Length": "5400"},
    )
    assert told(*story.flows).pulls[0]["outcome"] == "complete"


def test_D37_a_200_that_promises_bytes_and_sends_none_is_a_finding(told):
    story = pulling()
    story.blob(LAYER, content=b"")
    seen = told(*story.flows)
    assert {"body-truncated", "size-mismatch", "digest-mismatch"} & seen.findings.keys()
    assert seen.exchanges[-1]["verified"] is not True


@pytest.mark.parametrize(
    "fields",
    [
        [(b"Content-Length", b"5")], [(b"Content-Length", b"-1")], [(b"Content-Length", b"6000"), (b"Content-Length", b"5")],
        [(b"Content-Length", b"6000"), (b"Transfer-Encoding", b"chunked")], [(b"Content-Length", b"9" * 5000)], [(b"Content-Length", "٣".encode())],
        [(b"Content-Length", b"+6000")], [(b"Content-Length", b"")],
    ],
)  # fmt: skip
def test_D38_a_length_that_is_none_is_told(told, fields):
    story = pulling()
    flow = story.blob(LAYER)
    flow.response.headers.pop("content-length")
    for name, value in fields:
        flow.response.headers.add(name, value)
    assert told(*story.flows).exchanges[-1]["size"] == len(LAYER)


RANGES = {
    "ignored": (200, {"Content-Length": "6000"}, LAYER),
    "another": (206, {"Content-Range": "bytes 0-99/6000", "Content-Length": "100"}, LAYER[:100]),
    "refused": (416, {"Content-Range": "bytes */6000", "Content-Length": "0"}, b""),
    "multipart": (206, {"Content-Type": "multipart/byteranges; boundary=x", "Content-Length": "3"}, b"--x"),
    "of no size": (206, {"Content-Range": "bytes 600-5999/*", "Content-Length": "5400"}, LAYER[600:]),
    "nonsense": (206, {"Content-Range": "bytes 9-1/x", "Content-Length": "1"}, b"x"),
    "huge": (206, {"Content-Range": "bytes 0-" + "9" * 4000 + "/9", "Content-Length": "1"}, b"x"),
}


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        *((kind, "bytes=600-") for kind in RANGES),
        *(("ignored", odd) for odd in ("bytes=-5", "bytes=1-2,4-5", "lines=1-", "bytes=9-1")),
    ],
)
def test_D39_a_range_is_never_called_wrong_content(told, kind, asked):
    story = pulling()
    story.blob(LAYER, content=LAYER[:600], error=SHORT)
    status, give, content = RANGES[kind]
    story.blob(LAYER, status=status, give=give, content=content, send={"Range": asked, "If-Range": '"old"'})
    seen = told(*story.flows)
    assert "digest-mismatch" not in seen.findings
    if (kind, asked) == ("ignored", "bytes=600-"):
        assert seen.found("range-ignored")
    if (kind, asked) == ("refused", "bytes=600-"):
        assert seen.found("range-refused")


def test_D40_a_server_that_falls_silent_is_a_finding(told):
    story = pulling()
    story.blob(LAYER, content=LAYER[:600], error="Client disconnected.", took=100.0)
    assert {"stalled", "body-truncated"} & told(*story.flows).findings.keys()


def test_D42_two_host_fields_are_told_by_the_first(told):
    story = pulling()
    flow = story.blob(LAYER)
    flow.request.headers.add(b"Host", b"evil.example.net")
    assert told(*story.flows).exchanges[-1]["host"] == "registry.example.com"


SERVERS = [
    "Certificate verify failed: certificate has expired", "Certificate verify failed: hostname mismatch",
    "Certificate verify failed: self-signed certificate", "Certificate verify failed: unable to get local issuer certificate",
]  # fmt: skip


def failure(
    story: Story, trouble: Trouble, message: str, host: str = "registry.example.com", alert: int | None = None
) -> None:
    client = story.challenge().client_conn
    story.flows.pop()
    facts = FailedFacts(trouble=trouble, host=host, port=443, message=message, alert=alert)
    story.flows.append(failed_flow(client, facts, story.now))


@pytest.mark.parametrize("message", SERVERS)
def test_D43_a_servers_certificate_that_does_not_do_is_a_finding(told, message):
    story = Story()
    failure(story, Trouble.SERVER_TLS, message)
    assert "registry.example.com" in told(*story.flows).found("tls-upstream-invalid")["summary"]


def test_D43_a_client_that_does_not_trust_the_ca_comes_first_in_the_story(told):
    story = Story()
    failure(
        story,
        Trouble.CLIENT_TLS,
        "The client does not trust the proxy's certificate (tlsv1 alert unknown ca)",
        alert=48,
    )
    seen = told(*story.flows)
    assert seen.found("tls-ca-not-trusted")
    first = next(line for line in seen.text.splitlines() if line.strip())
    assert "tls-ca-not-trusted" in seen.text.split("\n\n")[0] or "✘" in first


def test_D44_the_address_that_was_dialled_is_told(told):
    story = Story()
    failure(story, Trouble.CONNECT, "[Errno 110] Connect call failed ('2001:db8::1', 443, 0, 0)")
    assert "2001:db8::1" in str(told(*story.flows).found("connect-failed")["evidence"])


@pytest.mark.parametrize(
    "message", ["The remote server does not speak TLS.", "the client spoke plain HTTP where TLS was due"]
)
def test_D45_http_in_the_place_of_tls_is_a_finding(told, message):
    story = Story()
    failure(story, Trouble.PLAIN_HTTP, message)
    assert told(*story.flows).found("plain-http-on-tls-port")


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "gzip, identity", "GZIP"])
def test_D46_a_coding_on_a_blob_is_undone_and_a_finding(told, coding):
    packed = gzip.compress(LAYER)
    story = pulling()
    story.blob(LAYER, content=packed, give={"Content-Encoding": coding, "Content-Length": str(len(packed))})
    seen = told(*story.flows)
    assert seen.exchanges[-1]["verified"] is True
    assert "content-encoding" in seen.findings or coding == "gzip, identity"


@pytest.mark.parametrize(
    "coding", ["gzip", "br", "zstd", "deflate", "unheard-of", "gzip, gzip, gzip", "x" * 9000]
)
def test_D46_a_coding_that_is_a_lie_is_never_called_wrong_content(told, coding):
    story = pulling()
    story.blob(LAYER, content=b"\x00 not packed", give={"Content-Encoding": coding, "Content-Length": "12"})
    seen = told(*story.flows)
    assert seen.exchanges[-1]["verified"] is not True


def test_D46_a_bomb_ends(told):
    bomb = gzip.compress(gzip.compress(b"\0" * (64 << 20), 9), 9)
    story = Story()
    story.manifest(image(), give={"Content-Encoding": "gzip, gzip", "Content-Length": str(len(bomb))})
    story.flows[-1].response.data.content = bomb
    story.ask(f"{AUTH}/token?service=x", 200, {"Content-Encoding": "gzip, gzip"}, bomb)
    story.ask(
        f"{REGISTRY}/v2/{IMAGE}/manifests/x",
        404,
        {"Content-Encoding": "gzip, gzip"},
        bomb,
        send={"Authorization": f"Bearer {bearer()}"},
    )
    assert len(told(*story.flows).text) < 100_000
