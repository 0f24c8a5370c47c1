"""A conversation, written down exchange by exchange, for the tests of the core.

``traffic.get(url, 200, …)`` is one whole exchange; ``traffic.pulls()`` is what the engine makes of all of them.
"""

import hashlib
import json
from collections.abc import Callable

import msgspec
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
from inspector.core.joined import join
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
        told = {"docker-content-digest": sha(data), "content-length": str(len(data))}
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


class Mirrored:
    """What a client sends to a mirror, and the mirror to the Hub: two recordings, of one clock until one is shifted."""

    MIRROR = "https://mirror.test"
    CACHE = "Go-http-client/2.0"

    def __init__(self) -> None:
        self.client = Traffic()
        self.upstream = Traffic()
        self.upstream.address = "10.9.9.9"

    def pull(
        self,
        image: Image,
        *,
        at: float = 1000.0,
        repository: str = "library/app",
        token: str | None = "‹token 00000001›",
        ua: str = DOCKER,
        cache: bool = False,
        address: str = "10.0.0.1",
        pace: float = 0.25,
    ) -> None:
        """A pull through a mirror that passes all on, or through a ``cache`` that asks with its own name and its own token.

        Each request of the client takes 100 ms; the mirror asks 20 ms after it began.
        """
        self.client.ua, self.client.address = ua, address
        self.upstream.ua = self.CACHE if cache else ua
        theirs = "‹token 000000ca›" if cache else token
        asked = None if cache else token
        self.client.ping(self.MIRROR, at=at, taking=0.1)
        self.upstream.ping(at=at + 0.02)
        if cache:
            self.upstream.token(repository, theirs, at=at + 0.05)
        elif token:
            self.client.token(repository, token, at=at + 0.15, taking=0.05)
        at += pace
        self.client.resolve(self.MIRROR, repository, "latest", image.index, token=asked, at=at, taking=0.1)
        self.upstream.resolve(HUB, repository, "latest", image.index, token=theirs, at=at + 0.02)
        for data, kind in ((image.index, INDEX), (image.manifest, MANIFEST)):
            at += pace
            self.client.manifest(
                self.MIRROR, repository, sha(data), data, kind, token=asked, at=at, taking=0.1
            )
            self.upstream.manifest(HUB, repository, sha(data), data, kind, token=theirs, at=at + 0.02)
        for data in (image.config, *image.layers):
            at += pace
            url = f"{repository}/blobs/{sha(data)}"
            self.client.get(
                f"{self.MIRROR}/v2/{url}", 200, body=data, token=asked, at=at, taking=0.1, document=False
            )
            target = f"{CDN}/data/{sha(data)[7:]}?verify={at}"
            self.upstream.get(
                f"{HUB}/v2/{url}", 307, headers={"location": target}, token=theirs, at=at + 0.02
            )
            self.upstream.get(target, 200, body=data, document=False, at=at + 0.05)

    def direct(self, image: Image, *, at: float, ua: str = DOCKER, token: str = "‹token 00000002›") -> None:
        """A pull of the client's own, past the mirror, at the pace of a mirrored one."""
        self.client.ua, self.client.time = ua, at
        self.client.docker_pull("library/app", "latest", image, token=token)


@pytest.fixture
def mirrored() -> Mirrored:
    return Mirrored()


def shifted(events: list[Event], seconds: float) -> list[Event]:
    """The same by another clock."""
    return [
        event
        if getattr(event, "time", None) is None
        else msgspec.structs.replace(event, time=event.time + seconds)  # type: ignore[union-attr,operator]
        for event in events
    ]


@pytest.fixture
def together() -> Callable[..., list[Pull]]:
    """The pulls of some recordings, each through an engine of its own, with the sides put together."""

    def _together(*recordings: list[Event]) -> list[Pull]:
        pulls: list[Pull] = []
        sources: list[int] = []
        for number, events in enumerate(recordings):
            engine = Engine()
            for event in events:
                engine.feed(event)
            found = engine.finish()
            pulls += found
            sources += [number] * len(found)
        return [pull for group in join(pulls, sources) for pull in group.pulls()]

    return _together


@pytest.fixture
def by_another_clock() -> Callable[[list[Event], float], list[Event]]:
    return shifted
