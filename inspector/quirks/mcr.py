"""Microsoft's public images: no token at all."""

from inspector.quirks.registry import Registry

REGISTRY = Registry(
    name="MCR", hosts=("mcr.microsoft.com",), storage=("*.data.mcr.microsoft.com", "*.cdn.mscr.io")
)
