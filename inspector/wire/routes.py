"""Registry routes: what a request's path asks for.

Knows: the endpoints of distribution-spec v1.1, the older ones of Docker and the two places of detached signatures.
Must not know: methods' effects, hosts, or whether the name exists. Names are matched from the right end, as a
repository may itself be called ``blobs`` or ``manifests``.
"""

import re
from enum import StrEnum
from urllib.parse import parse_qsl, unquote

import msgspec

from inspector.wire.clean import clean
from inspector.wire.digest import is_digest, parse_digest

_LONGEST_PATH = 8 * 1024
_MOST_TRIES = 8


class RouteKind(StrEnum):
    """What a path asks for."""

    PING = "ping"
    MANIFEST = "manifest"
    BLOB = "blob"
    UPLOAD = "upload"
    TAGS = "tags"
    CATALOG = "catalog"
    REFERRERS = "referrers"
    SEARCH = "search"
    SIGNATURE = "signature"


class Route(msgspec.Struct, frozen=True):
    """A path that is a registry's.

    ``repository`` is percent-decoded once and not validated. ``reference`` is a manifest's tag or digest, a blob's or
    a subject's digest, or the digest that an upload names. ``prefix`` is what stands before ``/v2/``, or empty.
    """

    kind: RouteKind
    repository: str | None = None
    reference: str | None = None
    prefix: str = ""

    @property
    def is_digest(self) -> bool:
        """The reference is a digest."""
        return self.reference is not None and is_digest(self.reference)

    @property
    def is_tag(self) -> bool:
        """The reference of a manifest, and no digest."""
        return self.kind is RouteKind.MANIFEST and self.reference is not None and ":" not in self.reference


# distribution-spec v1.1, Endpoints, in the order in which they are tried. ``<name>`` is one or more segments,
# ``<reference>`` exactly one; the methods of each are in the spec's own table.
#   end-1                 /v2/
#   end-2, 10             /v2/<name>/blobs/<digest>
#   end-3, 7, 9           /v2/<name>/manifests/<reference>
#   end-4a, 4b, 11        /v2/<name>/blobs/uploads/
#   end-5, 6, 13, 14      /v2/<name>/blobs/uploads/<session>
#   end-8a, 8b            /v2/<name>/tags/list
#   end-12a, 12b          /v2/<name>/referrers/<digest>
_NAME, _REFERENCE, _SESSION = "<name>", "<reference>", "<session>"
_ENDPOINTS: tuple[tuple[tuple[str, ...], RouteKind], ...] = (
    ((_NAME, "blobs", "uploads", _SESSION), RouteKind.UPLOAD),
    ((_NAME, "blobs", "uploads"), RouteKind.UPLOAD),
    ((_NAME, "manifests", _REFERENCE), RouteKind.MANIFEST),
    ((_NAME, "blobs", _REFERENCE), RouteKind.BLOB),
    ((_NAME, "tags", "list"), RouteKind.TAGS),
    ((_NAME, "referrers", _REFERENCE), RouteKind.REFERRERS),
)

# Not of the spec: Docker's catalog and search, and containers/image's signature extension of OpenShift.
_CATALOG = "_catalog"
_V1_SEARCH = "/v1/search"
_V2_SEARCH = "search"
_EXTENSION = re.compile(r"(.*)/extensions/v2/(.+)/signatures/([^/]+)", re.DOTALL)

# containers/image docs/signature-protocols.md: <base>/<name>@<algorithm>=<value>/signature-<index>
_LOOKASIDE = re.compile(r"(.*)@([a-z0-9+._-]+)=([0-9a-f]+)/signature-[0-9]{1,6}", re.DOTALL)
_SIGSTORE = "/sigstore/"

# cosign's and the referrers fallback's tags: <algorithm>-<value>[.<what>]  (distribution-spec v1.1, Referrers Tag Schema)
_TAG_SCHEME = re.compile(r"(sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})(?:\.(sig|att|sbom))?")


def parse_route(path: str, query: str = "") -> Route | None:
    """The route of a path (percent-encoded, without query), or None when it is no registry's."""
    if len(path) > _LONGEST_PATH or not path.startswith("/"):
        return None
    text = clean(unquote(path), _LONGEST_PATH)
    if "/signature" in text and (signature := _signature(text)):
        return signature
    if text in {"/v2", "/v2/"}:
        return Route(RouteKind.PING)
    if text.rstrip("/") == _V1_SEARCH:
        return Route(RouteKind.SEARCH)
    at = text.find("/v2/")
    for _ in range(_MOST_TRIES):  # a prefix may hold "/v2/" too: the first place that makes sense counts
        if at < 0:
            return None
        found = _below_v2(text[at + 4 :], prefix=text[:at], query=query)
        if found:
            return found
        at = text.find("/v2/", at + 3)
    return None


def _below_v2(tail: str, *, prefix: str, query: str) -> Route | None:
    if not tail:
        return Route(RouteKind.PING, prefix=prefix)
    if tail == _CATALOG:
        return Route(RouteKind.CATALOG, prefix=prefix)
    segments = tail.split("/")
    for pattern, kind in _ENDPOINTS:
        found = _match(pattern, segments)
        if found:
            name, reference = found
            if kind is RouteKind.UPLOAD:
                reference = _upload_digest(query)
            return Route(kind, name, reference, prefix)
    return Route(RouteKind.SEARCH, prefix=prefix) if segments[0] == _V2_SEARCH else None


def _match(pattern: tuple[str, ...], segments: list[str]) -> tuple[str, str | None] | None:
    """Name and reference when the last segments are those of the pattern and a name is left before them."""
    fixed = pattern[1:]
    name, last = segments[: -len(fixed)], segments[-len(fixed) :]
    if not "".join(name):
        return None
    reference = None
    for want, have in zip(fixed, last, strict=True):
        if want == _REFERENCE:
            if not have:
                return None
            reference = have
        elif want not in (_SESSION, have):
            return None
    return "/".join(name), reference


def _upload_digest(query: str) -> str | None:
    """The digest that an upload is closed with (end-4b, end-6) or mounts (end-11)."""
    for name, value in parse_qsl(query[:_LONGEST_PATH]):
        if name in {"digest", "mount"} and is_digest(value):
            return value
    return None


def _signature(text: str) -> Route | None:
    match = _EXTENSION.fullmatch(text)
    if match:
        return Route(RouteKind.SIGNATURE, match[2], match[3], match[1])
    match = _LOOKASIDE.fullmatch(text)
    if match is None or parse_digest(f"{match[2]}:{match[3]}") is None:
        return None
    # Where the base ends cannot be told from the path; the customary last segment of a base is "sigstore".
    prefix, base, name = match[1].rpartition(_SIGSTORE)
    prefix = (prefix + base).rstrip("/")
    return Route(RouteKind.SIGNATURE, name.strip("/") or None, f"{match[2]}:{match[3]}", prefix)


def signature_of(reference: str) -> str | None:
    """The digest that cosign's tag scheme names (``sha256-<hex>.sig``, ``.att``, ``.sbom``); None for other text."""
    match = _TAG_SCHEME.fullmatch(reference)
    return match[1].replace("-", ":", 1) if match and match[2] else None


def referrers_tag_of(reference: str) -> str | None:
    """The digest that a tag of the referrers fallback names (``sha256-<hex>``, no suffix); None for other text."""
    match = _TAG_SCHEME.fullmatch(reference)
    return match[1].replace("-", ":", 1) if match and not match[2] else None
