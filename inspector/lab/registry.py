"""The registry: challenge, manifests, and redirects of blobs to the CDN.

Knows: distribution-spec 1.1 (end-1 ping, end-2 blobs, end-3 manifests, end-8 tags; error codes) and the challenge of
the token specification. Must not know: how tokens and URLs are signed; it asks their signers. Read-only.
"""

import json
import time
from collections.abc import Mapping
from typing import ClassVar

from inspector.lab.cdn import UrlSigner
from inspector.lab.content import Repository
from inspector.lab.serving import Handler
from inspector.lab.tokens import TokenSigner

NAME = r"([a-z0-9]+(?:[._-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*)"
REFERENCE = r"([A-Za-z0-9_][A-Za-z0-9._:-]{0,255})"


class RegistryHandler(Handler):
    """What every route needs: the repositories, who may in, and errors in the specification's form."""

    tokens: TokenSigner
    urls: UrlSigner
    repositories: Mapping[str, Repository]
    realm: str
    service: str

    async def admitted(self, name: str | None) -> bool:
        """Whether the bearer may pull from ``name`` (None: whether it is a bearer at all); else the refusal is sent."""
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.tokens.allows(token.strip(), name, time.time()):
            return True
        challenge = f'Bearer realm="{self.realm}",service="{self.service}"'
        if name is not None:
            challenge += f',scope="repository:{name}:pull"'
        await self.refuse(401, "UNAUTHORIZED", "authentication required", {"WWW-Authenticate": challenge})
        return False

    async def enter(self, name: str) -> Repository | None:
        """The repository, for those who may pull from it; else the refusal is sent and None returned."""
        if not await self.admitted(name):
            return None
        repository = self.repositories.get(name)
        if repository is None:
            await self.refuse(404, "NAME_UNKNOWN", "repository name not known to registry")
        return repository

    async def refuse(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """An error body as the specification's "Error Codes" has it."""
        body = json.dumps({"errors": [{"code": code, "message": message, "detail": None}]}) + "\n"
        await self.say(status, {"Content-Type": "application/json", **(headers or {})}, body.encode())

    async def say(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Answer, with the field by which old clients know a registry."""
        await self.answer(status, {"Docker-Distribution-Api-Version": "registry/2.0", **headers}, body)


class PingHandler(RegistryHandler):
    """end-1: is this a registry, and what does it want?"""

    place: ClassVar[str] = "ping"

    async def get(self) -> None:
        """200 for any good token."""
        if await self.admitted(None):
            await self.say(200, {"Content-Type": "application/json"}, b"{}")

    head = get


class ManifestHandler(RegistryHandler):
    """end-3: a manifest or index by tag or digest."""

    place: ClassVar[str] = "manifest"

    async def get(self, name: str, reference: str) -> None:
        """Send it as it is stored, whatever Accept says: the hub has one form of each."""
        repository = await self.enter(name)
        if repository is None:
            return
        found = repository.find(reference)
        if found is None:
            await self.refuse(404, "MANIFEST_UNKNOWN", "manifest unknown")
            return
        digest, manifest = found
        headers = {
            "Content-Type": manifest.media_type,
            "Docker-Content-Digest": digest,
            "ETag": f'"{digest}"',
        }
        await self.say(200, headers, manifest.body)

    head = get


class BlobRedirectHandler(RegistryHandler):
    """end-2: where the blob is to be had."""

    place: ClassVar[str] = "blob"

    async def get(self, name: str, digest: str) -> None:
        """307 to a signed URL on the CDN."""
        repository = await self.enter(name)
        if repository is None:
            return
        if digest not in repository.blobs:
            await self.refuse(404, "BLOB_UNKNOWN", "blob unknown to registry")
            return
        location = self.urls.sign(digest, time.time())
        headers = {
            "Location": location,
            "Docker-Content-Digest": digest,
            "Content-Type": "text/html; charset=utf-8",
        }
        await self.say(307, headers, f'<a href="{location}">Temporary Redirect</a>.\n\n'.encode())

    head = get


class TagsHandler(RegistryHandler):
    """end-8: the tags of a repository."""

    place: ClassVar[str] = "tags"

    async def get(self, name: str) -> None:
        """All of them, in order."""
        repository = await self.enter(name)
        if repository is not None:
            body = json.dumps({"name": name, "tags": sorted(repository.tags)})
            await self.say(200, {"Content-Type": "application/json"}, body.encode())


class UnknownHandler(RegistryHandler):
    """Any other path."""

    async def prepare(self) -> None:
        """404 in the specification's form, for every method."""
        await self.refuse(404, "UNSUPPORTED", "the operation is unsupported")


ROUTES: list[tuple[str, type[Handler]]] = [
    (r"/v2/", PingHandler),
    (rf"/v2/{NAME}/manifests/{REFERENCE}", ManifestHandler),
    (rf"/v2/{NAME}/blobs/(sha256:[0-9a-f]{{64}})", BlobRedirectHandler),
    (rf"/v2/{NAME}/tags/list", TagsHandler),
    (r".*", UnknownHandler),
]
