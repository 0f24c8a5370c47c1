"""Pulls made by hand, so that what is shown depends on nothing but what is written here.

`conversation` builds a pull step by step; the fixtures below are the four stories that every renderable is shown:
docker's nine steps, a refused CDN fetch behind a mirror, a transfer that resumes, a mirror that is passed by.
"""

import io
import json
import os
import time
from collections.abc import Callable, Iterator

import pytest
from msgspec import structs
from rich.console import Console

from inspector.core.events import (
    Body,
    Ended,
    Peer,
    RequestHead,
    ResponseHead,
    Resume,
    Side,
    Upstream,
    UpstreamCall,
)
from inspector.core.exchange import Exchange
from inspector.core.finding import Check, CheckState, Confidence, Evidence, Finding, Severity
from inspector.core.pull import Content, Node, Outcome, Pull, Stage, Step
from inspector.wire.document import Descriptor, parse_document
from inspector.wire.useragent import parse_user_agent

BEGIN = 1_790_000_000.0
HUB, AUTH, CDN = "registry-1.docker.io", "auth.docker.io", "production.cloudflare.docker.com"
DOCKER = "docker/20.10.24 go/go1.19 os/linux arch/amd64"
REALM = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'
TOKEN = "‹token 3fa9c1d2›"


def digest(start: str) -> str:
    """A whole digest that begins as written."""
    return "sha256:" + start + "0" * (64 - len(start))


INDEX, MANIFEST, CONFIG, LAYER, ARM, ATTESTATION = map(
    digest, ("588475207102", "25c641f59440", "bc7794f74045", "3c06a682fa87", "86eb9724ee32", "0c0ea9691d5f")
)
OCI = "application/vnd.oci.image."


def described(
    name: str, size: int, platform: str | None = None, kind: str = "manifest.v1+json", **more: object
) -> dict[str, object]:
    """A descriptor as JSON has it."""
    os_, _, architecture = (platform or "").partition("/")
    where = {"platform": {"os": os_, "architecture": architecture}} if platform else {}
    return {"mediaType": OCI + kind, "digest": name, "size": size, **where, **more}


INDEX_JSON = json.dumps({
    "schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": [
        described(MANIFEST, 404, "linux/amd64"), described(ARM, 401, "linux/arm64"),
        described(ATTESTATION, 465, "unknown/unknown", annotations={"vnd.docker.reference.type": "attestation-manifest"}),
    ],
}).encode()  # fmt: skip
MANIFEST_JSON = json.dumps({
    "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": described(CONFIG, 299, kind="config.v1+json"),
    "layers": [described(LAYER, 305_000, kind="layer.v1.tar+gzip")],
}).encode()  # fmt: skip
TOKEN_JSON = json.dumps({
    "token": TOKEN, "expires_in": 300, "issued_at": "2026-09-21T14:13:20Z",
    "claims": {"iss": "auth.docker.io", "aud": "registry.docker.io", "exp": 1_790_000_300, "iat": 1_790_000_000,
               "access": [{"type": "repository", "name": "library/hello-world", "actions": ["pull"]}]},
}).encode()  # fmt: skip


