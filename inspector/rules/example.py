"""Examples: a few lines of traffic, written down as data, and the pulls that the real engine makes of them.

Every rule carries a bad and a good one: `explain` shows them, and a test runs the rule on them. A turn is one request and
its answer; what is not said is as a docker daemon and a healthy registry would have it.
Knows: events and the engine. Must not know: rules.
"""

import hashlib
import json

import msgspec

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

DOCKER = (
    "docker/28.1.1 go/go1.23 kernel/6.1 os/linux arch/amd64 UpstreamClient(Docker-Client/28.1.1 \\(linux\\))"
)
CONTAINERD = "containerd/v2.0.5"
PODMAN = "containers/5.36.1 (github.com/containers/image)"

_BEGIN = 1_700_000_000.0  # any day will do: nothing in the core reads a clock
_PACE = 0.01  # seconds from one turn to the next
_MOST_KEPT = 4 * 1024 * 1024


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One request and its answer.

    ``ask`` and ``give`` are header lines, ``name: value``. ``body`` is the whole answer's body (for HEAD: that of which the
    length is told); ``decoded`` what comes out of it when its coding is undone, if that is something else. ``arrived``: how
    many bytes of it came, when it was cut; ``error`` and ``side`` say who broke it.
    ``after`` is the pause before the request, ``took`` the time from request to end, in seconds.
    ``status`` None: no answer. ``kept`` False: the recorder has hashed the body but not kept it.
    """

    method: str
    url: str
    status: int | None
    give: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    body: bytes = b""
    decoded: bytes | None = None
    arrived: int | None = None
    error: str | None = None
    side: Side | None = None
    after: float = 0.0
    took: float = 0.005
    agent: str = DOCKER
    kept: bool = True
    recording_ends: bool = False
    form: bytes | None = None
    http_version: str = "HTTP/1.1"


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A connection that never came to a request."""

    trouble: Trouble
    host: str | None
    port: int = 443
    message: str
    alert: int | None = None


type Example = tuple[Turn | Broken, ...]


def build(example: Example) -> tuple[list[Pull], list[ConnectionFailed]]:
    """The pulls that the engine makes of the example, and the failed connections that belong to none."""
    engine = Engine()
    for event in events(example):
        for _ in engine.feed(event):
            pass
    pulls = engine.finish()
    return pulls, list(engine.unclaimed)


def events(example: Example) -> list[Event]:
    """The example as a source would tell it: each turn ends before the next begins."""
    told: list[Event] = []
    now = _BEGIN
    for number, item in enumerate(example, start=1):
        peer = Peer(address="10.0.0.7", port=40000 + number, connection=f"client-{number}")
        if isinstance(item, Broken):
            now += _PACE
            told.append(_failed(item, f"broken-{number}", now, peer))
            continue
        now += _PACE + item.after
        told += _turn(item, f"turn-{number}", now, peer)
        now += item.took
    return told


def _failed(broken: Broken, name: str, now: float, peer: Peer) -> ConnectionFailed:
    return ConnectionFailed(
        id=name,
        time=now,
        trouble=broken.trouble,
        client=peer,
        host=broken.host,
        port=broken.port,
        message=broken.message,
        alert=broken.alert,
    )


def _turn(turn: Turn, name: str, now: float, peer: Peer) -> list[Event]:
    told: list[Event] = [
        RequestHead(
            id=name,
            time=now,
            method=turn.method,
            url=turn.url,
            host=host_of(turn.url),
            http_version=turn.http_version,
            headers=(("user-agent", turn.agent), *_lines(turn.ask)),
            client=peer,
        )
    ]
    if turn.form is not None:
        told.append(_body(name, Side.CLIENT, turn.form, turn.form, complete=True, kept=True))
    if turn.status is not None:
        head = ResponseHead(
            id=name,
            time=now + turn.took / 2,
            status=turn.status,
            http_version=turn.http_version,
            headers=_head_of(turn),
        )
        told.append(head)
        told.append(_answer(turn, name))
    told.append(
        Ended(id=name, time=now + turn.took, error=turn.error, side=turn.side, cut_by_end=turn.recording_ends)
    )
    return told


def _answer(turn: Turn, name: str) -> Body:
    sent = b"" if turn.method == "HEAD" else turn.body
    arrived = sent if turn.arrived is None else sent[: turn.arrived]
    whole = turn.arrived is None and turn.error is None and not turn.recording_ends
    content = arrived if turn.decoded is None else turn.decoded
    return _body(name, Side.SERVER, arrived, content, complete=whole, kept=turn.kept)


def _body(name: str, side: Side, sent: bytes, decoded: bytes, *, complete: bool, kept: bool) -> Body:
    return Body(
        id=name,
        side=side,
        size=len(sent),
        sha256=hashlib.sha256(sent).hexdigest(),
        decoded_size=len(decoded),
        decoded_sha256=hashlib.sha256(decoded).hexdigest(),
        complete=complete,
        document=decoded if kept and complete and len(decoded) <= _MOST_KEPT else None,
    )


def _head_of(turn: Turn) -> Headers:
    """The answer's header lines, with the Content-Length that a server adds by itself."""
    lines = _lines(turn.give)
    told = {name for name, _ in lines}
    if told & {"content-length", "transfer-encoding"} or (turn.status or 0) in {204, 304}:
        return tuple(pair for pair in lines if pair != ("content-length", "none"))
    return (*lines, ("content-length", str(len(turn.body))))


def _lines(lines: tuple[str, ...]) -> Headers:
    split = (line.partition(":") for line in lines)
    return tuple((name.strip().lower(), value.strip()) for name, _, value in split)


def host_of(url: str) -> str:
    """The host that a client would name for the URL."""
    return url.partition("://")[2].partition("/")[0].lower()


def digest_of(content: bytes) -> str:
    """The sha256 digest of the content."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def as_json(document: object) -> bytes:
    """The document as registries store it: no needless white space."""
    return json.dumps(document, separators=(",", ":")).encode()
