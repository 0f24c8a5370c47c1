"""Token service: what is asked of it, what it answers, and what of that may be kept.

Knows: the Docker token specification (token, oauth2, scope, jwt), RFC 6749, RFC 7519. Must not know: how pseudonyms
are made, or whether a signature is right. Behind ``redact_token_answer`` no token is left to see; it keeps by
allow-list, so a field that it does not know never passes.
"""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from inspector.wire.clean import clean
from inspector.wire.instant import parse_rfc3339
from inspector.wire.jsontext import load
from inspector.wire.jwt import jwt_claims as jwt_claims  # noqa: PLC0414 - re-export: callers know tokens by this module
from inspector.wire.opening import opening

LIMIT = 1024 * 1024
"""Bytes of a token answer that are read; clients stop at 64 KiB or at 1 MiB."""

_START = 40
_YES = frozenset({"true", "1"})
_MOST = 100  # scopes, audiences, access entries
_SECRET_KEYS = ("token", "access_token", "refresh_token")

# A value that the boundary has already replaced: ‹token 3fa9c1d2›
_PSEUDONYM = re.compile(r"‹[a-z0-9 _.-]{1,48}›")


class Scope(msgspec.Struct, frozen=True):
    """One scope; ``type`` without its class, which only plugins have: ``repository(plugin)``."""

    type: str
    name: str
    actions: tuple[str, ...]
    resource_class: str | None = None


class Access(msgspec.Struct, frozen=True):
    """One entry of a token's access claim."""

    type: str
    name: str
    actions: tuple[str, ...]


class Claims(msgspec.Struct, frozen=True):
    """The claims of a JWT that may be kept; times in epoch seconds. ``access`` is None when the claim is absent."""

    issuer: str | None = None
    audience: tuple[str, ...] = ()
    access: tuple[Access, ...] | None = None
    expires: int | None = None
    not_before: int | None = None
    issued: int | None = None


class TokenAnswer(msgspec.Struct, frozen=True):
    """A redacted answer: tokens are pseudonyms, ``expires_in`` seconds, ``issued_at`` epoch seconds.

    ``is_object`` is false when the body was no JSON object; ``start`` then has its first characters. ``opaque`` is true
    when there is a token whose claims cannot be read.
    """

    is_object: bool
    token: str | None = None
    access_token: str | None = None
    refresh: bool = False
    expires_in: int | None = None
    issued_at: float | None = None
    scope: str | None = None
    claims: Claims | None = None
    opaque: bool = False
    start: str = ""


class TokenRequest(msgspec.Struct, frozen=True):
    """What is asked of a token service; ``account`` says whether a user is named, never which."""

    service: str | None = None
    scopes: tuple[str, ...] = ()
    account: bool = False
    grant_type: str | None = None
    client_id: str | None = None
    offline: bool = False


# -- requests ----------------------------------------------------------------------------------------------------------


def parse_token_request(query: str, form: bytes | None) -> TokenRequest:
    """Service, scopes and the like from the query of a GET, and from the form of a POST."""
    pairs = _pairs(query) + _pairs(form[:LIMIT].decode(errors="replace") if form else "")
    first: dict[str, str] = {}
    scopes: list[str] = []
    for name, value in pairs:
        first.setdefault(name.lower(), value)
        if name.lower() == "scope":
            scopes += [clean(scope, 1024) for scope in value.split()]
    return TokenRequest(
        service=_text(first.get("service"), 256),
        scopes=tuple(scopes[:_MOST]),
        account=bool(first.get("account") or first.get("username")),
        grant_type=_text(first.get("grant_type"), 64),
        client_id=_text(first.get("client_id"), 256),
        offline=first.get("offline_token", "").lower() in _YES or first.get("access_type") == "offline",
    )


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text[: 64 * 1024].encode(errors="replace").decode(), keep_blank_values=True)
    except ValueError:
        return []


# distribution docs, spec/auth/scope.md, Resource Scope Grammar
#   resourcescope := resourcetype ":" resourcename ":" action [ "," action ]*
#   resourcetype  := resourcetypevalue [ "(" resourcetypevalue ")" ]
#   resourcetypevalue := /[a-z0-9]+/
_RESOURCE_TYPE = re.compile(r"([a-z0-9]+)(?:\(([a-z0-9]+)\))?")


def parse_scope(text: str) -> Scope | None:
    """``repository:library/alpine:pull`` taken apart; the name may hold colons, as that of a host with a port."""
    kind, _, rest = text[:4096].partition(":")
    name, colon, actions = rest.rpartition(":")
    match = _RESOURCE_TYPE.fullmatch(kind)
    if match is None or not colon or not name:
        return None
    found = tuple(clean(action, 64) for action in actions.split(",") if action)
    return Scope(match[1], clean(name, 1024), found, match[2])


# -- answers -----------------------------------------------------------------------------------------------------------


