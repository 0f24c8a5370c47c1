"""Quay, and what people run of it: the token service is a route of the registry. Facts of 2026-08."""

from inspector.quirks.registry import Registry

REGISTRY = Registry(
    name="Quay",
    hosts=("quay.io",),
    realms=("quay.io",),
    service="quay.io",
    storage=("cdn.quay.io", "cdn0[1-3].quay.io"),
)
