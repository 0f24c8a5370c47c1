"""What the tests of the sources share: flows made to order, and their bytes in a file."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from mitmproxy import connection, http
from mitmproxy.flow import Error
from mitmproxy.io import FlowWriter

from inspector.sources.redact import Redactor

type Fields = list[tuple[bytes, bytes]]

KEY = b"k" * 32
CAPTURES = Path(__file__).parents[3] / "shared" / "captures"


def build_flow(
    url: str = "https://registry.test/v2/",
    *,
    method: str = "GET",
    request: Fields | None = None,
    body: bytes | None = b"",
    status: int | None = 200,
    response: Fields | None = None,
    content: bytes | None = b"",
    error: str | None = None,
    http_version: bytes = b"HTTP/1.1",
    start: float = 1000.0,
) -> http.HTTPFlow:
    """An HTTP flow as mitmproxy would hold it once it is over."""
    client = connection.Client(
        peername=("192.0.2.7", 40000), sockname=("192.0.2.1", 8080), timestamp_start=start - 1
    )
    server = connection.Server(address=("registry.test", 443))
    server.peername = ("198.51.100.9", 443)
    server.timestamp_start, server.timestamp_tcp_setup, server.timestamp_tls_setup = (
        start + 0.01,
        start + 0.02,
        start + 0.03,
    )
    server.tls, server.tls_version, server.alpn = True, "TLSv1.3", b"http/1.1"
    flow = http.HTTPFlow(client, server)
    flow.request = http.Request.make(method, url, body or b"")
    flow.request.data.content = body
    flow.request.data.http_version = http_version
    host = flow.request.data.host.encode()
    flow.request.data.headers = http.Headers([(b"Host", host), *(request or [])])
    flow.request.data.timestamp_start, flow.request.data.timestamp_end = start, start + 0.001
    if status is not None:
        flow.response = http.Response.make(status)
        flow.response.data.headers = http.Headers(response or [])
        flow.response.data.content = content
        flow.response.data.timestamp_start = start + 0.5
        flow.response.data.timestamp_end = None if error else start + 0.75
    if error is not None:
        flow.error = Error(error, start + 0.8)
    return flow


@pytest.fixture
def make_flow() -> Callable[..., http.HTTPFlow]:
    return build_flow


@pytest.fixture
def redactor() -> Redactor:
    return Redactor(key=KEY)


@pytest.fixture
def new_redactor() -> Callable[..., Redactor]:
    """Redactors that give one value one pseudonym: their key is fixed."""
    return lambda level="default": Redactor(level, key=KEY)


@pytest.fixture
def saved() -> Callable[..., bytes]:
    """The bytes of a flow file with these flows."""

    def save(*flows: http.HTTPFlow) -> bytes:
        out = io.BytesIO()
        writer = FlowWriter(out)
        for flow in flows:
            writer.add(flow)
        return out.getvalue()

    return save


@pytest.fixture(scope="session")
def captures() -> list[Path]:
    """Captures of real clients, where they are at hand."""
    found = sorted(CAPTURES.glob("*.flow"))
    if not found:
        pytest.skip("no captures of real clients here")
    return found
