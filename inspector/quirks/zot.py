"""Zot, under people's own names: it writes a challenge on a `/v2/` that it answers with 200, without quotes. Facts of 2026-08."""

from inspector.quirks.registry import Registry, Signs


def _shows(signs: Signs) -> bool:
    return signs.header("server").startswith("zot")


REGISTRY = Registry(
    name="Zot",
    shows=_shows,
    relax={"challenge-malformed": "Zot writes its challenge without quotes; clients take it so"},
)
