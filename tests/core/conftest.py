"""A conversation, written down exchange by exchange, for the tests of the core.

``traffic.get(url, 200, …)`` is one whole exchange; ``traffic.pulls()`` is what the engine makes of all of them.
"""

import hashlib
import json
from collections.abc import Callable

import pytest

from inspector.core.engine import Engine
from inspector.core.events import (
    Body,
    ConnectionFailed,
    Ended,
    Event,
    Headers,
    Peer,
    RequestHead,
    ResponseHead,
    Side,
    Trouble,
)
from inspector.core.pull import Pull

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

HUB = "https://registry-1.docker.io"
AUTH = "https://auth.docker.io/token"
CDN = "https://production.cloudflare.docker.com"
CHALLENGE = f'Bearer realm="{AUTH}",service="registry.docker.io"'

DOCKER = "docker/24.0.7 go/go1.20 git-commit/x kernel/6.1 os/linux arch/amd64 UpstreamClient(Docker-Client/24.0.7 \\(linux\\))"
CONTAINERD = "containerd/1.7.2"
PODMAN = "containers/5.23.1 (github.com/containers/image)"
SKOPEO = "skopeo/1.9.3"


def sha(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def descriptor(data: bytes, media_type: str, **more: object) -> dict[str, object]:
    return {"mediaType": media_type, "digest": sha(data), "size": len(data), **more}


class Image:
    """One image: an index of one platform and its attestation, a manifest, a config and layers."""

    def __init__(self, name: str = "image", layers: int = 1) -> None:
        self.config = json.dumps({"name": name}).encode()
        self.layers = [f"{name} layer {n}".encode() * 9 for n in range(layers)]
        described = [descriptor(layer, LAYER) for layer in self.layers]
        self.manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": descriptor(self.config, CONFIG),
                "layers": described,
            }
        ).encode()
        platform = {"os": "linux", "architecture": "amd64"}
        proof = {
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
        }
        entries = [
            descriptor(self.manifest, MANIFEST, platform=platform),
            descriptor(b"proof", MANIFEST, **proof),
        ]
        self.index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()


