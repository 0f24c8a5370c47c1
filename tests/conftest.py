"""Conversations written down as text, each line with what the report has to say of it: the judge's own table.

    HEAD R/manifests/1 200 have=index auth=1 => resolve index - 2 -

Left of ``=>``: method, URL, status (``-``: no answer) and flags; right of it stage, content, verified (``t``, ``f``),
follows and retry_of, ``-`` for null, then ``#n`` for the number of the pull where there are several. ``=> other`` is no
registry traffic. ``{index}`` and the like stand for digests. Flags:
``have=NAME`` the document or blob is the answer, with its digest header where it is a manifest; ``bare`` without that header;
``auth=N`` carries the bearer N, ``give=N`` answers with it, ``basic`` carries a login; ``ask`` challenges (``ask=URL``: with that realm);
``to=URL`` Location; ``cut=N`` the server breaks off after N bytes, ``left=N`` the client; ``wait=S`` seconds before it;
``took=S`` seconds long; ``unkept`` the body was not recorded at all; ``ns`` is no flag: write it in the URL.
``text=…`` is the body, ``h:NAME=VALUE`` a field of the answer, ``q:NAME=VALUE`` one of the request (``~`` for a space);
``ua=…`` changes the client from here on, ``end`` the recording ends in it, ``lost`` only hashed and not kept.
"""

import hashlib
import json
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from inspector.core.engine import Engine
from inspector.core.events import Body, Ended, Event, Peer, RequestHead, ResponseHead, Side

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

REALM = "https://auth.test/token"
# R a registry, M a mirror of it, V and N their roots, T the token service, C the storage.
HOSTS = {
    "R": "https://r.test/v2/a/b",
    "V": "https://r.test/v2",
    "M": "https://m.test/v2/a/b",
    "N": "https://m.test/v2",
    "C": "https://cdn.test",
    "T": f"{REALM}?service=registry.test&scope=repository:a/b:pull",
}


def sha(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def described(data: bytes, media_type: str, **more: object) -> dict[str, object]:
    return {"mediaType": media_type, "digest": sha(data), "size": len(data), **more}


def as_json(document: object) -> bytes:
    return json.dumps(document).encode()


def stock(layers: int = 2) -> dict[str, tuple[bytes, str]]:
    """Name -> bytes and media type, of one image with an attestation."""
    config, kept = b'{"os":"linux"}', [f"layer {n} ".encode() * 20 for n in range(layers)]
    manifest = as_json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described(config, CONFIG),
            "layers": [described(one, LAYER) for one in kept],
        }
    )
    proof = b'{"_type":"https://in-toto.io/Statement/v0.1"}'
    attest = as_json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described(b"{}", CONFIG),
            "layers": [described(proof, "application/vnd.in-toto+json")],
        }
    )
    mark = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": sha(manifest)}
    linux = {"os": "linux", "architecture": "amd64"}
    entries = [
        described(manifest, MANIFEST, platform=linux),
        described(attest, MANIFEST, platform={"os": "unknown", "architecture": "unknown"}, annotations=mark),
    ]
    index = as_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})
    blobs = {f"layer{n}": (one, "application/octet-stream") for n, one in enumerate(kept)}
    return {
        "index": (index, INDEX),
        "manifest": (manifest, MANIFEST),
        "attest": (attest, MANIFEST),
        "config": (config, "application/octet-stream"),
        "proof": (proof, "application/octet-stream"),
        **blobs,
    }


