"""The small image that the rules' examples pull, and the turns of a healthy pull of it.

An example of a rule is mostly this pull with one turn exchanged. Knows: how to write examples. Must not know: rules.
"""

from inspector.rules.example import Example, Turn, as_json, digest_of
from inspector.wire.mediatypes import DOCKER_CONFIG, DOCKER_LIST, DOCKER_MANIFEST

HUB = "https://registry-1.docker.io"
AUTH = "https://auth.docker.io/token"
CDN = "https://production.cloudflare.docker.com"
MIRROR = "https://mirror.example.com"
REPOSITORY = "library/app"
TOKEN = "‹token 3fa9c1d2›"  # noqa: S105 - a pseudonym, as sources make them
ACCEPT = f"accept: {DOCKER_LIST}, {DOCKER_MANIFEST}"
HTML = b"<html><head><title>400 Bad Request</title></head><body>cloud gateway</body></html>"

CONFIG = as_json({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}})
LAYER = b"the bytes of a layer, as they lie in a registry. " * 40
MANIFEST = as_json(
    {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": {"mediaType": DOCKER_CONFIG, "size": len(CONFIG), "digest": digest_of(CONFIG)},
        "layers": [
            {
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                "size": len(LAYER),
                "digest": digest_of(LAYER),
            }
        ],
    }
)
INDEX = as_json(
    {
        "schemaVersion": 2,
        "mediaType": DOCKER_LIST,
        "manifests": [
            {
                "mediaType": DOCKER_MANIFEST,
                "size": len(MANIFEST),
                "digest": digest_of(MANIFEST),
                "platform": {"architecture": "amd64", "os": "linux"},
            }
        ],
    }
)


def bearer_line(
    host: str = HUB, repository: str | None = None, *, realm: str = AUTH, error: str | None = None
) -> str:
    """The challenge of a token registry; ``host`` only tells the service."""
    service = "registry.docker.io" if realm == AUTH else host.partition("://")[2]
    scope = f',scope="repository:{repository}:pull"' if repository else ""
    why = f',error="{error}"' if error else ""
    return f'www-authenticate: Bearer realm="{realm}",service="{service}"{scope}{why}'


def error_body(code: str, message: str) -> bytes:
    """An error as the distribution-spec words it."""
    return as_json({"errors": [{"code": code, "message": message}]})


UNAUTHORIZED = error_body("UNAUTHORIZED", "authentication required")


def ping(host: str = HUB, *, realm: str = AUTH) -> Turn:
    """The ping that is challenged."""
    return Turn(
        method="GET", url=f"{host}/v2/", status=401, give=(bearer_line(host, realm=realm),), body=UNAUTHORIZED
    )


def token(
    repository: str = REPOSITORY, *, realm: str = AUTH, value: str = TOKEN, service: str | None = None
) -> Turn:
    """The anonymous token, granted."""
    named = service or (
        "registry.docker.io" if realm == AUTH else realm.partition("://")[2].partition("/")[0]
    )
    return Turn(
        method="GET",
        url=f"{realm}?scope=repository:{repository}:pull&service={named}",
        status=200,
        give=("content-type: application/json",),
        body=as_json({"token": value, "expires_in": 300}),
    )


def manifest_url(reference: str, host: str = HUB, repository: str = REPOSITORY) -> str:
    return f"{host}/v2/{repository}/manifests/{reference}"


def blob_url(content: bytes, host: str = HUB, repository: str = REPOSITORY) -> str:
    return f"{host}/v2/{repository}/blobs/{digest_of(content)}"


def bearer(value: str = TOKEN) -> str:
    return f"authorization: Bearer {value}"


def resolve(host: str = HUB, repository: str = REPOSITORY, reference: str = "latest") -> Turn:
    """HEAD of the tag."""
    return Turn(
        method="HEAD",
        url=manifest_url(reference, host, repository),
        ask=(bearer(), ACCEPT),
        status=200,
        give=(f"content-type: {DOCKER_LIST}", f"docker-content-digest: {digest_of(INDEX)}"),
        body=INDEX,
    )


def fetch(document: bytes, kind: str, host: str = HUB, repository: str = REPOSITORY) -> Turn:
    """GET of the index or manifest by its digest."""
    return Turn(
        method="GET",
        url=manifest_url(digest_of(document), host, repository),
        ask=(bearer(), ACCEPT),
        status=200,
        give=(f"content-type: {kind}", f"docker-content-digest: {digest_of(document)}"),
        body=document,
    )


def signed_url(content: bytes) -> str:
    return f"{CDN}/registry-v2/docker/registry/v2/blobs/sha256/{digest_of(content)[7:]}/data?verify=‹signature 77aa00ee›"


def redirect(content: bytes, host: str = HUB, repository: str = REPOSITORY) -> Turn:
    """The registry sends the client to its storage."""
    return Turn(
        method="GET",
        url=blob_url(content, host, repository),
        ask=(bearer(),),
        status=307,
        give=(f"location: {signed_url(content)}",),
    )


def cdn(content: bytes) -> Turn:
    """The storage serves the blob."""
    return Turn(
        method="GET",
        url=signed_url(content),
        status=200,
        give=("content-type: application/octet-stream",),
        body=content,
    )


def serve(content: bytes, host: str = HUB, repository: str = REPOSITORY) -> Turn:
    """The registry serves the blob itself."""
    return Turn(
        method="GET",
        url=blob_url(content, host, repository),
        ask=(bearer(),),
        status=200,
        give=("content-type: application/octet-stream", f"docker-content-digest: {digest_of(content)}"),
        body=content,
    )


def documents(host: str = HUB, repository: str = REPOSITORY) -> Example:
    """Tag, index and manifest."""
    return (
        resolve(host, repository),
        fetch(INDEX, DOCKER_LIST, host, repository),
        fetch(MANIFEST, DOCKER_MANIFEST, host, repository),
    )


HEALTHY: Example = (
    ping(),
    token(),
    *documents(),
    redirect(CONFIG),
    cdn(CONFIG),
    redirect(LAYER),
    cdn(LAYER),
)
"""A docker pull as it should be: the nine steps."""

SELF_SERVED: Example = (ping(), token(), *documents(), serve(CONFIG), serve(LAYER))
"""The same from a registry that serves its blobs itself."""


def until_layer(host: str = HUB) -> Example:
    """Everything up to the layer, which the registry serves itself."""
    return (ping(host), token(), *documents(host), serve(CONFIG, host))
