"""Amazon ECR, private: Basic with a password of 12 hours, no digest in the header of manifests."""

from inspector.quirks.registry import Registry, Signs, fits
from inspector.wire.url import host_of

_BARE = (
    "ECR sends manifests without Docker-Content-Digest; the bytes are verified against the digest asked for"
)


def _shows(signs: Signs) -> bool:
    return any(fits(host_of(realm) or realm, _HOSTS) for realm in signs.basic)


_HOSTS = ("*.dkr.ecr.*.amazonaws.com", "*.dkr.ecr.*.amazonaws.com.cn", "*.dkr-ecr.*.on.aws")
REGISTRY = Registry(
    name="ECR",
    hosts=_HOSTS,
    storage=("prod-*-starport-layer-bucket.s3.*.amazonaws.com",),
    shows=_shows,
    relax={"digest-header-missing": _BARE},
)
