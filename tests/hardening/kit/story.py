"""Flows to order: what one client and its registry, token service and CDN said to one another.

Knows: mitmproxy's flows. Must not know: what should be told of them.
"""

import base64
import hashlib
import json
from typing import Any

from mitmproxy import connection, http
from mitmproxy.flow import Error

REGISTRY, AUTH, CDN = "https://registry.example.com", "https://auth.example.com", "https://cdn.example.com"
IMAGE = "team/app"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"

type Fields = dict[str, str] | list[tuple[bytes, bytes]]


def sha(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def fields(given: Fields | None) -> http.Headers:
    if isinstance(given, list):
        return http.Headers(given)
    return http.Headers(
        [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in (given or {}).items()]
    )


class Story:
    """Flows of one client, one after another, each a tenth of a second after the last."""

    def __init__(self, client: str = "192.0.2.7", agent: str = "docker/27.0.1") -> None:
        self.now, self.client, self.agent, self.flows = 1_790_000_000.0, client, agent, []

    def ask(
        self,
        url: str,
        status: int | None = 200,
        give: Fields | None = None,
        content: bytes | None = b"",
        *,
        method: str = "GET",
        send: Fields | None = None,
        body: bytes | None = b"",
        error: str | None = None,
        took: float = 0.05,
    ) -> http.HTTPFlow:
        self.now += 0.1
        client = connection.Client(
            peername=(self.client, 40000), sockname=("192.0.2.1", 8080), timestamp_start=self.now
        )
        server = connection.Server(address=("h.example.com", 443))
        server.peername, server.timestamp_start = ("198.51.100.9", 443), self.now + 0.01
        server.timestamp_tcp_setup, server.timestamp_tls_setup = self.now + 0.002, self.now + 0.003
        flow = http.HTTPFlow(client, server)
        flow.request = http.Request.make(method, url)
        flow.request.data.content = body
        host = flow.request.data.host.encode() + (
            b"" if flow.request.port in (80, 443) else b":%d" % flow.request.port
        )
        flow.request.data.headers = http.Headers([(b"Host", host), (b"User-Agent", self.agent.encode())])
        for name, value in fields(send).fields:
            flow.request.data.headers.add(name, value)
        flow.request.data.timestamp_start, flow.request.data.timestamp_end = self.now, self.now + 0.001
        if status is not None:
            flow.response = http.Response.make(status)
            flow.response.data.headers, flow.response.data.content = fields(give), content
            flow.response.data.timestamp_start = self.now + took / 2
            flow.response.data.timestamp_end = None if error else self.now + took
        if error is not None:
            flow.error = Error(error, self.now + took)
        self.now += took
        self.flows.append(flow)
        return flow

    # -- the usual turns of a pull -----------------------------------------------------------------------------------

    def challenge(self, value: str | None = None, *, path: str = "/v2/", **more: Any) -> http.HTTPFlow:
        line = value or f'Bearer realm="{AUTH}/token",service="registry.example.com"'
        return self.ask(f"{REGISTRY}{path}", 401, {"WWW-Authenticate": line}, **more)

    def token(
        self, answer: dict[str, Any] | bytes | None = None, status: int = 200, **more: Any
    ) -> http.HTTPFlow:
        content = answer if isinstance(answer, bytes) else json.dumps(answer or {"token": bearer()}).encode()
        url = f"{AUTH}/token?service=registry.example.com&scope=repository:{IMAGE}:pull"
        return self.ask(url, status, {"Content-Type": "application/json"}, content, **more)

    def manifest(
        self, data: bytes, *, tag: str = "latest", auth: str | None = None, **more: Any
    ) -> http.HTTPFlow:
        give = {
            "Content-Type": MANIFEST_TYPE,
            "Docker-Content-Digest": sha(data),
            "Content-Length": str(len(data)),
        }
        send = {"Authorization": f"Bearer {auth or bearer()}"}
        return self.ask(
            f"{REGISTRY}/v2/{IMAGE}/manifests/{tag}",
            200,
            give | more.pop("give", {}),
            data,
            send=send,
            **more,
        )

    def blob(self, data: bytes, *, digest: str | None = None, **more: Any) -> http.HTTPFlow:
        give = {"Content-Type": "application/octet-stream", "Content-Length": str(len(data))} | more.pop(
            "give", {}
        )
        send = {"Authorization": f"Bearer {bearer()}"} | more.pop("send", {})
        url = f"{REGISTRY}/v2/{IMAGE}/blobs/{digest or sha(data)}"
        return self.ask(url, more.pop("status", 200), give, more.pop("content", data), send=send, **more)


def bearer(**claims: Any) -> str:
    """A JWT, unsigned; by default one that grants the pull."""
    granted = {
        "access": [{"type": "repository", "name": IMAGE, "actions": ["pull"]}],
        "exp": 1_790_003_600,
    } | claims
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "RS256"}, granted)
    ]
    return ".".join([*parts, "c2lnbmF0dXJl" * 4])


def image(*layers: bytes, config: bytes = b'{"os":"linux","architecture":"amd64"}') -> bytes:
    """A manifest of these blobs."""
    kind = "application/vnd.oci.image"
    entry = {"mediaType": f"{kind}.config.v1+json", "digest": sha(config), "size": len(config)}
    rows = [
        {"mediaType": f"{kind}.layer.v1.tar+gzip", "digest": sha(one), "size": len(one)} for one in layers
    ]
    return json.dumps(
        {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": entry, "layers": rows}
    ).encode()
