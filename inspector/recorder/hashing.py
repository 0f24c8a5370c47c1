"""Counts and hashes one body while it passes, without holding the traffic up.

Must not know: flows, HTTP. It gets bytes in order and gives facts. Large bodies are hashed in one worker thread that
all bodies share, in batches of 1 MiB; what waits for that thread is bounded over all bodies, and beyond the bound the
caller hashes for itself, which slows the source down just as much as is needed. A second who looks at the same body may
read the facts without hashing it again (``sharing``).
"""

import asyncio
import contextlib
import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

import msgspec

from inspector.sources.coding import Decoder, Undecodable

BATCH = 1 << 20
"""Bytes given to the thread at once: below, handing over costs more than hashing."""

SMALL_BATCH = 1 << 17
"""The same when so many bodies are under way that their batches would add up."""

GATHERED = 4 << 20
"""Bytes in all batches that are being gathered."""

WAITING = 8 << 20
"""Bytes that may wait for the thread, over all bodies."""

DOCUMENT = 4 << 20
"""Largest body that is kept whole (the registries' own limit for a manifest)."""

KEPT = 16 << 20
"""Bytes of documents kept at once, over all bodies that are under way."""


class Measured(msgspec.Struct, kw_only=True):
    """What is known of a body that ended. Times are epoch seconds; ``document`` are the wire's bytes, coding and all.

    ``decoded_size`` and ``decoded_sha256`` are of the content without its coding: the same as the wire's where there is
    none, None where it could not be undone.
    """

    size: int
    sha256: str
    complete: bool
    first: float | None = None
    last: float | None = None
    decoded_size: int | None = None
    decoded_sha256: str | None = None
    document: bytes | None = None


class Hasher:
    """The shared thread and its bounds. One for a recorder; ``close`` it at the end."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._lock = Lock()
        self._waiting = 0
        self.kept = 0
        self.bodies = 0  # under way

    @property
    def batch(self) -> int:
        """Bytes to gather before they are given to the thread."""
        return min(BATCH, max(SMALL_BATCH, GATHERED // max(self.bodies, 1)))

    def submit(self, body: "BodyHash", batch: list[bytes], size: int) -> Future[None] | None:
        """Hash ``batch`` in the thread; None when too much waits already and the caller has to do it."""
        with self._lock:
            if self._waiting + size > WAITING:
                return None
            self._waiting += size
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "pull-inspector-hash")
        return self._pool.submit(self._run, body, batch, size)

    def _run(self, body: "BodyHash", batch: list[bytes], size: int) -> None:
        try:
            body.digest(batch)
        finally:
            batch.clear()  # the future would hold it until its body ends
            with self._lock:
                self._waiting -= size

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True)
            self._pool = None


class BodyHash:
    """One body. ``feed`` it from the event loop, then await ``finish`` (or call ``finish_now``) once."""

    def __init__(self, hasher: Hasher, *, coding: str | None = None, keep: bool = False) -> None:
        """``coding`` is the Content-Encoding, None or "identity" where there is none."""
        self._hasher = hasher
        self._sha = hashlib.sha256()
        self._decoder: Decoder | None = None
        self._decoded_sha = hashlib.sha256()
        self._decoded_size = 0
        self.coding = plain_coding(coding)
        if self.coding:
            with contextlib.suppress(Undecodable):
                self._decoder = Decoder(self.coding)
        self._batch: list[bytes] = []
        self._batch_size = 0
        self._last_job: Future[None] | None = None
        self._document: list[bytes] | None = [] if keep else None
        self._kept = 0
        self._let_go = False
        self.size = 0
        self.piece: bytes | None = None  # the last that was fed
        self.first: float | None = None
        self.last: float | None = None

    def feed(self, data: bytes, now: float) -> None:
        """Take the next bytes; ``now`` is the epoch second at which they came."""
        if self.first is None:
            self.first = now
            self._hasher.bodies += 1
        self.last = now
        self.piece = data
        self.size += len(data)
        self._keep(data)
        self._batch.append(data)
        self._batch_size += len(data)
        if self._batch_size >= self._hasher.batch:
            self._hand_over()

    def _keep(self, data: bytes) -> None:
        if self._document is None:
            return
        if self.size > DOCUMENT or self._hasher.kept + len(data) > KEPT:
            self._forget_document()
            return
        self._document.append(data)
        self._kept += len(data)
        self._hasher.kept += len(data)

    def _forget_document(self) -> None:
        self._document = None
        self._hasher.kept -= self._kept
        self._kept = 0

    def _hand_over(self) -> None:
        batch, size = self._batch, self._batch_size
        self._batch, self._batch_size = [], 0
        job = self._hasher.submit(self, batch, size)
        if job is None:
            self._wait()
            self.digest(batch)
        else:
            self._last_job = job

    def _wait(self) -> None:
        """Until the thread has done what it has of this body: order matters. One thread: the last job is the last."""
        if self._last_job is not None:
            self._last_job.result()
            self._last_job = None

    def digest(self, batch: list[bytes]) -> None:
        """Hash ``batch``, and what it decodes to. In the thread or, when it is idle for this body, in the loop."""
        for data in batch:
            self._sha.update(data)
        if self._decoder is None:
            return
        try:
            for data in batch:
                for piece in self._decoder.feed(data):
                    self._decoded_sha.update(piece)
                    self._decoded_size += len(piece)
        except Undecodable:
            self._decoder = None

    async def finish(self, *, complete: bool) -> Measured:
        """The facts, once everything is hashed. The loop runs on meanwhile."""
        await self.hashed()
        return self.finish_now(complete=complete)

    def finish_now(self, *, complete: bool) -> Measured:
        """The same without giving the loop a turn; for the end of the recording."""
        document = b"".join(self._document) if self._document is not None else None
        facts = self.facts(complete=complete)
        facts.document = document if complete else None
        self._forget_document()
        if not self._let_go:
            self._let_go, self.piece = True, None
            self._hasher.bodies -= self.first is not None
        return facts

    async def hashed(self) -> None:
        """Return when the thread has nothing of this body any more."""
        if self._last_job is not None:
            await asyncio.wait([asyncio.wrap_future(self._last_job)])

    def facts(self, *, complete: bool) -> Measured:
        """The facts of what was fed so far, without the document. More may be fed afterwards."""
        self._wait()
        self.digest(self._batch)
        self._batch, self._batch_size = [], 0
        decoded_size, decoded_sha256 = self._decoded(complete=complete)
        return Measured(
            size=self.size,
            sha256=self._sha.hexdigest(),
            complete=complete,
            first=self.first,
            last=self.last,
            decoded_size=decoded_size,
            decoded_sha256=decoded_sha256,
        )

    def _decoded(self, *, complete: bool) -> tuple[int | None, str | None]:
        if not self.coding:
            return self.size, self._sha.hexdigest()
        if self._decoder is None or not complete:
            return None, None
        try:
            self._decoder.finish()
        except Undecodable:
            return None, None
        return self._decoded_size, self._decoded_sha.hexdigest()


def plain_coding(coding: str | None) -> str:
    """A Content-Encoding in lower case; "" where there is none."""
    name = (coding or "").strip().lower()
    return "" if name == "identity" else name
