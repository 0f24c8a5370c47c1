"""The images that the hub holds, as OCI layouts, made without any client; the same bytes every time.

Knows: image-spec 1.1 (layout, index, manifest, config, layer). Must not know: the hub, the clients.
"""

import gzip
import hashlib
import io
import json
import random
import tarfile
from pathlib import Path

EPOCH, CREATED = 1_700_000_000, "2023-11-14T22:13:20Z"
OCI = "application/vnd.oci.image."
INDEX, MANIFEST = f"{OCI}index.v1+json", f"{OCI}manifest.v1+json"
CONFIG, LAYER = f"{OCI}config.v1+json", f"{OCI}layer.v1.tar+gzip"
IN_TOTO = "application/vnd.in-toto+json"
PROVENANCE = "https://slsa.dev/provenance/v0.2"
BIG_LAYERS, BIG_SIZE = 3, 8_000_000


def _tar(name: str, data: bytes, mode: int = 0o644) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.mtime = len(data), mode, EPOCH
        archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


class Layout:
    """One OCI image layout in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def blob(self, content: bytes | dict, media_type: str, **more: object) -> dict:
        """Store a blob; returns its descriptor."""
        data = content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode()
        digest = hashlib.sha256(data).hexdigest()
        (self.folder / "blobs" / "sha256" / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data), **more}

    def _manifest(self, config: dict, layers: list[dict], **more: object) -> dict:
        body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
        return self.blob(body, MANIFEST, **more)

    def image(self, tars: list[bytes], architecture: str) -> dict:
        """An image of these layers; returns the manifest's descriptor."""
        layers = [self.blob(gzip.compress(tar, 1, mtime=0), LAYER) for tar in tars]
        config = {
            "architecture": architecture,
            "os": "linux",
            "created": CREATED,
            "config": {"Cmd": ["/hello"]},
            "rootfs": {
                "type": "layers",
                "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars],
            },
            "history": [{"created": CREATED, "created_by": f"layer {n}"} for n in range(len(tars))],
        }
        platform = {"architecture": architecture, "os": "linux"}
        return self._manifest(self.blob(config, CONFIG), layers, platform=platform)

    def attestation(self, of: dict) -> dict:
        """A provenance attestation beside the image ``of``, as BuildKit writes it."""
        subject = {"name": "x", "digest": {"sha256": of["digest"].removeprefix("sha256:")}}
        statement = {
            "_type": "https://in-toto.io/Statement/v0.1",
            "predicateType": PROVENANCE,
            "subject": [subject],
            "predicate": {"builder": {"id": ""}},
        }
        layer = self.blob(statement, IN_TOTO, annotations={"in-toto.io/predicate-type": PROVENANCE})
        config = {
            "architecture": "unknown",
            "os": "unknown",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
        }
        notes = {
            "vnd.docker.reference.digest": of["digest"],
            "vnd.docker.reference.type": "attestation-manifest",
        }
        platform = {"architecture": "unknown", "os": "unknown"}
        return self._manifest(self.blob(config, CONFIG), [layer], platform=platform, annotations=notes)

    def finish(self, top: dict) -> str:
        """Write ``index.json`` with ``top`` under the name latest; returns its digest."""
        named = top | {"annotations": {"org.opencontainers.image.ref.name": "latest"}}
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [named]}))
        return top["digest"]


def _hello(layout: Layout) -> dict:
    entries = []
    for architecture in ("amd64", "arm64"):
        text = f"#!/bin/sh\necho hello from {architecture}\n".encode()
        image = layout.image([_tar("hello", text, 0o755)], architecture)
        entries += [image, layout.attestation(image)]
    return layout.blob({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}, INDEX)


def contents(folder: Path) -> dict[str, str]:
    """What each digest in the layouts is: index, manifest, config, layer or attestation."""
    found: dict[str, str] = {}

    def visit(layout: Path, descriptor: dict, *, attests: bool = False) -> None:
        attests = attests or "vnd.docker.reference.type" in descriptor.get("annotations", {})
        digest, kind = descriptor["digest"], descriptor["mediaType"]
        plain = {INDEX: "index", MANIFEST: "manifest", CONFIG: "config"}.get(kind, "layer")
        found[digest] = "attestation" if attests and plain != "config" else plain
        if kind not in (INDEX, MANIFEST):
            return
        body = json.loads((layout / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes())
        children = [*body.get("manifests", ()), *body.get("layers", ()), *filter(None, [body.get("config")])]
        for child in children:
            visit(layout, child, attests=attests)

    for layout in folder.iterdir():
        for top in json.loads((layout / "index.json").read_bytes())["manifests"]:
            visit(layout, top)
    return found


def blobs(layout: Path, architecture: str = "amd64") -> set[str]:
    """The digests of config and layers of a layout's image for this architecture."""

    def read(descriptor: dict) -> dict:
        return json.loads(
            (layout / "blobs" / "sha256" / descriptor["digest"].removeprefix("sha256:")).read_bytes()
        )

    [top] = json.loads((layout / "index.json").read_bytes())["manifests"]
    if top["mediaType"] == INDEX:
        [top] = [one for one in read(top)["manifests"] if one["platform"]["architecture"] == architecture]
    body = read(top)
    return {one["digest"] for one in (body["config"], *body["layers"])}


def make(folder: Path) -> dict[str, str]:
    """Write every layout under ``folder``; returns the top digest of each, by name."""
    noise = random.Random(7)
    layers = [_tar(f"data/{n}", noise.randbytes(BIG_SIZE)) for n in range(BIG_LAYERS)]
    plain = {
        "big": layers,
        "secret": [_tar("secret", b"s3cret" * 400, 0o600)],
        "deep": [_tar("deep", b"deep" * 400)],
    }
    digests = {}
    hello = Layout(folder / "hello")
    digests["hello"] = hello.finish(_hello(hello))
    for name, tars in plain.items():
        layout = Layout(folder / name)
        digests[name] = layout.finish(layout.image(tars, "amd64"))
    return digests
