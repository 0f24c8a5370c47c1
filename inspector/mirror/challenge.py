"""Challenges: what the upstream's says, whether its realm may be believed, and what the client sees in its place.

Knows: RFC 9110 section 11, the token specification, registrable domains. Must not know: resolvers, flows, tokens.

A realm is where credentials go, and the upstream chose it. So it must be the upstream's known one, on its own host or
registrable domain, or configured (CVE-2026-33540, CVE-2026-48978); where its name leads is judged when it is dialled.
"""

import ipaddress
import re
from functools import lru_cache

import msgspec

from inspector.mirror.model import Headers, Target, Upstream
from inspector.mirror.names import scope_for_client
from inspector.wire.challenge import Challenge, parse_challenges
from inspector.wire.url import absolute, split

HEADER = "www-authenticate"

# Token services that are known to lie on another domain than their registry (their own documentation).
_KNOWN = {
    "docker.io": ("auth.docker.io",),
    "nvcr.io": ("authn.nvidia.com",),
}

NO_TOKEN = "no-token-is-needed"  # noqa: S105 - says so
"""What a client gets of the mirror as a token for an upstream that asks for none. It goes no further."""

_UNSAFE = re.compile(r"[^\x21\x23-\x5b\x5d-\x7e ]")  # RFC 6749 section 3.3, scope-token, and the space
_ERROR = re.compile(r"[a-z_]{1,32}")
_LONGEST = 1024


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What an upstream asks for. ``realm`` None: no Bearer challenge that may be followed; ``problem`` says why not."""

    realm: str | None = None
    service: str = ""
    scopes: tuple[str, ...] = ()
    basic: bool = False
    problem: str | None = None


def read(upstream: Upstream, values: list[str], base: str) -> Known:
    """What the WWW-Authenticate ``values`` of an answer to ``base`` (a URL) ask for. Never raises."""
    challenges = parse_challenges(values)
    basic = any(challenge.scheme == "basic" for challenge in challenges)
    problem: str | None = None
    for challenge in challenges:
        if challenge.scheme != "bearer":
            continue
        realm, why = accepted_realm(upstream, challenge, base)
        if realm:
            service = _plain(challenge.service or "")
            return Known(realm=realm, service=service, scopes=challenge.scopes, basic=basic)
        problem = problem or why
    if not basic and problem is None:
        schemes = ", ".join(sorted({challenge.scheme for challenge in challenges if challenge.scheme}))
        problem = f"its challenge offers neither Bearer nor Basic ({schemes or 'unreadable'})"
    return Known(basic=basic, problem=problem)


def accepted_realm(upstream: Upstream, challenge: Challenge, base: str) -> tuple[str | None, str]:
    """The realm's URL, or None and a sentence."""
    text = challenge.realm or ""
    url = absolute(base, text)
    parts = split(url) if url else None
    if (
        url is None
        or parts is None
        or split(text) is None
        or not text.lower().startswith(("http:", "https:"))
    ):
        return None, "its challenge names no realm that is a URL"
    if "@" in url.partition("//")[2].partition("/")[0]:
        return None, "its realm holds credentials"
    if not trusts_realm(upstream, parts.host):
        return None, f"its realm is on {parts.host}, which is neither its own domain nor configured (realms)"
    return url, ""


def trusts_realm(upstream: Upstream, host: str) -> bool:
    """Whether credentials for the upstream may go to ``host``, which its challenge named."""
    name = host.removeprefix("[").removesuffix("]").removesuffix(".").lower()
    if name in {realm.lower() for realm in (*upstream.realms, *_KNOWN.get(upstream.name, ()))}:
        return True
    own = {origin.host for origin in upstream.origins}
    if name in own:
        return True
    mine = registrable(name)
    return mine is not None and any(registrable(host) == mine for host in own)


@lru_cache(maxsize=512)
def registrable(host: str) -> str | None:
    """The domain under which ``host`` was registered (``docker.io`` of ``auth.docker.io``); None of an address or suffix."""
    from publicsuffix2 import get_tld  # type: ignore[import-untyped]  # it has no types

    try:
        ipaddress.ip_address(host)
    except ValueError:
        suffix = get_tld(host, strict=False) or host
        above = host.removesuffix(suffix).rstrip(".").rpartition(".")[2] if host != suffix else ""
        return f"{above}.{suffix}" if above else None
    return None


def leaves_tls(upstream: Upstream, realm: str) -> bool:
    """Whether the registry is reached by TLS and its token service is not: credentials may not go there."""
    return realm.startswith("http:") and upstream.origins[0].scheme == "https"


# -- what the client sees ----------------------------------------------------------------------------------------------


def for_client(values: list[str], known: Known, target: Target, base: str) -> Headers:
    """The WWW-Authenticate fields in place of the upstream's ``values``: one realm, the mirror's own token endpoint."""
    found: list[tuple[str, str]] = []
    for challenge in parse_challenges(values):
        if (
            challenge.scheme == "bearer"
            and known.realm
            and accepted_realm(target.upstream, challenge, base)[0]
        ):
            found.append((HEADER, _bearer(challenge, target)))
        elif challenge.scheme == "basic":
            found.append((HEADER, f'Basic realm="{_plain(target.own.partition("//")[2])}"'))
    return tuple(dict.fromkeys(found))


def _bearer(challenge: Challenge, target: Target) -> str:
    realm = f"{target.own}/token"
    if target.named:
        realm += f"/{target.upstream.name}"
    parts = [f'Bearer realm="{_plain(realm)}"']
    if challenge.service is not None:
        parts.append(f'service="{_plain(challenge.service)}"')
    if challenge.scopes:
        asked, repository = target.asked or "", target.repository or ""
        scopes = [scope_for_client(scope, asked=asked, repository=repository) for scope in challenge.scopes]
        parts.append(f'scope="{_plain(" ".join(scopes))}"')
    error = challenge.params.get("error", "")
    if _ERROR.fullmatch(error):
        parts.append(f'error="{error}"')
    return ",".join(parts)


def _plain(text: str) -> str:
    """What may stand between quotes in a header without an escape."""
    return _UNSAFE.sub("", text[:_LONGEST])