class Traffic:
    """Events in the making. Every exchange takes 10 ms; ``at`` sets the clock."""

    sha = staticmethod(sha)

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.time = 1000.0
        self.ua: str | None = DOCKER
        self.address = "10.0.0.1"
        self._count = 0

    def send(
        self,
        method: str,
        url: str,
        status: int | None,
        *,
        body: bytes | None = b"",
        kind: str | None = None,
        headers: dict[str, str] | None = None,
        token: str | None = None,
        sent: bytes | None = None,
        request: dict[str, str] | None = None,
        error: str | None = None,
        side: Side | None = None,
        connection: str | None = None,
        at: float | None = None,
        taking: float = 0.01,
        end: bool = True,
        document: bool = True,
    ) -> str:
        self._count += 1
        ident = f"e{self._count}"
        start = self.time if at is None else at
        self.time = max(self.time, start + taking)
        asked: list[tuple[str, str]] = list((request or {}).items())
        asked += [("user-agent", self.ua)] if self.ua else []
        asked += [("authorization", f"Bearer {token}")] if token else []
        peer = Peer(address=self.address, port=4000 + self._count, connection=connection or f"c{self._count}")
        host = url.split("/")[2]
        head = RequestHead(
            id=ident,
            time=start,
            method=method,
            url=url,
            host=host,
            http_version="HTTP/1.1",
            headers=tuple(asked),
            client=peer,
        )
        self.events.append(head)
        if sent is not None:
            self.events.append(self._body(ident, Side.CLIENT, sent, complete=True, document=True))
        if status is not None:
            given: Headers = tuple((k.replace("_", "-"), v) for k, v in (headers or {}).items())
            given += (("content-type", kind),) if kind else ()
            self.events.append(
                ResponseHead(
                    id=ident, time=start + taking / 2, status=status, http_version="HTTP/1.1", headers=given
                )
            )
            if body is not None and method != "HEAD":
                self.events.append(
                    self._body(ident, Side.SERVER, body, complete=error is None, document=document)
                )
        if end:
            self.events.append(Ended(id=ident, time=start + taking, error=error, side=side))
        return ident

    @staticmethod
    def _body(ident: str, side: Side, data: bytes, *, complete: bool, document: bool) -> Body:
        digest = hashlib.sha256(data).hexdigest()
        return Body(
            id=ident,
            side=side,
            size=len(data),
            sha256=digest,
            decoded_size=len(data),
            decoded_sha256=digest,
            complete=complete,
            document=data if document else None,
        )

    def get(self, url: str, status: int | None, **more: object) -> str:
        return self.send("GET", url, status, **more)  # type: ignore[arg-type]

    def head(self, url: str, status: int | None, **more: object) -> str:
        return self.send("HEAD", url, status, **more)  # type: ignore[arg-type]

    def ping(self, registry: str = HUB, challenge: str = CHALLENGE, **more: object) -> str:
        return self.get(f"{registry}/v2/", 401, headers={"www-authenticate": challenge}, **more)

    def token(self, repository: str, value: str = "‹token 00000001›", url: str = AUTH, **more: object) -> str:
        answer = json.dumps({"token": value, "expires_in": 300}).encode()
        query = f"?scope=repository%3A{repository.replace('/', '%2F')}%3Apull&service=registry.docker.io"
        return self.get(url + query, 200, body=answer, kind="application/json", **more)

    def manifest(
        self, registry: str, repository: str, reference: str, data: bytes, kind: str, **more: object
    ) -> str:
        told = {"docker-content-digest": sha(data)}
        return self.get(
            f"{registry}/v2/{repository}/manifests/{reference}",
            200,
            body=data,
            kind=kind,
            headers=told,
            **more,
        )

    def resolve(
        self, registry: str, repository: str, tag: str, data: bytes, kind: str = INDEX, **more: object
    ) -> str:
        told = {"docker-content-digest": sha(data)}
        return self.head(f"{registry}/v2/{repository}/manifests/{tag}", 200, kind=kind, headers=told, **more)

    def blob(
        self, registry: str, repository: str, data: bytes, *, signature: str = "s", **more: object
    ) -> None:
        """A blob by redirect and CDN fetch."""
        digest = sha(data)
        target = f"{CDN}/data/{digest[7:]}?verify={signature}"
        self.get(f"{registry}/v2/{repository}/blobs/{digest}", 307, headers={"location": target}, **more)
        self.get(target, 200, body=data, document=False)

    def content(self, registry: str, repository: str, image: Image, token: str | None = None) -> None:
        """Index, manifest, config and layers, by digest."""
        self.manifest(registry, repository, sha(image.index), image.index, INDEX, token=token)
        self.manifest(registry, repository, sha(image.manifest), image.manifest, MANIFEST, token=token)
        for data in (image.config, *image.layers):
            self.blob(registry, repository, data, token=token)

    def docker_pull(self, repository: str, tag: str, image: Image, token: str = "‹token 00000001›") -> None:
        self.ping()
        self.token(repository, token)
        self.resolve(HUB, repository, tag, image.index, token=token)
        self.content(HUB, repository, image, token)

    def fail(self, host: str, trouble: Trouble = Trouble.CLIENT_TLS, *, at: float | None = None) -> None:
        self._count += 1
        self.events.append(
            ConnectionFailed(
                id=f"f{self._count}",
                time=self.time if at is None else at,
                trouble=trouble,
                client=Peer(address=self.address, port=4000, connection=f"c{self._count}"),
                host=host,
                port=443,
                message="it failed",
            )
        )

    def run(self) -> tuple[Engine, list[Pull]]:
        engine = Engine()
        for event in self.events:
            engine.feed(event)
        return engine, engine.finish()

    def pulls(self) -> list[Pull]:
        return self.run()[1]

    def pull(self) -> Pull:
        pulls = self.pulls()
        assert len(pulls) == 1, [(p.reference, [s.stage for s in p.steps]) for p in pulls]
        return pulls[0]


@pytest.fixture
def traffic() -> Traffic:
    return Traffic()


@pytest.fixture
def image() -> Callable[..., Image]:
    return Image
