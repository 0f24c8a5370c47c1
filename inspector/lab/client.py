"""A pull client: ping, challenge, token, tag, index, manifest, then config and layers side by side.

Knows: the way of a pull (distribution-spec 1.1, token specification), as containerd and docker go it. Must not know:
the hub, or the recorder that it is watched by. Blobs are hashed on the way and thrown away; a cut one is resumed.
"""

import hashlib
import http.client
import json
import re
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

USER_AGENT = "pull-inspector-demo/0.1"
ACCEPT = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
PARALLEL = 3
"""Blobs at once, as docker's max-concurrent-downloads."""
ATTEMPTS = 3
TIMEOUT = 30.0
CHUNK = 64 * 1024
MANIFEST_LIMIT = 4 << 20
"""Bytes; what the specification asks registries to take at least, and clients commonly take at most."""

type Json = dict[str, Any]


class PullError(Exception):
    """The pull failed. The text is one sentence: what was asked of which host, and what came."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull brought: the platform's manifest digest, and the size of each blob by digest, in bytes."""

    reference: str
    digest: str
    blobs: dict[str, int]


class Session:
    """Connections that stay open, one a host, through a proxy. For one thread at a time."""

    def __init__(self, proxy: tuple[str, int], context: ssl.SSLContext) -> None:
        self._proxy = proxy
        self._context = context
        self._connections: dict[str, http.client.HTTPSConnection] = {}

    @contextmanager
    def request(self, method: str, url: str, headers: dict[str, str]) -> Iterator[http.client.HTTPResponse]:
        """The response, to be read within the block. Raises PullError for whatever the transport does."""
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        try:
            connection = self._connection(parts.netloc)
            connection.request(method, path, headers={"User-Agent": USER_AGENT, **headers})
            response = connection.getresponse()
            yield response
            response.read()  # The connection serves the next request only when this body is done with.
        except (OSError, http.client.HTTPException) as error:
            self._drop(parts.netloc)
            raise PullError(
                f"{method} https://{parts.netloc}{parts.path}: {error or type(error).__name__}"
            ) from error
        except PullError:
            self._drop(parts.netloc)
            raise

    def close(self) -> None:
        """Hang up everywhere."""
        for host in list(self._connections):
            self._drop(host)

    def _connection(self, host: str) -> http.client.HTTPSConnection:
        if host not in self._connections:
            connection = http.client.HTTPSConnection(*self._proxy, context=self._context, timeout=TIMEOUT)
            connection.set_tunnel(host, 443, {"User-Agent": USER_AGENT})
            self._connections[host] = connection
        return self._connections[host]

    def _drop(self, host: str) -> None:
        connection = self._connections.pop(host, None)
        if connection is not None:
            connection.close()