def parse_token_answer(document: bytes) -> TokenAnswer:
    """What a (redacted) answer says; ``is_object`` is false for everything that is no JSON object."""
    value = _object(document)
    if value is None:
        return TokenAnswer(is_object=False, start=opening(document, _START))
    token, access_token = _text(value.get("token"), 8192), _text(value.get("access_token"), 8192)
    claims = value.get("claims")
    if not isinstance(claims, dict):
        claims = _kept_claims(value)
    issued_at = value.get("issued_at")
    return TokenAnswer(
        is_object=True,
        token=token,
        access_token=access_token,
        refresh=bool(value.get("refresh_token")),
        expires_in=_whole(value.get("expires_in")),
        issued_at=parse_rfc3339(issued_at) if isinstance(issued_at, str) else None,
        scope=_text(value.get("scope"), 1024),
        claims=_claims(claims) if claims is not None else None,
        opaque=bool(token or access_token) and claims is None,
    )


def _object(data: bytes) -> dict[str, Any] | None:
    """The answer's fields under names in lower case, as Go's decoder matches them; a BOM makes clients fail."""
    loaded = load(data, LIMIT)
    if loaded is None or loaded.bom or not isinstance(loaded.value, dict):
        return None
    return {key.lower(): item for key, item in loaded.value.items()}


def _claims(claims: dict[str, Any]) -> Claims:
    audience = claims.get("aud")
    texts = audience if isinstance(audience, list) else [audience]
    access = claims.get("access")
    return Claims(
        issuer=_text(claims.get("iss"), 256),
        audience=tuple(clean(text, 256) for text in texts[:_MOST] if isinstance(text, str)),
        access=tuple(_access(entry) for entry in access[:_MOST] if isinstance(entry, dict))
        if isinstance(access, list)
        else None,
        expires=_whole(claims.get("exp")),
        not_before=_whole(claims.get("nbf")),
        issued=_whole(claims.get("iat")),
    )


def _access(entry: dict[str, Any]) -> Access:
    actions = entry.get("actions")
    texts = actions if isinstance(actions, list) else []
    return Access(
        type=_text(entry.get("type"), 64) or "",
        name=_text(entry.get("name"), 1024) or "",
        actions=tuple(clean(action, 64) for action in texts[:_MOST] if isinstance(action, str)),
    )


# -- the boundary ------------------------------------------------------------------------------------------------------


def redact_token_answer(data: bytes, pseudonym: Callable[[str], str]) -> bytes:
    """A raw answer as a small JSON document in which ``pseudonym(value)`` stands for each token.

    Kept: the tokens' names, ``expires_in``, ``issued_at``, ``scope``, and under ``claims`` the JWT's iss, aud, exp, nbf,
    iat and access. A body that is no JSON object becomes a JSON string of its first characters. Applying it twice
    changes nothing more.
    """
    value = _object(data)
    if value is None:
        return _dump(opening(data, _START))
    kept: dict[str, Any] = {}
    for name in _SECRET_KEYS:
        secret = value.get(name)
        if isinstance(secret, str):
            done = not secret or _PSEUDONYM.fullmatch(secret)
            kept[name] = secret if done else pseudonym(secret)
    for name in ("expires_in", "issued_at", "scope"):
        if name in value:
            kept[name] = _plain(value[name])
    claims = value.get("claims")
    if isinstance(claims, dict) and _is_redacted(value):
        kept["claims"] = _allowed(claims)
    elif (own := _kept_claims(value)) is not None:
        kept["claims"] = own
    return _dump(kept)


def _is_redacted(value: dict[str, Any]) -> bool:
    """Whether the first token is a pseudonym already: only then is ``claims`` ours, and not the server's."""
    return any(isinstance(v := value.get(name), str) and _PSEUDONYM.fullmatch(v) for name in _SECRET_KEYS)


def _kept_claims(value: dict[str, Any]) -> dict[str, Any] | None:
    for name in ("token", "access_token"):
        token = value.get(name)
        if isinstance(token, str) and token:
            claims = jwt_claims(token)
            return None if claims is None else _allowed(claims)
    return None


def _allowed(claims: dict[str, Any]) -> dict[str, Any]:
    """The claims of the allow-list, in the types that they have by RFC 7519 and the token specification."""
    read = _claims(claims)
    numbers = {"exp": read.expires, "nbf": read.not_before, "iat": read.issued}
    kept: dict[str, Any] = {name: number for name, number in numbers.items() if number is not None}
    if read.issuer is not None:
        kept["iss"] = read.issuer
    if read.audience:
        kept["aud"] = list(read.audience)
    if read.access is not None:
        kept["access"] = [{"type": a.type, "name": a.name, "actions": list(a.actions)} for a in read.access]
    return kept


def _plain(value: Any) -> Any:
    """A number or a short text as it is; anything else, which could hide anything, as null."""
    if isinstance(value, str):
        return clean(value, 1024)
    return value if value is True or value is False or _whole(value) is not None else None


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _text(value: Any, limit: int) -> str | None:
    return clean(value, limit) if isinstance(value, str) and value else None


def _whole(value: Any) -> int | None:
    """A whole number of at most 64 bits; 3e2 counts, true does not."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        return None
    return value
