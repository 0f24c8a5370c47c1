"""The mirror's token endpoint: what a client asks, and what is asked of the upstream's token service in its place.

Knows: the token and oauth2 specifications' parameters, names in scopes. Must not know: tokens' contents, connections.
The realm and the service are the upstream's own, whatever the client says; parameters are taken from a list and encoded
anew, so that none can be smuggled into another (devcontainers/cli#1276).
"""

import json
import re

import msgspec

from inspector.mirror.challenge import NO_TOKEN, Known, leaves_tls
from inspector.mirror.errors import refuse
from inspector.mirror.model import (
    Answer,
    Credentials,
    FetchToken,
    Headers,
    Secret,
    Settings,
    TokenAsk,
    TokenKey,
    Upstream,
)
from inspector.mirror.names import scope_parts
from inspector.mirror.policy import scopes_of
from inspector.mirror.request import header, pairs_of
from inspector.mirror.routing import Routed, route
from inspector.wire.reference import valid_repository

# RFC 6749 section 3.3: scope-token
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,1024}")
_PASSED = (
    "account",
    "client_id",
    "offline_token",
    "access_type",
    "grant_type",
    "username",
    "password",
    "refresh_token",
)
_SECRETS = frozenset({"username", "password", "refresh_token", "account"})
_FORM = "application/x-www-form-urlencoded"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the client wants: a token of this upstream, for these scopes in the upstream's names. ``anonymous``: no secrets."""

    upstream: Upstream
    scopes: tuple[str, ...]
    method: str
    pairs: tuple[tuple[str, Secret], ...]
    authorization: Secret | None

    @property
    def anonymous(self) -> bool:
        """Nobody is named: the answer may be shared."""
        return self.authorization is None and not any(name in _SECRETS for name, _ in self.pairs)


def read(
    fetch: FetchToken, method: str, headers: Headers, form: bytes, settings: Settings
) -> Wanted | Answer:
    """What is wanted, or the refusal of what makes no sense."""
    pairs = pairs_of(fetch.query)
    if method == "POST":
        if (header(headers, "content-type") or _FORM).partition(";")[0].strip().lower() != _FORM:
            return refuse(
                415, "UNSUPPORTED", "the token endpoint takes a form, as the token specification says"
            )
        pairs += pairs_of(form.decode("utf-8", errors="replace"))
    scopes = scopes_of(pairs)
    if any(not _SCOPE.fullmatch(scope) for scope in scopes):
        return refuse(400, "NAME_INVALID", "a scope holds what no scope can (RFC 6749, section 3.3)")
    mapped = _map(fetch, scopes, settings)
    if isinstance(mapped, Answer):
        return mapped
    upstream, names = mapped
    given = header(headers, "authorization")
    basic = given if given and given.partition(" ")[0].lower() == "basic" else None
    return Wanted(
        upstream=upstream,
        scopes=names,
        method=method,
        pairs=tuple((name, Secret(value)) for name, value in pairs if name in _PASSED),
        authorization=Secret(basic) if basic else None,
    )


def _map(
    fetch: FetchToken, scopes: list[str], settings: Settings
) -> tuple[Upstream, tuple[str, ...]] | Answer:
    found: list[Upstream] = []
    names: list[str] = []
    for scope in scopes:
        parts = scope_parts(scope)
        if parts is None:
            names.append(scope)
            continue
        kind, name, actions = parts
        if not valid_repository(name):
            return refuse(400, "NAME_INVALID", "the scope names no repository that a registry can have")
        chosen = route(settings, fetch.host, [], name, named=fetch.named)
        if isinstance(chosen, Answer):
            return chosen
        found.append(chosen.upstream)
        names.append(f"{kind}:{chosen.repository}:{actions}")
    if not found:
        default: Routed | Answer = route(settings, fetch.host, [], None, named=fetch.named)
        if isinstance(default, Answer):
            return default
        found.append(default.upstream)
    if len({upstream.name for upstream in found}) > 1:
        return refuse(400, "DENIED", "the scopes are of several upstreams: one token cannot be for all")
    return found[0], tuple(names)


def ask_for_client(wanted: Wanted, known: Known) -> TokenAsk | Answer:
    """What to ask of the upstream's token service for a client."""
    if known == Known():
        return _nobody()
    if known.realm is None:
        why = (
            known.problem
            or "it asks for a password and has no token service: pull by a host of its own (hosts)"
        )
        return refuse(
            404 if known.problem is None else 502, "UNSUPPORTED", f"mirror of {wanted.upstream.name}: {why}"
        )
    if not wanted.anonymous and leaves_tls(wanted.upstream, known.realm):
        return refuse(
            502,
            "DENIED",
            f"mirror of {wanted.upstream.name}: its token service is plain HTTP, credentials do not go there",
        )
    key = TokenKey(
        upstream=wanted.upstream.name,
        credential="" if wanted.anonymous else "client",
        realm=known.realm,
        service=known.service,
        scopes=wanted.scopes,
    )
    if wanted.anonymous:
        return TokenAsk(key=key, egress=wanted.upstream.egress)
    return TokenAsk(
        key=key,
        egress=wanted.upstream.egress,
        method="POST" if wanted.method == "POST" else "GET",
        pairs=wanted.pairs,
        authorization=wanted.authorization,
    )


def _nobody() -> Answer:
    """For an upstream that asks for nothing, reached by a mirror whose ping asked for another's token."""
    body = json.dumps({"token": NO_TOKEN, "access_token": NO_TOKEN, "expires_in": 300}).encode()
    headers = (("content-type", "application/json"), ("content-length", str(len(body))))
    return Answer(status=200, headers=headers, body=body, reason="no token is needed")


def ask_for_mirror(
    upstream: Upstream, known: Known, scopes: tuple[str, ...], credential: str
) -> TokenAsk | None:
    """What the mirror asks for itself (*own*); ``credential``: keyed hash of its credentials. None: no token service.

    Where the token service is plain HTTP beside a registry with TLS, the mirror asks without its credentials.
    """
    if known.realm is None:
        return None
    own = upstream.credentials
    if own is not None and leaves_tls(upstream, known.realm):
        own = None
    key = TokenKey(
        upstream=upstream.name,
        credential=credential if own else "",
        realm=known.realm,
        service=known.service,
        scopes=scopes,
    )
    return TokenAsk(key=key, egress=upstream.egress, authorization=Secret(basic(own)) if own else None)


def basic(credentials: Credentials) -> str:
    """The Authorization value of RFC 7617."""
    from base64 import b64encode

    text = f"{credentials.username}:{credentials.password.reveal()}"
    return f"Basic {b64encode(text.encode()).decode()}"