class Conversation:
    """A pull under construction."""

    def __init__(self, client: str = DOCKER) -> None:
        self.steps: list[Step] = []
        self.client = client

    def add(
        self, stage: Stage, method: str, url: str, status: int | None = 200, *, at: float, wait: float | None = 0.004,
        receive: float | None = 0.0, size: int | None = None, document: bytes | None = None, bearer: str | None = None,
        error: str | None = None, side: Side | None = None, whole: bool | None = True, headers: dict[str, str] | None = None,
        answer: dict[str, str] | None = None, connect: tuple[float, float] | None = None, cut_by_end: bool = False, **step: object,
    ) -> Step:  # fmt: skip
        """One more step; what is not said is as in a healthy exchange."""
        n = len(self.steps) + 1
        _, _, rest = url.partition("://")
        host = rest.partition("/")[0]
        sent = {
            "host": host,
            "user-agent": self.client,
            **({"authorization": f"Bearer {bearer}"} if bearer else {}),
            **(headers or {}),
        }
        begin = BEGIN + at
        upstream = Upstream(
            address="192.0.2.7:443", connection=f"s{n}", tls_version="TLSv1.3", alpn="http/1.1"
        )
        if connect:
            upstream = Upstream(
                address="192.0.2.7:443", connection=f"s{n}", tls_version="TLSv1.3", alpn="http/1.1",
                connect_start=begin - connect[0] - connect[1], connected=begin - connect[1], tls_done=begin,
            )  # fmt: skip
        exchange = Exchange(RequestHead(
            id=str(n), time=begin, method=method, url=url, host=host, http_version="HTTP/1.1", headers=tuple(sent.items()),
            client=Peer(address="127.0.0.1", port=40000 + n, connection=f"c{n}"), upstream=upstream,
        ))  # fmt: skip
        if status is not None:
            exchange.response = ResponseHead(
                id=str(n),
                time=begin + (wait or 0),
                status=status,
                http_version="HTTP/1.1",
                headers=tuple((answer or {}).items()),
            )
        if size is not None or document is not None:
            exchange.response_body = Body(
                id=str(n), side=Side.SERVER, size=size, complete=whole, document=document
            )
        end = begin + (wait or 0) + (receive or 0)
        exchange.end = Ended(id=str(n), time=end, error=error, side=side, cut_by_end=cut_by_end)
        made = Step(
            n=n,
            exchange=exchange,
            stage=stage,
            size=size,
            start=at,
            wait=wait,
            receive=receive,
            **step,  # type: ignore[arg-type]
        )
        self.steps.append(made)
        return made

    def greet(
        self,
        host: str = HUB,
        repository: str = "library/hello-world",
        at: float = 0.0,
        token: bytes = TOKEN_JSON,
    ) -> None:
        """Ping, challenge and token."""
        ping = self.add(
            Stage.CHALLENGE,
            "GET",
            f"https://{host}/v2/",
            401,
            at=at,
            size=87,
            answer={"www-authenticate": REALM},
            connect=(0.002, 0.003),
        )
        self.add(
            Stage.TOKEN, "GET", f"https://{AUTH}/token?scope=repository%3A{repository.replace('/', '%2F')}%3Apull&service=registry.docker.io",
            at=at + 0.017, size=4500, document=token, follows=ping.n,
        )  # fmt: skip

    def pull(self, outcome: Outcome = Outcome.COMPLETE, **fields: object) -> Pull:
        """The pull as it stands."""
        given: dict[str, object] = {
            "n": 1, "reference": "docker.io/library/hello-world:latest", "registry": HUB, "repository": "library/hello-world",
            "tag": "latest", "digest": INDEX, "elapsed": max((s.start + (s.wait or 0) + (s.receive or 0) for s in self.steps), default=0.0),
        }  # fmt: skip
        return Pull(
            client=parse_user_agent(self.client),
            address="127.0.0.1",
            outcome=outcome,
            steps=self.steps,
            begin=BEGIN,
            **{**given, **fields},  # type: ignore[arg-type]
        )


def checks() -> list[Check]:
    """Four checks, one of each kind."""
    return [
        Check(code="digest-mismatch", title="every body hashes to its digest", state=CheckState.PASSED),
        Check(
            code="rate-limited", title="nobody was turned away for asking too often", state=CheckState.FAILED
        ),
        Check(
            code="stalled",
            title="no transfer stood still",
            state=CheckState.CANNOT_TELL,
            reason="the recording has no times of bytes",
        ),
        Check(code="schema1", title="no manifest is of schema 1", state=CheckState.NOT_APPLICABLE),
    ]


