"""What goes wrong with a manifest's head: its digest, its type, or HEAD itself; and with the document that a tag gives.

Sources: distribution-spec, Pulling manifests; image-spec, image index and manifest.
"""

import itertools
import json

from mitmproxy import http

from inspector.core.pull import Stage
from inspector.faults.fault import EMPTY_BLOB, NAMED, Asked, Fault, Forge, Head, Reply, digest_of
from inspector.faults.replies import registry_error

DIGEST = "docker-content-digest"
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"
HELM = "application/vnd.cncf.helm.config.v1+json"
EMPTY = {"digest": digest_of(EMPTY_BLOB), "size": len(EMPTY_BLOB)}

_count = itertools.count(1)


def _without_digest(_: Asked, response: http.Response) -> bool:
    return response.status_code == 200 and response.headers.pop(DIGEST, None) is not None


def _wrong_digest(asked: Asked, response: http.Response) -> bool:
    """Where the client knows better: a tag's HEAD with a wrong digest would only lead it to what does not exist."""
    if response.status_code != 200 or (asked.is_head and asked.route is not None and asked.route.is_tag):
        return False
    response.headers[DIGEST] = "sha256:" + "0" * 64
    return True


def _wrong_type(_: Asked, response: http.Response) -> bool:
    if response.status_code != 200:
        return False
    response.headers["content-type"] = "application/json"
    return True


def _no_head(asked: Asked) -> http.Response | None:
    return registry_error(405, "UNSUPPORTED", "The operation is unsupported.") if asked.is_head else None


def _other_platform(_: Asked, __: bytes) -> tuple[str, bytes]:
    child = {"mediaType": MANIFEST, **EMPTY, "platform": {"os": "plan9", "architecture": "mips64"}}
    return INDEX, _text({"schemaVersion": 2, "mediaType": INDEX, "manifests": [child]})


def _chart(_: Asked, __: bytes) -> tuple[str, bytes]:
    layer = {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", **EMPTY}
    config = {"mediaType": HELM, **EMPTY}
    return MANIFEST, _text({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]})


def _schema1(asked: Asked, _: bytes) -> tuple[str, bytes]:
    reference = (asked.route.reference if asked.route else None) or "latest"
    return SCHEMA1, _text(
        {
            "schemaVersion": 1,
            "name": asked.repository,
            "tag": reference,
            "architecture": "amd64",
            "fsLayers": [{"blobSum": EMPTY["digest"]}],
            "history": [{"v1Compatibility": "{}"}],
            "signatures": [],
        }
    )


def _moved(_: Asked, true: bytes) -> tuple[str, bytes] | None:
    """Each answer another document: the same one with a note of its number."""
    try:
        document = json.loads(true)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not isinstance(document.get("mediaType"), str):
        return None
    document["annotations"] = {"test.pull-inspector.moved": str(next(_count))}
    return document["mediaType"], _text(document)


def _text(document: object) -> bytes:
    return json.dumps(document, indent=2).encode()


FAULTS = (
    Fault(
        name="digest-header-missing",
        what="manifests come without Docker-Content-Digest",
        stages=NAMED,
        act=Head(_without_digest),
    ),
    Fault(
        name="digest-header-mismatch",
        what="manifests come with another digest in Docker-Content-Digest",
        stages=NAMED,
        act=Head(_wrong_digest),
    ),
    Fault(
        name="media-type-mismatch",
        what="manifests come as application/json",
        stages=NAMED,
        act=Head(_wrong_type),
    ),
    Fault(
        name="head-get-differ",
        what="HEAD of a manifest is answered 405, GET is not",
        stages=frozenset({Stage.RESOLVE}),
        act=Reply(_no_head),
    ),
    Fault(
        name="platform-missing",
        what="a tag gives an index for plan9 alone",
        stages=NAMED,
        act=Forge(_other_platform),
    ),
    Fault(
        name="not-an-image",
        what="a tag gives a Helm chart",
        stages=NAMED,
        act=Forge(_chart),
    ),
    Fault(
        name="schema1",
        what="a tag gives a manifest of schema 1",
        stages=NAMED,
        act=Forge(_schema1),
    ),
    Fault(
        name="tag-moved",
        what="a tag gives another digest each time",
        stages=NAMED,
        act=Forge(_moved),
        needs="a client that asks for the tag twice, as HEAD and GET or in a retry",
    ),
)
