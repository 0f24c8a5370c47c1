"""The token service: anonymous bearer tokens that last five minutes, and the check of one.

Knows: the Docker token specification (distribution docs, spec/auth/token.md and oauth.md), JWT (RFC 7519) with HS256.
Must not know: manifests, blobs. It grants ``pull`` on the repositories that the hub has, and nothing else: asked for
more, it leaves the rest out, as Docker Hub does.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Collection, Iterable
from typing import Any, ClassVar

from inspector.lab.serving import Handler

LIFETIME = 300
"""Seconds that a token is good for."""


class TokenSigner:
    """Makes and checks tokens with one key that nobody else has."""

    def __init__(self, issuer: str, audience: str) -> None:
        self._key = secrets.token_bytes(32)
        self._issuer = issuer
        self._audience = audience

    def sign(self, access: list[dict[str, Any]], now: float) -> str:
        """A JWT with the ``access`` claim of the token specification, good from ``now`` (epoch seconds)."""
        claims = {
            "iss": self._issuer,
            "sub": "",
            "aud": self._audience,
            "iat": int(now),
            "nbf": int(now) - 5,
            "exp": int(now) + LIFETIME,
            "jti": secrets.token_hex(8),
            "access": access,
        }
        signed = f"{_encode({'typ': 'JWT', 'alg': 'HS256'})}.{_encode(claims)}"
        return f"{signed}.{self._mac(signed)}"

    def allows(self, token: str, repository: str | None, now: float) -> bool:
        """Whether the token is ours, in time, and lets its bearer pull from ``repository`` (None: any token does)."""
        signed, _, mac = token.rpartition(".")
        if not hmac.compare_digest(mac.encode(), self._mac(signed).encode()):
            return False
        claims = json.loads(_decode(signed.partition(".")[2]))
        if not claims["nbf"] <= now < claims["exp"]:
            return False
        return repository is None or any(
            entry["name"] == repository and "pull" in entry["actions"] for entry in claims["access"]
        )

    def _mac(self, signed: str) -> str:
        return _base64url(hmac.digest(self._key, signed.encode(), hashlib.sha256))


class TokenHandler(Handler):
    """``GET /token?service=&scope=`` and its OAuth2 twin ``POST /token``; everyone is anonymous."""

    place: ClassVar[str] = "token"
    signer: TokenSigner
    service: str
    repositories: Collection[str]

    async def get(self) -> None:
        """Grant by the query."""
        await self._grant(self.get_query_argument("service", ""), self.get_query_arguments("scope"))

    async def post(self) -> None:
        """Grant by the form."""
        await self._grant(self.get_body_argument("service", ""), self.get_body_arguments("scope"))

    async def _grant(self, service: str, scopes: list[str]) -> None:
        headers = {"Content-Type": "application/json"}
        if service != self.service:
            await self.answer(400, headers, json.dumps({"details": "unknown service"}).encode())
            return
        now = time.time()
        words = [word for scope in scopes for word in scope.split()]
        token = self.signer.sign(granted(words, self.repositories), now)
        issued = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        answer = {"token": token, "access_token": token, "expires_in": LIFETIME, "issued_at": issued}
        await self.answer(200, headers, json.dumps(answer).encode())


def granted(scopes: Iterable[str], repositories: Collection[str]) -> list[dict[str, Any]]:
    """The ``access`` claim for scopes like ``repository:demo/app:pull,push``: of each what an anonymous may do."""
    access = []
    for scope in scopes:
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        if kind == "repository" and name in repositories and "pull" in actions.split(","):
            access.append({"type": kind, "name": name, "actions": ["pull"]})
    return access


def _encode(value: dict[str, Any]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