def fetch_image(talk: Conversation, at: float = 0.031, host: str = HUB) -> None:
    """From the HEAD of the tag to the last layer."""
    base = f"https://{host}/v2/library/hello-world"
    child = parse_document(INDEX_JSON).manifests[0]  # type: ignore[union-attr]
    manifest = parse_document(MANIFEST_JSON)
    assert manifest is not None
    talk.add(
        Stage.RESOLVE,
        "HEAD",
        f"{base}/manifests/latest",
        at=at,
        bearer=TOKEN,
        digest=INDEX,
        content=Content.INDEX,
        follows=2,
    )
    talk.add(
        Stage.MANIFEST, "GET", f"{base}/manifests/{INDEX}", at=at + 0.018, size=1260, document=INDEX_JSON, bearer=TOKEN,
        digest=INDEX, content=Content.INDEX, verified=True, follows=2,
    )  # fmt: skip
    talk.add(
        Stage.MANIFEST, "GET", f"{base}/manifests/{MANIFEST}", at=at + 0.04, size=404, document=MANIFEST_JSON, bearer=TOKEN,
        digest=MANIFEST, content=Content.MANIFEST, expected=child, verified=True, follows=2,
    )  # fmt: skip
    for name in (CONFIG, LAYER):
        blob(talk, name, at + 0.065)
    for name, size in ((CONFIG, 299), (LAYER, 305_000)):
        redirect = 6 if name == CONFIG else 7
        fetched(talk, name, at + 0.092, size, follows=redirect)


def parts(name: str) -> dict[str, object]:
    """What the manifest says of a blob."""
    manifest = parse_document(MANIFEST_JSON)
    assert manifest is not None
    if name == CONFIG:
        return {"content": Content.CONFIG, "digest": CONFIG, "expected": manifest.config}
    return {"content": Content.LAYER, "digest": LAYER, "expected": manifest.layers[0], "layer": (1, 1)}


def blob(talk: Conversation, name: str, at: float, **more: object) -> Step:
    """A request for a blob that the registry sends on."""
    target = f"https://{CDN}/registry-v2/{name[7:19]}/data?verify=‹signature 01234567›"
    return talk.add(
        Stage.REDIRECT, "GET", f"https://{HUB}/v2/library/hello-world/blobs/{name}", 307, at=at, bearer=TOKEN,
        answer={"location": target}, **{"follows": 2, **parts(name), **more},  # type: ignore[arg-type]
    )  # fmt: skip


def fetched(talk: Conversation, name: str, at: float, size: int, **more: object) -> Step:
    """The fetch from the CDN."""
    url = f"https://{CDN}/registry-v2/{name[7:19]}/data?verify=‹signature 01234567›"
    given = {"verified": True, "connect": (0.001, 0.006), "receive": 0.004, **parts(name), **more}
    return talk.add(Stage.CDN, "GET", url, at=at, size=size, **given)  # type: ignore[arg-type]


def tree(**states: str) -> Node:
    """The graph of the image; a state is given by the name of its node."""
    index, manifest = parse_document(INDEX_JSON), parse_document(MANIFEST_JSON)
    assert index is not None
    assert manifest is not None
    amd, arm, attestation = index.manifests

    def node(
        name: str, digest_: str, content: Content, descriptor: Descriptor | None, **more: object
    ) -> Node:
        state = states.get(name, "fetched" if name not in {"arm", "attestation"} else "not-asked")
        return Node(digest=digest_, content=content, descriptor=descriptor, state=state, **more)  # type: ignore[arg-type]

    config = node("config", CONFIG, Content.CONFIG, manifest.config, steps=[6, 8])
    layer = node("layer", LAYER, Content.LAYER, manifest.layers[0], steps=[7, 9])
    chosen = node(
        "manifest", MANIFEST, Content.MANIFEST, amd, document=manifest, steps=[5], children=[config, layer]
    )
    others = [
        node("arm", ARM, Content.MANIFEST, arm),
        node("attestation", ATTESTATION, Content.ATTESTATION, attestation),
    ]
    return node("index", INDEX, Content.INDEX, None, document=index, steps=[3, 4], children=[chosen, *others])


