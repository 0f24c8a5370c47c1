"""Images beside the hub's own that a case needs: of a foreign platform only, of Docker's own form, and what is no image.

Knows: how they are made and pushed into the hub's storage, which the fronts share. Must not know: what a case shows with them.
"""

import subprocess
from collections.abc import Callable
from functools import partial

from stack import images
from stack.hub import Hub
from stack.place import REGISTRY
from stack.procs import environment, private

ARM, CHART, DOCKERS = "labuser/arm:latest", "labuser/chart:1", "labuser/old:latest"
NOON, EVENING = "labuser/day:noon", "labuser/day:evening"
HELM = "application/vnd.cncf.helm.config.v1+json"
CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


def _only_arm(layout: images.Layout) -> dict:
    image = layout.image([images._tar("hello", b"#!/bin/sh\n", 0o755)], "arm64")
    entries = [image, layout.attestation(image)]
    return layout.blob({"schemaVersion": 2, "mediaType": images.INDEX, "manifests": entries}, images.INDEX)


def _chart(layout: images.Layout) -> dict:
    config = layout.blob({"name": "chart", "version": "1", "apiVersion": "v2"}, HELM)
    layer = layout.blob(b"the chart's files", CHART_LAYER)
    body = {"schemaVersion": 2, "mediaType": images.MANIFEST, "config": config, "layers": [layer]}
    return layout.blob(body, images.MANIFEST)


def _plain(layout: images.Layout, text: bytes = b"plain") -> dict:
    top = layout.image([images._tar("plain", text * 400)], "amd64")
    return {key: value for key, value in top.items() if key != "platform"}


MADE: dict[str, Callable[[images.Layout], dict]] = {
    ARM: _only_arm,
    CHART: _chart,
    DOCKERS: _plain,
    NOON: partial(_plain, text=b"early"),
    EVENING: partial(_plain, text=b"later"),
}


def push(hub: Hub, target: str) -> str:
    """Push one of ``MADE`` to the hub, unless it is there; returns ``target``."""
    folder = hub.place.folder("extra", target.replace("/", "-").replace(":", "-"))
    if (folder / "index.json").exists():
        return target
    layout = images.Layout(folder)
    layout.finish(MADE[target](layout))
    how = ["--format", "v2s2"] if target == DOCKERS else ["--all", "--preserve-digests"]
    copy = ["skopeo", "copy", "-q", *how, "--dest-creds", "admin:adminpw"]
    env = environment(hub.place, SSL_CERT_FILE=str(hub.place.pki / "ca.crt"))
    where = [f"oci:{folder}:latest", f"docker://{REGISTRY}/{target}"]
    subprocess.run(private(hub.place, [*copy, *where]), env=env, check=True, timeout=60)
    return target
