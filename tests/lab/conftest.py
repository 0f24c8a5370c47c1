"""A hub to ask, and a way to ask it directly: no proxy between, TLS checked against the hub's own CA."""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from inspector.lab.content import Repository, demo_repository
from inspector.lab.hub import AUTH, REGISTRY, Hub


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Asker:
    """Sends single requests to the hosts of one hub."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.context = ssl.create_default_context(cafile=hub.ca_file)

    def __call__(
        self,
        host: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        body: bytes | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection(host)
        plain = socket.create_connection(self.hub.addresses[host], timeout=10)
        connection.sock = self.context.wrap_socket(plain, server_hostname=host)
        try:
            connection.request(method, path, body=body, headers=dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def bearer(self, repository: str = "demo/app") -> dict[str, str]:
        """The Authorization field with a fresh token for the repository."""
        token = self(AUTH, f"/token?service={REGISTRY}&scope=repository:{repository}:pull").json["token"]
        return {"Authorization": f"Bearer {token}"}


@pytest.fixture(name="repository", scope="session")
def fixture_repository() -> Repository:
    return demo_repository()


@pytest.fixture(name="hub")
def fixture_hub(repository: Repository) -> Iterator[Hub]:
    with Hub(repositories=[repository]) as hub:
        yield hub


@pytest.fixture(name="ask")
def fixture_ask(hub: Hub) -> Asker:
    return Asker(hub)
