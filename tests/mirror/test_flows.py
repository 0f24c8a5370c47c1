"""Flows to requests and back. On real sockets: tests/addons/test_mirror.py."""

import json

import pytest
from mitmproxy.test import tflow

from inspector.mirror.flows import Flows, request_of


@pytest.fixture(autouse=True)
def drain(monkeypatch):
    """Nobody here tells the end of a flow, so closing waits for it."""
    monkeypatch.setattr("inspector.mirror.flows.DRAIN", 0.05)


@pytest.fixture
def flow():
    made = tflow.tflow()
    made.request.path = "/healthz"
    made.request.headers["host"] = "mirror.test"
    made.request.headers.pop("content-length", None)
    return made


def test_a_request_is_taken_as_it_came(flow):
    flow.request.headers.add("X-A", "1")
    flow.request.headers.add("x-a", "2")
    got = request_of(flow)
    assert (got.method, got.target, got.peer) == ("GET", "/healthz", "127.0.0.1")
    assert [value for name, value in got.headers if name == "x-a"] == ["1", "2"]
    assert not got.absolute


def test_51_an_authority_in_http_1_is_an_absolute_target(flow):
    flow.request.http_version = "HTTP/1.1"
    flow.request.authority = "evil.test"
    assert request_of(flow).absolute
    flow.request.http_version = "HTTP/2.0"
    assert not request_of(flow).absolute


async def test_an_answer_of_the_mirrors_own(settings, flow):
    flows = Flows(settings())
    flows.requestheaders(flow)
    await flows.request(flow)
    assert flow.response.content == b"ok\n"
    await flows.close()


async def test_a_refusal_of_a_head_has_no_body(settings, flow):
    flows = Flows(settings())
    flow.request.method, flow.request.path = "HEAD", "/nothing"
    flows.requestheaders(flow)
    await flows.request(flow)
    assert flow.response.status_code == 404
    assert (flow.response.raw_content, int(flow.response.headers["content-length"]) > 0) == (b"", True)
    await flows.close()


@pytest.mark.parametrize(
    "fields",
    [
        {"content-length": "70000"},
        {"content-length": "x"},
        {"content-length": "9" * 5000},
        {"transfer-encoding": "chunked"},
    ],
)
async def test_38_a_body_that_nobody_needs_is_refused_at_once(settings, flow, fields):
    flows = Flows(settings())
    flow.request.headers.update(fields)
    flows.requestheaders(flow)
    assert flow.response.status_code == 405
    await flows.request(flow)
    assert flow.response.status_code == 405


@pytest.mark.parametrize(
    ("method", "path", "coding", "taken"),
    [
        ("POST", "/token", "chunked", True),
        ("POST", "/token/ghcr.io?x=y", "Chunked ", True),
        ("POST", "/token", "gzip, chunked", False),
        ("GET", "/token", "chunked", False),
        ("POST", "/tokens", "chunked", False),
        ("POST", "/v2/a/blobs/uploads/", "chunked", False),
    ],
)
async def test_a_form_for_the_token_endpoint_may_come_in_chunks(settings, flow, method, path, coding, taken):
    """So podman, skopeo and buildah send an identity token."""
    flow.request.method, flow.request.path = method, path
    flow.request.headers["transfer-encoding"] = coding
    Flows(settings()).requestheaders(flow)
    assert (flow.response is None) == taken


async def test_an_error_of_the_mirrors_own_is_an_answer_and_quotes_nothing(
    settings, flow, caplog, monkeypatch
):
    flows = Flows(settings())

    async def broken(*_):
        raise RuntimeError("hunter2")

    monkeypatch.setattr(flows._mirror, "handle", broken)
    await flows.request(flow)
    assert (flow.response.status_code, json.loads(flow.response.content)["errors"][0]["code"]) == (
        500,
        "UNKNOWN",
    )
    assert "RuntimeError" in caplog.text
    assert "hunter2" not in caplog.text


async def test_62_who_comes_while_it_stops_is_told_to_come_again(settings, flow):
    flows = Flows(settings())
    await flows.close()
    flows.requestheaders(flow)
    assert (flow.response.status_code, flow.response.headers["retry-after"]) == (503, "5")
