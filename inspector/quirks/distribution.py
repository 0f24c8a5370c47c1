"""The CNCF's distribution, bare: told by its version header where nothing tells of another product that is built on it."""

from inspector.quirks.registry import Registry, Signs


def _shows(signs: Signs) -> bool:
    return "registry/2.0" in signs.header("docker-distribution-api-version")


REGISTRY = Registry(name="distribution", shows=_shows)