@pytest.fixture
def talk() -> Conversation:
    """An empty conversation of docker's."""
    return Conversation()


@pytest.fixture
def docker_pull() -> Pull:
    """Docker's pull in nine steps."""
    talk = Conversation()
    talk.greet()
    fetch_image(talk)
    return talk.pull(root=tree(), checks=checks()[:1])


@pytest.fixture
def refused_pull() -> Pull:
    """A CDN that refuses what a mirror sends on, with the finding and what follows from it."""
    talk = Conversation()
    talk.greet()
    blob(talk, CONFIG, 0.05)
    talk.add(
        Stage.CDN, "GET", f"https://{CDN}/registry-v2/{CONFIG[7:19]}/data", 400, at=0.06, size=28, bearer=TOKEN, follows=3,
        document=b"<html><title>Bad Request</title></html>", answer={"content-type": "text/html"}, **parts(CONFIG),  # type: ignore[arg-type]
    )  # fmt: skip
    root = Finding(
        code="cdn-rejects-authorization", severity=Severity.ERROR, confidence=Confidence.PROVED, final=True,
        summary="the registry's token was sent on to the CDN, which refuses it",
        evidence=[Evidence(exchange=3, what="307"), Evidence(exchange=4, what=f"authorization: Bearer {TOKEN}"), Evidence(exchange=4, what="400")],
        cause="nginx's `proxy_pass $saved_redirect_location` keeps the client's Authorization header.",
        remedy='In `location @handle_redirect` add: proxy_set_header Authorization "";',
        spec="distribution-spec, Registry Proxying; RFC 9110 §15.4",
    )  # fmt: skip
    consequence = Finding(
        code="html-answer", severity=Severity.ERROR, confidence=Confidence.PROVED, summary="a page came instead of a blob",
        evidence=[Evidence(exchange=4, what="text/html")], cause="", remedy="", spec="", caused_by="cdn-rejects-authorization",
    )  # fmt: skip
    note = Finding(
        code="realm-bypasses-mirror", severity=Severity.NOTE, confidence=Confidence.IMPLIED,
        summary="the client fetched its token from auth.docker.io, not through the mirror",
        evidence=[Evidence(exchange=1, what='realm="https://auth.docker.io/token"')],
        cause="The mirror passes the hub's challenge on.", remedy="Let it name itself as the realm.", spec="token spec",
    )  # fmt: skip
    graph = tree(config="failed", layer="not-asked")
    graph.steps = graph.children[0].steps = graph.children[0].children[1].steps = []
    graph.children[0].children[0].steps = [3, 4]
    return talk.pull(Outcome.FAILED, findings=[root, consequence, note], checks=checks(), root=graph)


@pytest.fixture
def resumed_pull() -> Pull:
    """A layer that broke off and was resumed with a Range."""
    talk = Conversation()
    talk.greet()
    blob(talk, LAYER, 0.05)
    fetched(
        talk, LAYER, 0.06, 100_000, follows=3, verified=None, whole=False, error="peer closed the connection", side=Side.SERVER,
    )  # fmt: skip
    blob(talk, LAYER, 1.0, retry_of=3, headers={"range": "bytes=100000-"})
    fetched(
        talk, LAYER, 1.01, 205_000, follows=5, retry_of=4, status=206, verified=None, headers={"range": "bytes=100000-"},
    )  # fmt: skip
    return talk.pull()


