"""Every registry whose ways are known, and the questions that rules ask of them.

A module of this package with a ``REGISTRY`` is one. Knows: where they are found. Must not know: any of them by name.
"""

import pkgutil
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import import_module

import inspector.quirks
from inspector.quirks.registry import Registry, Signs, fits


@cache
def registries() -> tuple[Registry, ...]:
    """All of them, by module name."""
    names = sorted(module.name for module in pkgutil.iter_modules(inspector.quirks.__path__))
    modules = [import_module(f"inspector.quirks.{name}") for name in names]
    return tuple(
        module.REGISTRY for module in modules if isinstance(getattr(module, "REGISTRY", None), Registry)
    )


@lru_cache(maxsize=256)
def by_host(host: str) -> Registry | None:
    """The registry that answers under this host name."""
    return next((one for one in registries() if fits(host, one.hosts)), None)


@lru_cache(maxsize=256)
def by_realm(host: str, service: str | None) -> Registry | None:
    """The registry whose token service this is: host of the realm and service, both."""
    return next((one for one in registries() if one.owns_realm(host, service)), None)


@lru_cache(maxsize=256)
def by_storage(host: str) -> Registry | None:
    """The registry that keeps its blobs there. Quay's storage also serves Red Hat's images."""
    return next((one for one in registries() if fits(host, one.storage)), None)


def shown_by(signs: Signs) -> tuple[Registry, ...]:
    """The registries that a host's signs tell of: several, where a mirror passes on what another sends."""
    return tuple(one for one in registries() if one.is_shown_by(signs))


def reason(found: Iterable[Registry], code: str) -> str | None:
    """Why ``code`` is not held against a host that is one of these; None when it is."""
    return next((one.relax[code] for one in found if code in one.relax), None)
