"""GitLab's registry, also people's own: the token service is GitLab itself, on another host."""

from inspector.quirks.registry import Registry, Signs


def _shows(signs: Signs) -> bool:
    return any(realm.path == "/jwt/auth" and realm.service == "container_registry" for realm in signs.realms)


REGISTRY = Registry(
    name="GitLab",
    hosts=("registry.gitlab.com",),
    realms=("gitlab.com",),
    service="container_registry",
    storage=("cdn.registry.gitlab-static.net",),
    shows=_shows,
)
