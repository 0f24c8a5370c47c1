"""The callables that mitmproxy calls with each piece of a body: they never raise and never end a body early."""

import pytest
from mitmproxy import http
from mitmproxy.test import tflow

from inspector.recorder.hashing import BodyHash, Hasher
from inspector.recorder.stream import BodyStream, Streams, keeps_document


def stream(inner=None) -> BodyStream:
    return BodyStream(BodyHash(Hasher()), None, inner)


def test_pieces_pass_unchanged_and_nothing_is_an_empty_list() -> None:
    call = stream()
    assert call(b"abc") == b"abc"
    assert call(b"") == []  # b"" would end a chunked body


async def test_an_empty_frame_in_the_middle_is_not_the_end() -> None:
    call = stream()
    for piece in (b"abc", b"", b"def"):
        call(piece)
    cut = await call.finish()
    assert (cut.size, cut.complete) == (6, False)


@pytest.mark.parametrize(
    "inner", [lambda d: d, lambda d: [d], lambda d: iter([d, b""]), lambda d: (d[:1], b"", d[1:])]
)
def test_what_another_addon_returns_is_passed_on_without_empty_pieces(inner) -> None:
    call = stream(inner)
    given = call(b"abc")
    assert b"".join([given] if isinstance(given, bytes) else given) == b"abc"
    assert call(b"") == []


async def test_a_callable_of_another_addon_that_fails_costs_a_line_and_no_byte(caplog) -> None:
    def inner(_: bytes) -> bytes:
        raise ValueError("secret text")

    call = stream(inner)
    assert [call(b"abc"), call(b"def")] == [b"abc", b"def"]
    assert len(caplog.records) == 1
    assert "secret text" not in caplog.text


async def test_a_hash_that_fails_costs_the_digest_and_no_byte(monkeypatch, caplog) -> None:
    call = stream()
    monkeypatch.setattr(call.body, "feed", lambda *_: 1 / 0)
    assert [call(b"abc"), call(b"def"), call(b"")] == [b"abc", b"def", []]
    assert await call.finish() is None
    assert len(caplog.records) == 1


async def test_a_body_that_was_never_streamed_is_unknown() -> None:
    assert await stream().finish() is None


async def test_an_empty_body_is_known_to_be_empty() -> None:
    call = stream()
    call(b"")
    facts = await call.finish()
    assert (facts.size, facts.complete) == (0, True)


def response(status: int, **headers: str) -> http.Response:
    made = http.Response.make(status, b"")
    made.headers.clear()
    made.headers.update({key.replace("_", "-"): value for key, value in headers.items()})
    return made


def request(path: str, method: str = "GET") -> http.Request:
    return http.Request.make(method, f"https://registry.test{path}")


BLOB = "/v2/a/b/blobs/sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("path", "answer", "kept"),
    [
        ("/v2/a/b/manifests/latest", response(200, content_type="application/octet-stream"), True),
        ("/v2/a/b/manifests/latest", response(200, content_length=str(5 << 20)), False),
        (BLOB, response(200, content_type="application/json"), False),
        (BLOB, response(404, content_type="application/json"), True),
        ("/data?verify=1", response(200, content_type="application/octet-stream"), False),
        ("/data?verify=1", response(403, content_type="application/xml"), True),
        ("/token?service=s", response(200, content_type="application/json; charset=utf-8"), True),
        ("/token?service=s", response(200), True),
        ("/v2/a/b/tags/list", response(200, content_type="text/plain"), True),
    ],
)
def test_documents_are_kept_and_blobs_are_not(path: str, answer: http.Response, kept: bool) -> None:
    assert keeps_document(request(path), answer) is kept


@pytest.mark.parametrize(
    ("method", "path", "headers", "streamed"),
    [
        ("PATCH", "/v2/a/b/blobs/uploads/1", {}, True),
        ("PUT", "/v2/a/b/blobs/uploads/1?digest=x", {"content-length": "5"}, True),
        ("PUT", "/v2/a/b/manifests/1", {"content-length": "500"}, False),
        ("PUT", "/v2/a/b/manifests/1", {"content-length": str(2 << 20)}, True),
        ("POST", "/token", {"content-type": "application/x-www-form-urlencoded"}, False),
        ("POST", "/anything", {"transfer-encoding": "chunked"}, True),
        ("GET", "/v2/", {}, False),
    ],
)
def test_uploads_are_streamed_and_small_requests_are_not(
    method: str, path: str, headers, streamed: bool
) -> None:
    flow = tflow.tflow()
    flow.request = request(path, method)
    flow.request.headers.clear()
    flow.request.headers.update(headers)
    Streams().request_head(flow)
    assert bool(flow.request.stream) is streamed


def test_a_request_that_an_addon_has_answered_is_not_streamed() -> None:
    flow = tflow.tflow(resp=True)
    flow.request = request("/v2/a/b/blobs/uploads/1", "PATCH")
    Streams().request_head(flow)  # mitmproxy would crash on both at once
    assert not flow.request.stream


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304), ("GET", 101), ("CONNECT", 200)]
)
def test_an_answer_without_a_body_is_left_alone(method: str, status: int) -> None:
    flow = tflow.tflow()
    flow.request, flow.response = request("/v2/", method), response(status)
    streams = Streams()
    streams.response_head(flow)
    assert not flow.response.stream
    assert len(streams) == 0


def test_progress_tells_of_large_bodies_under_way() -> None:
    streams = Streams()
    for size in (100, 5_000_000):
        flow = tflow.tflow()
        flow.response = response(200)
        flow.response.headers["content-length"] = str(size)
        streams.response_head(flow)
        flow.response.stream(b"x" * 50)
    assert [(received, expected) for _, received, expected in streams.progress(1_000_000)] == [
        (50, 5_000_000)
    ]