class Talk:
    """Reads the lines, makes events, runs the engine, and holds its answer against the right column."""

    def __init__(self, things: dict[str, tuple[bytes, str]] | None = None) -> None:
        self.things = things or stock()
        self.events: list[Event] = []
        self.expected: dict[str, list[str]] = {}
        self.now, self.ua, self.version, self.address = 1000.0, "docker/24.0.7", "HTTP/1.1", "10.0.0.1"

    def digest(self, name: str) -> str:
        return sha(self.things[name][0])

    def add(self, name: str, data: bytes, kind: str = MANIFEST) -> None:
        self.things[name] = (data, kind)

    def say(self, text: str) -> "Talk":
        for line in filter(None, map(str.strip, text.splitlines())):
            said, _, wanted = line.partition("=>")
            for name in self.things:
                said = said.replace("{" + name + "}", self.digest(name))
            self._line(said.split(), wanted.strip())
        return self

    def _line(self, words: list[str], wanted: str) -> None:
        method, url, status, *rest = words
        name, slash, path = url.partition("/")
        url = HOSTS[name] + slash + path if name in HOSTS else url
        flags = [word.partition("=")[::2] for word in rest]
        at = SimpleNamespace(id=f"e{len(self.expected) + 1}", flags=dict(flags), pairs=flags)
        self.expected[at.id] = wanted.split()
        self.ua = at.flags.get("ua", self.ua).replace("~", " ")
        self.now += 0.01 + float(at.flags.get("wait", 0))
        host = url.split("/")[2].removesuffix(":443" if url.startswith("https:") else ":80")
        self.events.append(
            RequestHead(
                id=at.id,
                time=self.now,
                method=method,
                url=url,
                host=host,
                http_version=self.version,
                headers=self._asked(at),
                client=Peer(address=self.address, port=4000, connection=f"c-{host}"),
            )
        )
        took = float(at.flags.get("took", 0.01))
        if "form" in at.flags:
            self.events.append(self._body(at.id, Side.CLIENT, at.flags["form"].encode()))
        if "sent" in at.flags:
            self.events.append(self._body(at.id, Side.CLIENT, self.things[at.flags["sent"]][0]))
        if status != "-":
            self._answer(at, method, int(status), self.now + took / 2)
        self.now += took
        side = Side.CLIENT if "left" in at.flags else Side.SERVER
        error = (
            f"the {side} broke off"
            if {"cut", "left"} & at.flags.keys() or (status == "-" and "end" not in at.flags)
            else None
        )
        self.events.append(
            Ended(
                id=at.id,
                time=self.now,
                error=error,
                side=side if error else None,
                cut_by_end="end" in at.flags,
            )
        )

    def _asked(self, at: SimpleNamespace) -> tuple[tuple[str, str], ...]:
        headers = [("user-agent", self.ua)] if self.ua != "-" else []
        headers += [(k[2:], v.replace("~", " ")) for k, v in at.pairs if k.startswith("q:")]
        if "auth" in at.flags:
            headers.append(("authorization", f"Bearer ‹token {at.flags['auth']}›"))
        if "basic" in at.flags:
            headers.append(("authorization", "Basic ‹basic 12345678›"))
        return tuple(headers)

    def _answer(self, at: SimpleNamespace, method: str, status: int, when: float) -> None:
        flags, body, headers = at.flags, at.flags.get("text", "").replace("~", " ").encode(), []
        if "have" in flags:
            body, kind = self.things[flags["have"]]
            headers.append(("content-type", kind))
            if kind != "application/octet-stream" and "bare" not in flags:
                headers.append(("docker-content-digest", sha(body)))
        if "give" in flags:
            body = as_json({"token": f"‹token {flags['give']}›", "expires_in": 300})
            headers.append(("content-type", "application/json"))
        if "ask" in flags:
            headers.append(
                ("www-authenticate", f'Bearer realm="{flags["ask"] or REALM}",service="registry.test"')
            )
        if "to" in flags:
            headers.append(("location", flags["to"]))
        own = [(k[2:], v.replace("~", " ")) for k, v in at.pairs if k.startswith("h:")]
        headers = [pair for pair in headers if pair[0] not in dict(own)] + [pair for pair in own if pair[1]]
        part = flags.get("part")  # first-last, as in Content-Range
        if part:
            first, last = map(int, part.split("-"))
            headers.append(("content-range", f"bytes {first}-{last}/{len(body)}"))
            body = body[first : last + 1]
        if not {"content-length", "transfer-encoding"} & {name for name, _ in own}:
            headers.append(("content-length", str(len(body))))
        self.events.append(
            ResponseHead(
                id=at.id, time=when, status=status, http_version=self.version, headers=tuple(headers)
            )
        )
        broken = flags.get("cut") or flags.get("left")
        came = body[: int(broken)] if broken else body
        if method != "HEAD" and "unkept" not in flags:
            self.events.append(
                self._body(
                    at.id,
                    Side.SERVER,
                    came,
                    whole=not broken and "end" not in flags,
                    kept="lost" not in flags,
                )
            )

    @staticmethod
    def _body(ident: str, side: Side, data: bytes, *, whole: bool = True, kept: bool = True) -> Body:
        own = sha(data)[7:]
        return Body(
            id=ident,
            side=side,
            size=len(data),
            sha256=own,
            decoded_size=len(data),
            decoded_sha256=own,
            complete=whole,
            document=data if kept and whole and not data.startswith(b"layer") else None,
        )

    def pulls(self) -> list:
        """The pulls, each line of the conversation held against its right column first."""
        engine = Engine()
        for event in self.events:
            engine.feed(event)
        pulls = engine.finish()
        told: dict[str, list[str]] = {}
        for pull in pulls:
            for step in pull.steps:
                words = [step.stage, step.content, step.verified, step.follows, step.retry_of]
                row = [
                    "-"
                    if w is None
                    else {True: "t", False: "f"}.get(w, str(w))
                    if isinstance(w, bool)
                    else str(w)
                    for w in words
                ]
                told[step.exchange.id] = row if len(pulls) == 1 else [*row, f"#{pull.n}"]
        wanted = {ident: " ".join(row) for ident, row in self.expected.items() if row}
        assert {ident: " ".join(told.get(ident, ["other"])) for ident in wanted} == wanted
        return pulls

    def pull(self):
        (one,) = self.pulls()
        return one


@pytest.fixture
def talk() -> Callable[..., Talk]:
    return Talk
