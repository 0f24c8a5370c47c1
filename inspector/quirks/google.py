"""Google's Artifact Registry, and gcr.io in it: no service, gcr.io's realm unquoted, relative and single-use redirects.
Facts of 2026-08.
"""

from inspector.quirks.registry import Registry, Signs


def _shows(signs: Signs) -> bool:
    return any("/artifacts-downloads/" in location for location in signs.locations)


REGISTRY = Registry(
    name="Artifact Registry",
    hosts=("*-docker.pkg.dev", "gcr.io", "*.gcr.io"),
    shows=_shows,
    relax={
        "challenge-malformed": "Google's challenges have no service, and gcr.io's stand without quotes; clients take them so"
    },
)
