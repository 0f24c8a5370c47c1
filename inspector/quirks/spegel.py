"""Spegel, a mirror among the nodes of a cluster: what no node has is its 404, and the client goes on. Facts of 2026-08,
from its source.
"""

from inspector.quirks.registry import Registry, Signs


def _shows(signs: Signs) -> bool:
    """It names the upstream in its answers, and itself in Server."""
    return "spegel" in signs.header("server")


_MISS = "a miss is Spegel's 404: the client is meant to go on to the registry itself"
REGISTRY = Registry(
    name="Spegel",
    shows=_shows,
    relax={"tag-not-found": _MISS, "blob-unknown": _MISS, "mirror-bypassed": _MISS},
)
