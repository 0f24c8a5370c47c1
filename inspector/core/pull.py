"""What the engine hands out: a pull, its steps, its content graph and what was found in it.

Knows: exchanges. Must not know: how they were correlated, rules, how it is shown.
A Pull is built once, by ``core.analysis``; rules read it, the report and the JSON document show it.
"""

from enum import StrEnum

import msgspec

from inspector.core.events import ConnectionFailed
from inspector.core.exchange import Exchange
from inspector.core.finding import Check, Finding
from inspector.wire.document import Descriptor, Document
from inspector.wire.useragent import Product


class Stage(StrEnum):
    """What an exchange was for (report-json.md, stage)."""

    TOKEN = "token"  # noqa: S105 - the stage's name
    CHALLENGE = "challenge"
    REDIRECT = "redirect"
    CDN = "cdn"
    SIGNATURE = "signature"
    PUSH = "push"
    RESOLVE = "resolve"
    MANIFEST = "manifest"
    BLOB = "blob"
    TAGS = "tags"
    CATALOG = "catalog"
    REFERRERS = "referrers"
    SEARCH = "search"
    PING = "ping"


class Content(StrEnum):
    """What kind of content an exchange asked for (report-json.md, content)."""

    INDEX = "index"
    MANIFEST = "manifest"
    CONFIG = "config"
    LAYER = "layer"
    ATTESTATION = "attestation"
    SIGNATURE = "signature"


class Outcome(StrEnum):
    """How a pull ended, told by the traffic (report-json.md, outcome)."""

    COMPLETE = "complete"
    UP_TO_DATE = "up-to-date"
    INSPECTED = "inspected"
    FAILED = "failed"
    INCOMPLETE = "incomplete"
    LOGIN = "login"
    SEARCHED = "searched"
    PUSHED = "pushed"


class Step(msgspec.Struct, kw_only=True, eq=False):
    """One exchange as a part of its pull. Numbers (``n``, ``follows``, ``retry_of``) count from 1 within the pull.

    ``start``, ``wait`` and ``receive`` are seconds: since the pull's first request, to the first byte, to the last.
    ``expected`` is the descriptor by which a manifest of this pull names the content, where one does.
    ``layer`` is the content's (position, count) among its manifest's layers, from 1. ``followed`` is the exchange whose
    redirect this one follows, and ``asked_tag`` the tag that was asked for at the head of that chain.
    ``upstream``: what a mirror asked for the sake of this step, where its other side was recorded too; see ``Pull.behind``.
    """

    n: int
    exchange: Exchange
    stage: Stage
    content: Content | None = None
    digest: str | None = None
    size: int | None = None
    verified: bool | None = None
    follows: int | None = None
    retry_of: int | None = None
    expected: Descriptor | None = None
    layer: tuple[int, int] | None = None
    followed: Exchange | None = None
    asked_tag: str | None = None
    start: float = 0.0
    wait: float | None = None
    receive: float | None = None
    upstream: list["Step"] = msgspec.field(default_factory=list)


class Behind(msgspec.Struct, kw_only=True, eq=False):
    """What a mirror itself did upstream for a pull, recorded too: as a pull of its own, whose steps count from 1.

    ``first`` is what is added to their numbers in the story of the client's pull (``Step.upstream``). ``shift`` are the
    seconds that were added to its times to bring them onto the client's clock, ``within`` how exactly they are known.
    ``matched``: how many of its exchanges were found to be made for one of the client's.
    """

    pull: "Pull"
    first: int
    shift: float
    within: float
    matched: int


class Node(msgspec.Struct, kw_only=True, eq=False):
    """A piece of content in the pull's graph: an index, a manifest, a config or a layer.

    ``state`` is ``fetched``, ``failed``, ``partial`` (some bytes came), ``not-asked`` (skipped or already there).
    ``steps`` are the numbers of the steps that asked for it. A node appears once, however many parents name it.
    """

    digest: str
    content: Content | None
    descriptor: Descriptor | None
    document: Document | None = None
    state: str = "not-asked"
    steps: list[int] = msgspec.field(default_factory=list)
    children: list["Node"] = msgspec.field(default_factory=list)


class Pull(msgspec.Struct, kw_only=True, eq=False):
    """What one client did to get one reference (report-json.md, pulls).

    ``root`` is the content tree (None when no manifest was read). ``begin`` is the epoch second of the first request,
    ``elapsed`` the seconds to the last byte. ``broken`` are connections of this client that never came to a request.
    """

    n: int = 0
    reference: str | None
    registry: str | None
    repository: str | None
    tag: str | None
    digest: str | None
    client: Product
    address: str | None
    outcome: Outcome
    steps: list[Step]
    root: Node | None = None
    begin: float = 0.0
    elapsed: float = 0.0
    broken: list[ConnectionFailed] = msgspec.field(default_factory=list)
    findings: list[Finding] = msgspec.field(default_factory=list)
    checks: list[Check] = msgspec.field(default_factory=list)
    source: str | None = None  # the file it was read from; the reader fills it in
    behind: list[Behind] = msgspec.field(default_factory=list)

    def step(self, n: int) -> Step:
        """The step with number ``n``, also one upstream; IndexError when there is none."""
        found = self.find(n)
        if found is None:
            raise IndexError(n)
        return found

    def find(self, n: int | None) -> Step | None:
        """The step with number ``n``, also one upstream; None when there is none."""
        if n is None or n < 1:
            return None
        if n <= len(self.steps):
            return self.steps[n - 1]
        upstream = self.upstream if self.behind else []
        return upstream[n - len(self.steps) - 1] if n - len(self.steps) <= len(upstream) else None

    @property
    def upstream(self) -> list[Step]:
        """What the mirror asked, in order of numbers, which go on behind those of ``steps``. Worked out each time."""
        return sorted((inner for step in self.steps for inner in step.upstream), key=lambda inner: inner.n)

    def followed_by(self, step: Step) -> list[Step]:
        """The steps that name ``step`` as the one that led to them."""
        return [later for later in self.steps if later.follows == step.n]
