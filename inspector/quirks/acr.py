"""Azure's registry: an OAuth2 token service under the registry's own name, access_token only."""

from inspector.quirks.registry import Registry, Signs


def _shows(signs: Signs) -> bool:
    """The service is the host for which the realm stands, which only ACR has under this path."""
    return any(realm.path == "/oauth2/token" and realm.service == realm.host for realm in signs.realms)


REGISTRY = Registry(
    name="ACR",
    hosts=("*.azurecr.io", "*.azurecr.cn", "*.azurecr.us"),
    realms=("*.azurecr.io", "*.azurecr.cn", "*.azurecr.us"),
    storage=("*.data.azurecr.io",),
    shows=_shows,
)
