"""Docker Hub: a token service and a CDN of its own, under other names than the registry's. Facts of 2026-07."""

from inspector.quirks.registry import Registry

REGISTRY = Registry(
    name="Docker Hub",
    hosts=("docker.io", "registry-1.docker.io", "index.docker.io", "registry.ipv6.docker.com"),
    realms=("auth.docker.io", "auth.ipv6.docker.com"),
    service="registry.docker.io",
    storage=(
        "production.cloudflare.docker.com",
        "production.cloudfront.docker.com",
        "docker-images-prod.*.r2.cloudflarestorage.com",
        "docker-images-prod.s3.*",
    ),
)