@pytest.fixture
def mirrored_pull() -> Pull:
    """A mirror that does not have the tag, and the hub that is asked instead."""
    talk = Conversation()
    body = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'
    talk.add(
        Stage.MANIFEST, "GET", "https://mirror.test:5000/v2/library/hello-world/manifests/latest", 404, at=0.0, size=len(body), document=body,
        answer={"content-type": "application/json"},
    )  # fmt: skip
    talk.add(
        Stage.MANIFEST, "GET", f"https://{HUB}/v2/library/hello-world/manifests/latest", at=0.02, size=1260, document=INDEX_JSON,
        digest=INDEX, content=Content.INDEX, verified=True,
    )  # fmt: skip
    return talk.pull(Outcome.INSPECTED)


def called(
    at: float,
    url: str,
    status: int | None = 200,
    *,
    wait: float = 0.002,
    receive: float = 0.0,
    **more: object,
) -> UpstreamCall:
    """What a mirror asked upstream, ``at`` seconds after the pull began."""
    start = BEGIN + at
    return UpstreamCall(
        method="GET", url=url, host=url.split("/")[2], status=status, start=start, first_byte=start + wait, end=start + wait + receive,
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


def noted(step: Step, *calls: UpstreamCall, resumes: tuple[Resume, ...] = ()) -> Step:
    """The step with a mirror's notes."""
    end = step.exchange.end
    assert end is not None
    step.exchange.end = structs.replace(end, upstream=calls, resumes=resumes)
    return step


@pytest.fixture
def own_mirror_pull() -> Pull:
    """A pull through our own mirror: it fetched a token by itself, followed a redirect, and healed a cut."""
    talk = Conversation()
    base, up, store = (
        "https://pull.test/v2",
        f"https://{HUB}/v2/library/hello-world",
        f"https://{CDN}/registry-v2",
    )
    noted(talk.add(Stage.PING, "GET", f"{base}/", at=0.0, size=2))
    noted(
        talk.add(
            Stage.MANIFEST, "GET", f"{base}/hello-world/manifests/latest", at=0.02, wait=0.03, size=404, document=MANIFEST_JSON,
            digest=MANIFEST, content=Content.MANIFEST, verified=True,
        ),
        called(0.021, f"{up}/manifests/latest", 401, size=87),
        called(0.024, f"https://{AUTH}/token?service=registry.docker.io&scope=x", wait=0.01, size=4500),
        called(0.036, f"{up}/manifests/latest", wait=0.012, size=404),
    )  # fmt: skip
    why = "peer closed connection"
    noted(
        talk.add(
            Stage.BLOB, "GET", f"{base}/hello-world/blobs/{LAYER}", at=0.06, wait=0.01, receive=0.09, size=305_000, verified=True,
            **parts(LAYER),  # type: ignore[arg-type]
        ),
        called(0.061, f"{up}/blobs/{LAYER}", 307, size=0),
        called(0.064, f"{store}/3c06a682fa87/data?verify=‹signature 01234567›", receive=0.03, error=why),
        called(0.11, f"{up}/blobs/{LAYER}", 307, size=0),
        called(0.113, f"{store}/3c06a682fa87/data?verify=‹signature 01234567›", 206, receive=0.034, body=True),
        resumes=(Resume(at=100_000, why=why, time=BEGIN + 0.1, host=CDN, status=206),),
    )  # fmt: skip
    return talk.pull(registry="pull.test", reference="pull.test/hello-world:latest")


@pytest.fixture(autouse=True)
def _utc() -> Iterator[None]:
    """Times of day are local ones; here they are UTC's."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


@pytest.fixture
def draw() -> Callable[..., str]:
    """Print a renderable at a width, without colour; as into a file."""

    def drawn(
        renderable: object, width: int = 100, *, encoding: str = "utf-8", colour: str | None = None
    ) -> str:
        raw = io.BytesIO()
        out = io.TextIOWrapper(raw, encoding=encoding)
        console = Console(
            file=out,
            width=width,
            force_terminal=colour is not None,
            color_system=colour,
            legacy_windows=False,
            _environ={},  # type: ignore[arg-type]
        )
        console.print(renderable, end="")
        out.flush()
        return raw.getvalue().decode(encoding)

    return drawn
