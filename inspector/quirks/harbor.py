"""Harbor, which people run under names of their own: told by its token service. Facts of 2026-08, from its source."""

from inspector.quirks.registry import Registry, Signs


def _shows(signs: Signs) -> bool:
    return "harbor" in signs.basic or any(realm.service == "harbor-registry" for realm in signs.realms)


REGISTRY = Registry(
    name="Harbor",
    shows=_shows,
    relax={
        "token-ignored": "Harbor answers a token that does not reach far enough with a Basic challenge",
        "head-get-differ": "Harbor refuses HEAD without a token even where GET needs none",
    },
)
