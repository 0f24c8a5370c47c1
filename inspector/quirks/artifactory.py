"""JFrog Artifactory, under people's own names, often with a path for each repository."""

from inspector.quirks.registry import Registry, Signs


def _shows(signs: Signs) -> bool:
    return (
        "Artifactory Realm" in signs.basic
        or any(realm.path.startswith("/artifactory/api/docker/") for realm in signs.realms)
        or any(name in ("x-jfrog-version", "x-artifactory-id") for name, _ in signs.headers)
    )


REGISTRY = Registry(name="Artifactory", hosts=("*.jfrog.io",), shows=_shows)
