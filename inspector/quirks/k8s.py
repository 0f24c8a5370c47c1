"""registry.k8s.io: a redirector to other registries, without tokens; its `/v2/` is an empty 200 that calls itself HTML.
Facts of 2026-08.
"""

from inspector.quirks.registry import Registry, Signs


def _shows(signs: Signs) -> bool:
    """Its own images lie in a project of this name, wherever they are served from."""
    return any("/v2/k8s-artifacts-prod/" in location for location in signs.locations)


REGISTRY = Registry(
    name="registry.k8s.io",
    hosts=("registry.k8s.io",),
    shows=_shows,
    relax={
        "redirect-leaves-mirror": "registry.k8s.io sends every client on to the registry nearest to it: that is what it is for",
        "html-answer": "registry.k8s.io answers /v2/ with an empty 200 that calls itself HTML",
        "not-a-registry": "registry.k8s.io answers /v2/ with an empty 200 that calls itself HTML",
    },
)
