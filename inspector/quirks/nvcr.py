"""NVIDIA's registry: a token service of its own on another host, and 401s that call themselves HTML. Facts of 2026-07."""

from inspector.quirks.registry import Registry

REGISTRY = Registry(
    name="NVIDIA",
    hosts=("nvcr.io",),
    realms=("nvcr.io", "authn.nvidia.com"),
    relax={
        "html-answer": "nvcr.io calls the JSON of its 401 text/html",
        "realm-bypasses-mirror": "nvcr.io has its token service at authn.nvidia.com: that is no mirror's mistake",
    },
)
