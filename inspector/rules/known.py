"""Public registries by what their traffic shows: realm, service, storage; and where a rule must not cry wolf.

The table is catalogue part 3, newest facts 2026-08. It is used for one purpose: to see that a host hands out what belongs
to another registry. Nothing is classified by host name. Knows: names. Must not know: exchanges.
"""

from fnmatch import fnmatchcase
from functools import lru_cache

import msgspec


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A registry. ``hosts``, ``realms`` (host of the realm) and ``storage`` are patterns; ``relax`` are codes.

    ``service`` None: any. ``relax``: what the registry does by design; there the code is not reported, or is a note.
    """

    name: str
    hosts: tuple[str, ...]
    realms: tuple[str, ...] = ()
    service: str | None = None
    storage: tuple[str, ...] = ()
    relax: frozenset[str] = frozenset()


DOCKER_HUB = Known(
    name="Docker Hub",
    hosts=("docker.io", "registry-1.docker.io", "index.docker.io", "registry.ipv6.docker.com"),
    realms=("auth.docker.io", "auth.ipv6.docker.com"),
    service="registry.docker.io",
    storage=(
        "production.cloudflare.docker.com",
        "production.cloudfront.docker.com",
        "docker-images-prod.*.r2.cloudflarestorage.com",
        "docker-images-prod.s3.*",
    ),
)

KNOWN: tuple[Known, ...] = (
    DOCKER_HUB,
    Known(
        name="GHCR",
        hosts=("ghcr.io",),
        realms=("ghcr.io",),
        service="ghcr.io",
        storage=("pkg-containers.githubusercontent.com",),
    ),
    Known(
        name="Quay",
        hosts=("quay.io",),
        realms=("quay.io",),
        service="quay.io",
        storage=("cdn.quay.io", "cdn0[1-3].quay.io"),
    ),
    Known(
        name="ECR",
        hosts=("*.dkr.ecr.*.amazonaws.com",),
        storage=("prod-*-starport-layer-bucket.s3.*.amazonaws.com",),
        relax=frozenset({"digest-header-missing"}),
    ),
    Known(
        name="ECR Public",
        hosts=("public.ecr.aws",),
        realms=("public.ecr.aws",),
        service="public.ecr.aws",
        storage=("d5l0dvt14r5h8.cloudfront.net", "d2glxqk2uabbnd.cloudfront.net"),
        relax=frozenset({"scope-wrong-repository", "digest-header-missing", "head-get-differ"}),
    ),
    Known(
        name="Artifact Registry",
        hosts=("*-docker.pkg.dev", "gcr.io", "*.gcr.io"),
        relax=frozenset({"challenge-malformed"}),
    ),
    Known(name="MCR", hosts=("mcr.microsoft.com",), storage=("*.data.mcr.microsoft.com", "*.cdn.mscr.io")),
    Known(
        name="registry.k8s.io",
        hosts=("registry.k8s.io",),
        relax=frozenset({"redirect-leaves-mirror", "html-answer", "not-a-registry"}),
    ),
    Known(
        name="GitLab",
        hosts=("registry.gitlab.com",),
        realms=("gitlab.com",),
        service="container_registry",
        storage=("cdn.registry.gitlab-static.net",),
    ),
    Known(
        name="NVIDIA",
        hosts=("nvcr.io",),
        realms=("nvcr.io", "authn.nvidia.com"),
        relax=frozenset({"html-answer", "realm-bypasses-mirror"}),
    ),
    Known(name="Chainguard", hosts=("cgr.dev",), realms=("cgr.dev",), service="cgr.dev"),
    Known(
        name="Red Hat",
        hosts=("registry.redhat.io", "registry.access.redhat.com"),
        realms=("registry.redhat.io",),
        service="docker-registry",
        relax=frozenset({"digest-header-missing"}),
    ),
)


@lru_cache(maxsize=256)
def by_host(host: str) -> Known | None:
    """The registry that answers under this host name."""
    return next((known for known in KNOWN if _fits(host, known.hosts)), None)


@lru_cache(maxsize=256)
def by_realm(host: str, service: str | None) -> Known | None:
    """The registry whose token service this is: host of the realm and service, both."""
    for known in KNOWN:
        if known.realms and _fits(host, known.realms) and (known.service is None or known.service == service):
            return known
    return None


@lru_cache(maxsize=256)
def by_storage(host: str) -> Known | None:
    """The registry that keeps its blobs there. Quay's storage also serves Red Hat's images."""
    return next((known for known in KNOWN if _fits(host, known.storage)), None)


def relaxed(host: str, code: str) -> bool:
    """Whether the registry under this host name does by design what ``code`` is about."""
    known = by_host(host)
    return known is not None and code in known.relax


def _fits(host: str, patterns: tuple[str, ...]) -> bool:
    name = host.lower()[:255]
    name = name if name.startswith("[") else name.partition(":")[0]
    return any(fnmatchcase(name, pattern) for pattern in patterns)
