"""A pull while it is still being put together.

Knows: the exchanges placed in it so far, and from them what the client still wants. Must not know: other drafts.
What is asked of a draft is asked once per exchange, so every answer here is a lookup, never a walk.
"""

import msgspec

from inspector.core.events import ConnectionFailed
from inspector.core.exchange import Exchange
from inspector.core.pull import Stage
from inspector.wire.digest import is_digest
from inspector.wire.document import Document
from inspector.wire.mediatypes import base_type
from inspector.wire.url import location_key, split
from inspector.wire.useragent import Product

# One client's requests: its address and its whole User-Agent (two daemons behind one address mostly differ in it).
type ClientKey = tuple[str | None, str | None]


class Placed(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """An exchange with what its surroundings told.

    ``cause`` is the exchange whose redirect it follows, ``asked`` the one at the head of that chain of redirects.
    """

    exchange: Exchange
    stage: Stage
    cause: Exchange | None = None
    asked: Exchange | None = None


class Attempt(msgspec.Struct, kw_only=True):
    """How the requests for one reference or digest on one host went, wherever its redirects led them."""

    methods: set[str] = msgspec.field(default_factory=set)
    ok: set[str] = msgspec.field(default_factory=set)
    refused: set[str] = msgspec.field(default_factory=set)
    unwanted: str | None = None  # the credential that a challenge refused last
    last: float = 0.0


class Draft:
    """The exchanges of one pull, in the order in which they ended."""

    def __init__(self, number: int, client: ClientKey, product: Product) -> None:
        self.number = number
        self.client = client
        self.product = product
        self.placed: list[Placed] = []
        self.broken: list[ConnectionFailed] = []
        self.repository: str | None = None
        self.tag: str | None = None
        self.asked_digest: str | None = None
        self.wanted: set[str] = set()
        self.foreign: set[str] = set()  # where layers are that need not be in the registry, as keys
        self.got: set[str] = set()
        self.failing: set[str] = set()
        self.passing = False  # the latest failure was one that may pass: no answer, a cut, 429, 5xx
        self.roots: set[str] = set()  # the digests that the pull's own reference stands for
        self.tokens: set[str] = set()
        self.connections: set[str] = set()
        self.traces: set[str] = set()
        self.attempts: dict[tuple[str, str], Attempt] = {}
        self.methods: set[str] = set()  # with which content was asked for
        self.resolved = False
        self.documents = 0
        self.pushing = False
        self.pushed = False
        self.begin = float("inf")
        self.last_time = 0.0
        self.hosts: set[str] = set()
        self.asked: set[str] = set()  # hosts with their ports, as the requests name them
        self.named_hosts: set[str] = set()  # where its challenges and redirects send the client
        self.shown = 0
        self.looked_at = 0  # how many exchanges it had when it was last asked whether it fails
        self.index_tail = ""

    @property
    def has_reference(self) -> bool:
        return self.tag is not None or self.asked_digest is not None

    @property
    def failed_so_far(self) -> bool:
        """Something that the client wanted was refused or broke off, and has not come since."""
        return not self.resolved or bool(self.failing - self.got)

    @property
    def placed_content(self) -> bool:
        """Whether a manifest or blob was asked for."""
        return bool(self.attempts)

    def attempt(self, host: str, reference: str) -> Attempt | None:
        return self.attempts.get((host, reference))

    def hosts_tried(self, reference: str) -> set[str]:
        return {host for host, what in self.attempts if what == reference}

    def take_probes(self) -> list[Placed]:
        """Take out the HEADs of blobs at the end, with ping and token before them: a push begins with them."""
        at = len(self.placed)
        while at and _looks_for_blob(self.placed[at - 1]):
            at -= 1
        probes = self.placed[at:]
        if not any(p.stage is Stage.BLOB for p in probes):
            return []
        del self.placed[at:]
        return probes

    def add(self, placed: Placed) -> None:
        """Take an exchange in and learn from it."""
        exchange = placed.exchange
        self.placed.append(placed)
        self.begin = min(self.begin, exchange.request.time)
        self.last_time = max(self.last_time, exchange.last_time)
        self.hosts.add(host_name(exchange.request.url))
        self.asked.add(exchange.host)
        if exchange.location:
            self.named_hosts.add(host_name(exchange.location))
        if placed.stage is Stage.CHALLENGE:
            self.named_hosts.update(host_name(c.realm) for c in exchange.challenges if c.realm)
        if exchange.trace:
            self.traces.add(exchange.trace)
        if exchange.request.client.connection:
            self.connections.add(exchange.request.client.connection)
        if placed.stage is Stage.TOKEN:
            self._learn_token(exchange)
        elif placed.stage is Stage.PUSH:
            self._learn_push(exchange)
        else:
            self._learn_content(placed)

    def _learn_token(self, exchange: Exchange) -> None:
        answer = exchange.token_answer
        if answer:
            self.tokens.update(token for token in (answer.token, answer.access_token) if token)

    def _learn_push(self, exchange: Exchange) -> None:
        self.pushing = True
        route = exchange.route
        if exchange.method == "PUT" and exchange.ok and route and route.kind == "manifest" and route.is_tag:
            self.pushed = True

    def _learn_content(self, placed: Placed) -> None:
        exchange = placed.exchange
        reference = asked_reference(placed)
        if reference is None:
            return
        self._note_attempt(placed, reference)
        good = exchange.served and not _is_useless(placed, reference)
        if placed.stage in (Stage.RESOLVE, Stage.MANIFEST) and good:
            self.resolved = True
            announced = exchange.response_header("docker-content-digest") or _hashed(exchange)
            if announced and is_digest(announced):
                self.wanted.add(announced)
                self.roots.update({announced} if not is_digest(reference) else ())
        if placed.stage in (Stage.MANIFEST, Stage.BLOB, Stage.CDN) and exchange.method == "GET":
            (self.got if good else self.failing).add(reference)
            if not good:
                status = exchange.status
                self.passing = status is None or not exchange.whole or status == 429 or status >= 500
        asked = (placed.asked or exchange).route
        if asked is not None and asked.kind == "manifest" and exchange.document is not None:
            self.documents += 1
            self._want(exchange.document)

    def _note_attempt(self, placed: Placed, reference: str) -> None:
        exchange, asked = placed.exchange, placed.asked or placed.exchange
        attempt = self.attempts.setdefault((asked.host, reference), Attempt())
        attempt.methods.add(asked.method)
        self.methods.add(asked.method)
        attempt.last = max(attempt.last, exchange.last_time)
        challenged = placed.stage is Stage.CHALLENGE
        if challenged and exchange.credential:
            attempt.unwanted = exchange.credential
        if exchange.served or exchange.is_redirect:
            if placed.cause is None:
                attempt.ok.add(asked.method)
            return
        if placed.cause is not None:
            attempt.ok.discard(
                asked.method
            )  # a redirect that led nowhere: the client begins again where it was
        unanswered = exchange.status == 401 and (exchange.credential is None or placed.cause is not None)
        if not unanswered:
            attempt.refused.add(asked.method)

    def _want(self, document: Document) -> None:
        for descriptor in (document.config, *document.layers, *document.manifests):
            if descriptor is not None and descriptor.digest:
                self.wanted.add(descriptor.digest)
                self.foreign.update(location_key(url) for url in descriptor.urls)


def _looks_for_blob(placed: Placed) -> bool:
    """A HEAD of a blob, or what a client sends before it names anything."""
    if placed.stage in (Stage.PING, Stage.CHALLENGE, Stage.TOKEN):
        return True
    route = (placed.asked or placed.exchange).route
    return placed.exchange.method == "HEAD" and route is not None and route.kind == "blob"


def _is_useless(placed: Placed, reference: str) -> bool:
    """A page in a manifest's place, or other bytes than the digest names: no client takes these, it asks elsewhere."""
    exchange = placed.exchange
    kind = base_type(exchange.response_header("content-type"))
    if placed.stage in (Stage.RESOLVE, Stage.MANIFEST) and kind == "text/html" and exchange.document is None:
        return True
    body = exchange.response_body
    if exchange.method != "GET" or exchange.status != 200 or body is None or not body.decoded_sha256:
        return False
    if not reference.startswith("sha256:") or (exchange.document and exchange.document.kind == "schema1"):
        return False
    return reference[7:] not in (body.decoded_sha256, body.sha256)


def _hashed(exchange: Exchange) -> str | None:
    """The digest that a client works out by itself where none is announced (ECR, static servers), to go on by it."""
    body = exchange.response_body
    if exchange.method != "GET" or not exchange.ok or body is None or body.complete is not True:
        return None
    return f"sha256:{body.decoded_sha256}" if body.decoded_sha256 else None


def host_name(url: str) -> str:
    """The host of a URL without its port, in lower case; empty when it names none."""
    parts = split(url)
    return parts.host if parts else ""


def asked_reference(placed: Placed) -> str | None:
    """The tag or digest that a request asked for; a request that follows a redirect asks for what that one asked."""
    source = placed.asked or placed.exchange
    route = source.route
    if route is None or route.kind not in ("manifest", "blob"):
        return None
    return route.reference