class PullClient:
    """Pulls through the proxy at (host, port), trusting the CAs in ``ca_file`` and no others."""

    def __init__(self, proxy: tuple[str, int], ca_file: Path) -> None:
        self._proxy = proxy
        self._context = ssl.create_default_context(cafile=ca_file)
        self._authorization: dict[str, str] = {}

    def pull(self, registry: str, repository: str, tag: str, architecture: str = "amd64") -> Pulled:
        """Pull one image of ``linux/ARCHITECTURE``. Raises PullError at the first thing that is not as it should be."""
        base = f"https://{registry}/v2/"
        session = Session(self._proxy, self._context)
        try:
            self._log_in(session, base, repository)
            digest = self._resolve(session, f"{base}{repository}/manifests/{tag}")
            index = self._manifest(session, f"{base}{repository}/manifests/", digest)
            digest = choose(index, architecture)
            manifest = self._manifest(session, f"{base}{repository}/manifests/", digest)
        finally:
            session.close()
        descriptors = [manifest["config"], *manifest["layers"]]
        with ThreadPoolExecutor(PARALLEL, "pull") as pool:
            blobs = dict(pool.map(lambda d: self._blob(f"{base}{repository}/blobs/", d), descriptors))
        return Pulled(f"{registry}/{repository}:{tag}", digest, blobs)

    def _log_in(self, session: Session, base: str, repository: str) -> None:
        """Ping, and where a challenge comes back, get the token that it asks for."""
        with session.request("GET", base, {}) as response:
            if response.status == 200:
                return
            if response.status != 401:
                raise _unexpected("GET", base, response)
            challenge = parse_challenge(response.headers.get("WWW-Authenticate", ""))
        if "realm" not in challenge:
            raise PullError(f"GET {base}: 401 without a Bearer challenge")
        scope = f"repository:{repository}:pull"
        url = challenge["realm"] + "?" + urlencode({"service": challenge.get("service", ""), "scope": scope})
        answer = self._document(session, url)
        self._authorization = {"Authorization": f"Bearer {answer.get('token') or answer.get('access_token')}"}

    def _resolve(self, session: Session, url: str) -> str:
        with session.request("HEAD", url, {"Accept": ACCEPT, **self._authorization}) as response:
            digest = response.headers.get("Docker-Content-Digest")
            if response.status != 200 or digest is None:
                raise _unexpected("HEAD", url, response)
            return digest

    def _manifest(self, session: Session, base: str, digest: str) -> Json:
        headers = {"Accept": ACCEPT, **self._authorization}
        return self._document(session, base + digest, headers, digest)

    def _document(
        self, session: Session, url: str, headers: dict[str, str] | None = None, digest: str | None = None
    ) -> Json:
        with session.request("GET", url, headers or {}) as response:
            if response.status != 200:
                raise _unexpected("GET", url, response)
            body = response.read(MANIFEST_LIMIT)
        if digest is not None and _sha256(body) != digest:
            raise PullError(f"GET {_bare(url)}: the manifest's digest is {_sha256(body)}")
        try:
            document = json.loads(body)
        except ValueError as error:
            raise PullError(f"GET {_bare(url)}: the answer is not JSON") from error
        if not isinstance(document, dict):
            raise PullError(f"GET {_bare(url)}: the answer is not a JSON object")
        return document

    def _blob(self, base: str, descriptor: Json) -> tuple[str, int]:
        """Fetch one blob, in a session of its own; after a cut ask again for what is missing."""
        session = Session(self._proxy, self._context)
        download = Download(digest=descriptor["digest"], size=descriptor["size"])
        try:
            for attempt in range(ATTEMPTS):
                try:
                    self._fetch(session, base + download.digest, download)
                    break
                except PullError:
                    if attempt + 1 == ATTEMPTS:
                        raise
        finally:
            session.close()
        download.check()
        return download.digest, download.received

    def _fetch(self, session: Session, url: str, download: "Download") -> None:
        with session.request("GET", url, self._authorization) as response:
            if response.status == 200:
                download.take(response)
                return
            location = response.headers.get("Location")
            if response.status not in {301, 302, 303, 307, 308} or location is None:
                raise _unexpected("GET", url, response)
        # The token is for the registry: it does not go to the host that the registry points at.
        target = urljoin(url, location)
        wanted = {"Range": f"bytes={download.received}-"} if download.received else {}
        with session.request("GET", target, wanted) as response:
            if response.status not in {200, 206}:
                raise _unexpected("GET", target, response)
            download.take(response)


class Download:
    """The bytes of one blob as they come, over one response or several."""

    def __init__(self, digest: str, size: int) -> None:
        self.digest = digest
        self.size = size
        self.received = 0
        self._hash = hashlib.sha256()

    def take(self, response: http.client.HTTPResponse) -> None:
        """Read the body; a 200 after a part means that it starts all over. Raises http.client.IncompleteRead."""
        if response.status != 206:
            self.received = 0
            self._hash = hashlib.sha256()
        while chunk := response.read(CHUNK):
            self._hash.update(chunk)
            self.received += len(chunk)
        # Read in pieces, http.client keeps silent about a body that ends before its Content-Length.
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)

    def check(self) -> None:
        """Raise PullError unless these are the bytes that the manifest names."""
        digest = "sha256:" + self._hash.hexdigest()
        if (digest, self.received) != (self.digest, self.size):
            raise PullError(
                f"blob {self.digest}: {self.size} bytes expected, got {self.received} with {digest}"
            )


def choose(index: Json, architecture: str) -> str:
    """The digest of the index's manifest for ``linux/ARCHITECTURE``. Raises PullError."""
    for entry in index.get("manifests", []):
        platform = entry.get("platform", {})
        if platform.get("os") == "linux" and platform.get("architecture") == architecture:
            return str(entry["digest"])
    raise PullError(f"the index has no manifest for linux/{architecture}")


def parse_challenge(value: str) -> dict[str, str]:
    """The parameters of a lone Bearer challenge; empty for anything else."""
    scheme, _, parameters = value.partition(" ")
    return dict(re.findall(r'(\w+)="([^"]*)"', parameters)) if scheme.lower() == "bearer" else {}


def _unexpected(method: str, url: str, response: http.client.HTTPResponse) -> PullError:
    said = response.read(2000).decode("utf-8", "replace")
    code = re.search(r'"code": *"(\w+)"', said)
    return PullError(f"{method} {_bare(url)}: {response.status}{f' {code[1]}' if code else ''}")


def _bare(url: str) -> str:
    """Without the query: a signed URL is a secret."""
    return url.partition("?")[0]


def _sha256(body: bytes) -> str:
    return "sha256:" + hashlib.sha256(body).hexdigest()
