"""Chainguard's registry."""

from inspector.quirks.registry import Registry

REGISTRY = Registry(name="Chainguard", hosts=("cgr.dev",), realms=("cgr.dev",), service="cgr.dev")
