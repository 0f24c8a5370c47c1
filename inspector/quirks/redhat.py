"""Red Hat's registries: blobs lie with Quay; registry.access.redhat.com sends manifests without a digest. Facts of 2026-07."""

from inspector.quirks.registry import Registry, Signs


def _shows(signs: Signs) -> bool:
    return any(realm.path.endswith("/protocol/redhat-docker-v2/auth") for realm in signs.realms)


REGISTRY = Registry(
    name="Red Hat",
    hosts=("registry.redhat.io", "registry.access.redhat.com"),
    realms=("registry.redhat.io",),
    service="docker-registry",
    shows=_shows,
    relax={
        "digest-header-missing": "registry.access.redhat.com sends manifests without Docker-Content-Digest",
        "length-missing": "registry.access.redhat.com sends manifests in chunks, without a length",
    },
)
