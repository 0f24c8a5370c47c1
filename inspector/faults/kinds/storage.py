"""What goes wrong at the storage that a registry redirects to, and on the way to it."""

from mitmproxy import http

from inspector.core.pull import Stage
from inspector.faults.fault import Asked, Dead, Fault, Reply, Whole
from inspector.faults.replies import redirect, registry_error, storage_error

CDN = frozenset({Stage.CDN})
BLOB = frozenset({Stage.BLOB})
REDIRECT = frozenset({Stage.REDIRECT})

PRIVATE = "minio.registry.svc.cluster.local"
HUB = "production.cloudflare.docker.com"


def _on_head(asked: Asked) -> http.Response | None:
    return storage_error(403, "SignatureDoesNotMatch", "The signature is for GET.") if asked.is_head else None


def _path(asked: Asked) -> str:
    encoded = ((asked.route.reference if asked.route else None) or "sha256:0").rpartition(":")[2]
    return f"/registry-v2/docker/registry/v2/blobs/sha256/{encoded[:2]}/{encoded}/data"


def _to_http(_: Asked, response: http.Response) -> bool:
    where = str(response.headers.get("location", ""))
    if not where.startswith("https://"):
        return False
    response.headers["location"] = "http://" + where.removeprefix("https://")
    return True


FAULTS = (
    Fault(
        name="cdn-unreachable",
        what="the storage cannot be reached",
        stages=CDN,
        act=Dead(),
    ),
    Fault(
        name="cdn-denied",
        what="the storage answers 403 AccessDenied",
        stages=CDN,
        act=Reply(lambda _: storage_error(403, "AccessDenied", "Access Denied")),
    ),
    Fault(
        name="signed-url-expired",
        what="the storage says that the link's time is over",
        stages=CDN,
        act=Reply(lambda _: storage_error(403, "AccessDenied", "Request has expired")),
    ),
    Fault(
        name="signed-url-method",
        what="the storage refuses HEAD on a link that was signed for GET",
        stages=CDN,
        act=Reply(_on_head),
        needs="a client that sends HEAD to a storage",
    ),
    Fault(
        name="cdn-rejects-authorization",
        what="the registry answers for a blob in the words of a storage that was sent a token",
        stages=BLOB,
        act=Reply(
            lambda _: storage_error(
                400, "InvalidArgument", "Only one auth mechanism allowed; only the Authorization header"
            )
        ),
    ),
    Fault(
        name="redirect-leaves-mirror",
        what="a mirror sends its client to Docker Hub's storage",
        stages=BLOB,
        act=Reply(lambda asked: redirect(f"https://{HUB}{_path(asked)}?verify=1-x")),
        needs="a client that takes the host for a mirror",
    ),
    Fault(
        name="redirect-to-private",
        what="a blob is redirected to a name inside a cluster",
        stages=BLOB,
        act=Reply(lambda asked: redirect(f"https://{PRIVATE}{_path(asked)}")),
    ),
    Fault(
        name="redirect-to-http",
        what="a redirect's Location loses its s",
        stages=REDIRECT,
        act=Whole(_to_http),
    ),
    Fault(
        name="redirect-loop",
        what="a blob is redirected to itself",
        stages=BLOB,
        act=Reply(lambda asked: redirect(asked.request.url)),
    ),
    Fault(
        name="blob-unknown",
        what="a blob is answered 404 BLOB_UNKNOWN",
        stages=BLOB,
        act=Reply(lambda _: registry_error(404, "BLOB_UNKNOWN", "blob unknown to registry")),
    ),
)
