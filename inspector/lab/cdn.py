"""The CDN: blobs under signed URLs that expire.

Knows: blobs by digest, Range (RFC 9110 section 14). Must not know: repositories, bearer tokens. As the stores behind
real registries do, it refuses a request that brings an Authorization besides the signature in the URL.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Mapping
from typing import ClassVar

from inspector.lab.serving import Handler

LIFETIME = 600
"""Seconds that a signed URL is good for."""

RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class UrlSigner:
    """Makes and checks signed URLs with one key, shared by the registry and the CDN."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._key = secrets.token_bytes(32)

    def sign(self, digest: str, now: float) -> str:
        """The URL of a blob, good for ``LIFETIME`` seconds from ``now``: ``…/data?verify=EPOCH-SIGNATURE``."""
        path = blob_path(digest)
        expires = int(now) + LIFETIME
        return f"https://{self._host}{path}?verify={expires}-{self._mac(path, expires)}"

    def allows(self, path: str, verify: str, now: float) -> bool:
        """Whether ``verify`` was signed for this very path and is still in time."""
        expires, _, mac = verify.partition("-")
        if not expires.isascii() or not expires.isdigit() or len(expires) > 12:
            return False
        return now < int(expires) and hmac.compare_digest(
            mac.encode(), self._mac(path, int(expires)).encode()
        )

    def _mac(self, path: str, expires: int) -> str:
        return hmac.new(self._key, f"{path} {expires}".encode(), hashlib.sha256).hexdigest()


def blob_path(digest: str) -> str:
    """Where a blob lies, in the layout that distribution's storage has."""
    algorithm, _, encoded = digest.partition(":")
    return f"/registry-v2/blobs/{algorithm}/{encoded[:2]}/{encoded}/data"


class BlobHandler(Handler):
    """``GET`` and ``HEAD`` of one signed URL, whole or one range of it."""

    place: ClassVar[str] = "cdn"
    signer: UrlSigner
    blobs: Mapping[str, bytes]

    async def get(self, algorithm: str, encoded: str) -> None:
        """Send the blob, if the URL's signature is good."""
        if "Authorization" in self.request.headers:
            await self._refuse(400, "Only one auth mechanism allowed")
            return
        path = self.request.path or ""
        if not self.signer.allows(path, self.get_query_argument("verify", ""), time.time()):
            await self._refuse(403, "The signature is missing, wrong or expired")
            return
        digest = f"{algorithm}:{encoded}"
        blob = self.blobs.get(digest)
        if blob is None:
            await self._refuse(404, "No such blob")
            return
        headers = {
            "Content-Type": "application/octet-stream",
            "Accept-Ranges": "bytes",
            "ETag": f'"{encoded[:32]}"',
            "Cache-Control": "public, max-age=604800",
        }
        status, more, body = ranged(blob, self.request.headers.get("Range"))
        await self.answer(status, headers | more, body)

    head = get

    async def _refuse(self, status: int, why: str) -> None:
        page = f"<html><body><h1>{status}</h1><p>{why}</p></body></html>\n"
        await self.answer(status, {"Content-Type": "text/html"}, page.encode())


def ranged(blob: bytes, asked: str | None) -> tuple[int, dict[str, str], bytes]:
    """Status, fields and body for a Range. What is not one plain range of bytes is answered whole, as RFC 9110 lets."""
    match = RANGE.fullmatch(asked or "")
    if match is None:
        return 200, {}, blob
    first = int(match[1])
    last = min(int(match[2]) if match[2] else len(blob) - 1, len(blob) - 1)
    if first >= len(blob) or last < first:
        return 416, {"Content-Range": f"bytes */{len(blob)}"}, b""
    return 206, {"Content-Range": f"bytes {first}-{last}/{len(blob)}"}, blob[first : last + 1]
