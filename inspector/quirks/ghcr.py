"""GitHub's registry: its token service refuses what is private or missing, and its ping names a repository that nobody
asked for. Facts of 2026-02.
"""

from inspector.quirks.registry import Registry

REGISTRY = Registry(
    name="GHCR",
    hosts=("ghcr.io",),
    realms=("ghcr.io",),
    service="ghcr.io",
    storage=("pkg-containers.githubusercontent.com",),
)
