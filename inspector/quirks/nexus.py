"""Sonatype Nexus, under people's own names: a port or a host for each repository."""

from inspector.quirks.registry import Registry, Signs


def _shows(signs: Signs) -> bool:
    return "Sonatype Nexus Repository Manager" in signs.basic or "nexus/" in signs.header("server")


REGISTRY = Registry(name="Nexus", shows=_shows)
