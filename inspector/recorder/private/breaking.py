"""Holds back the last piece of a body until its digest is known, so that a wrong body can still be broken.

Knows: digests, pieces of a body in order. Must not know: mitmproxy, connections, how a transfer is broken: that is the
stream's (``healing.py``). Memory: the one piece that is held, and what the hasher bounds.
"""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any, Protocol

from inspector.recorder.hashing import BATCH, GATHERED, SMALL_BATCH, BodyHash, Hasher
from inspector.wire.digest import Digest, parse_digest

_LEAST_BATCH = 1 << 16
"""Bytes given to the thread at once when many bodies are under way: a mirror has many, and each holds a batch."""


class _Sparing(Hasher):
    """A hasher that gathers no more than its bound, however many bodies there are."""

    @property
    def batch(self) -> int:
        return min(BATCH, max(_LEAST_BATCH, GATHERED // max(self.bodies, 1)))


_hashers: list[Hasher] = []


class Check(Protocol):
    """One body on its way. Every check that was begun is asked for its ``verdict`` once, also after a cut."""

    size: int
    body: BodyHash | None
    """What hashes it, for others to read (``sharing``); None where it is no sha256."""

    def feed(self, data: bytes, now: float) -> None:
        """Take the next piece; ``now`` in epoch seconds."""

    @property
    def quick(self) -> bool:
        """Whether ``verdict_now`` costs next to nothing."""

    def verdict_now(self) -> str | None:
        """Why the body is wrong; None when it is what was asked for."""

    async def verdict(self) -> str | None:
        """The same, while the event loop runs on."""


def check_of(digest: str | None, *, coding: str | None = None) -> Check | None:
    """A check of a body against a digest such as ``sha256:…``; None where there is none, or none that can be computed.

    ``coding``: the body's Content-Encoding. A digest is right when it is that of the bytes sent, or of what they decode to.
    """
    wanted = parse_digest(digest) if digest else None
    if wanted is None:
        return None
    if wanted.algorithm == "sha256":
        if not _hashers:
            _hashers.append(_Sparing())  # one thread for the process
        return _Threaded(wanted, BodyHash(_hashers[0], coding=coding))
    if wanted.algorithm in {"sha384", "sha512"}:
        return _Inline(wanted, hashlib.new(wanted.algorithm))
    return None


def empty_is_wrong(digest: str | None) -> bool:
    """Whether no bytes at all are another content than the digest's."""
    check = check_of(digest)
    return check is not None and check.verdict_now() is not None


class _Threaded:
    """sha256, in the thread that all share."""

    def __init__(self, wanted: Digest, body: BodyHash) -> None:
        self._wanted = wanted
        self.body: BodyHash | None = body
        self._body = body
        self.size = 0

    def feed(self, data: bytes, now: float) -> None:
        self.size += len(data)
        self._body.feed(data, now)

    @property
    def quick(self) -> bool:
        return self.size < SMALL_BATCH

    def verdict_now(self) -> str | None:
        return self._said(self._body.finish_now(complete=True))

    async def verdict(self) -> str | None:
        return self._said(await self._body.finish(complete=True))

    def _said(self, found: Any) -> str | None:
        if self._wanted.hex in {found.sha256, found.decoded_sha256}:
            return None
        return _wrong(self._wanted, found.sha256, self.size)


class _Inline:
    """The other algorithms, which no registry uses by itself: in the event loop."""

    def __init__(self, wanted: Digest, sha: Any) -> None:
        self._wanted = wanted
        self._sha = sha
        self.body: BodyHash | None = None
        self.size = 0

    def feed(self, data: bytes, now: float) -> None:  # noqa: ARG002 - the Protocol's
        self.size += len(data)
        self._sha.update(data)

    quick = True

    def verdict_now(self) -> str | None:
        found = self._sha.hexdigest()
        return None if found == self._wanted.hex else _wrong(self._wanted, found, self.size)

    async def verdict(self) -> str | None:
        return self.verdict_now()


def _wrong(wanted: Digest, found: str, size: int) -> str:
    return f"wrong content: {wanted} was asked for, {wanted.algorithm}:{found} came ({size} bytes)"


class Held:
    """A body's pieces, the last always held back."""

    def __init__(self) -> None:
        self._piece: bytes | None = None

    def exchange(self, piece: bytes) -> bytes | None:
        """Hold ``piece`` in place of the one before, which may now go; None when there was none."""
        before, self._piece = self._piece, piece
        return before

    def release(self) -> bytes | None:
        """The last piece may go too."""
        piece, self._piece = self._piece, None
        return piece


async def settle(check: Check, told: Callable[[str | None], None]) -> None:
    """Tell what came of ``check``; never raises but when it is cancelled."""
    try:
        told(await check.verdict())
    except asyncio.CancelledError:
        raise
    except Exception as error:  # what cannot be checked is not passed on as right
        told(f"its digest could not be computed ({type(error).__name__})")
