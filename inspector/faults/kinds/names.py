"""What goes wrong with names: the repository, the tag, or what the path says, is not what the registry has."""

from mitmproxy import http

from inspector.core.pull import Stage
from inspector.faults.fault import NAMED, REGISTRY, Asked, Fault, Reply
from inspector.faults.replies import answer, bearer, page, registry_error, unauthorized


def _library(asked: Asked) -> http.Response | None:
    """Docker Hub's own words to a name of one part (401, not 404)."""
    if "/" in asked.repository:
        return None
    challenge = bearer(
        "https://auth.docker.io/token",
        "registry.docker.io",
        f"repository:{asked.repository}:pull",
        "insufficient_scope",
    )
    return unauthorized(challenge)


def _namespace(asked: Asked) -> http.Response | None:
    if "ns" not in asked.request.query:
        return None
    return answer(400, b"unknown query parameter: ns\n", {"Content-Type": "text/plain"})


def _narrow(asked: Asked) -> http.Response | None:
    """distribution's words, to those who do not say that they take an OCI index."""
    accept = ",".join(asked.request.headers.get_all("accept"))
    if "oci.image.index" in accept:
        return None
    said = "OCI index found, but accept header does not support OCI indexes"
    return registry_error(404, "MANIFEST_UNKNOWN", said)


FAULTS = (
    Fault(
        name="library-missing",
        what="a name of one part is refused as Docker Hub does",
        stages=NAMED,
        act=Reply(_library),
        needs="an image whose name has no slash",
    ),
    Fault(
        name="repository-denied",
        what="the registry answers 403 DENIED",
        stages=REGISTRY - {Stage.BLOB},
        act=Reply(lambda _: registry_error(403, "DENIED", "requested access to the resource is denied")),
    ),
    Fault(
        name="tag-not-found",
        what="the registry answers 404 MANIFEST_UNKNOWN",
        stages=NAMED,
        act=Reply(lambda _: registry_error(404, "MANIFEST_UNKNOWN", "manifest unknown")),
    ),
    Fault(
        name="name-invalid",
        what="the registry answers 400 NAME_INVALID",
        stages=REGISTRY,
        act=Reply(lambda _: registry_error(400, "NAME_INVALID", "invalid repository name")),
    ),
    Fault(
        name="ns-not-supported",
        what="a request with ns= is answered 400",
        stages=REGISTRY,
        act=Reply(_namespace),
        needs="containerd or BuildKit with a mirror",
    ),
    Fault(
        name="accept-too-narrow",
        what="a request that does not take OCI indexes is answered 404",
        stages=NAMED,
        act=Reply(_narrow),
        needs="an old client",
    ),
    Fault(
        name="not-a-registry",
        what="the ping is answered 404 with a web page",
        stages=frozenset({Stage.PING}),
        act=Reply(lambda _: page(404)),
        needs="a client that pings",
    ),
    Fault(
        name="html-answer",
        what="manifests are answered with a web page, as behind a captive portal",
        stages=NAMED,
        act=Reply(lambda _: page()),
    ),
)
