"""What the other pulls of a recording show: a few facts that a rule may hold against what it sees in one pull.

The catalogue says "in the file" of these: a mirror that serves ``library/…`` to somebody, a path that works without ``ns=``,
a signed link that works with GET, what a tag meant at another time or place.
Bounded: of each kind the last ``MOST`` facts are kept. Knows: pulls. Must not know: rules.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator

import msgspec

from inspector.core.pull import Pull, Stage, Step
from inspector.rules.steps import asks_storage, asks_tag, namespace_of, repository_of
from inspector.wire.digest import is_digest
from inspector.wire.mediatypes import base_type, kind_of

MOST = 1024
NEAR = 3600.0
"""Seconds within which two answers to one tag are held against each other."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Where it was seen: pull and step, and when. ``what`` says it in words; the rest is as the fact needs it."""

    pull: Pull
    n: int
    host: str
    time: float
    what: str
    repository: str = ""
    digest: str = ""
    kind: str = ""

    @property
    def place(self) -> str:
        """For evidence that lies in another pull."""
        return f"in pull {self.pull.n} of the recording, exchange {self.n}: {self.what}"


class Elsewhere:
    """The facts of all the pulls that were added."""

    def __init__(self) -> None:
        self._library: OrderedDict[Hashable, Fact] = OrderedDict()
        self._plain: OrderedDict[Hashable, Fact] = OrderedDict()
        self._signed: OrderedDict[Hashable, Fact] = OrderedDict()
        self._tags: OrderedDict[Hashable, list[Fact]] = OrderedDict()

    def add(self, pull: Pull) -> None:
        """Take in what a pull shows, however it ended."""
        for step in pull.steps:
            if step.exchange.ok:
                self._learn(pull, step)

    def _learn(self, pull: Pull, step: Step) -> None:
        exchange, repository = step.exchange, repository_of(step) or ""
        fact = Fact(
            pull=pull, n=step.n, host=exchange.host, time=exchange.request.time, repository=repository,
            what=f"{exchange.method} {exchange.host}{exchange.path}: {exchange.status}",
        )  # fmt: skip
        if step.stage in (Stage.RESOLVE, Stage.MANIFEST, Stage.BLOB):
            if repository.startswith("library/"):
                _keep(self._library, exchange.host, fact)
            if namespace_of(step) is None:
                _keep(self._plain, (exchange.host, exchange.path), fact)
        elif exchange.method == "GET" and asks_storage(step):
            _keep(self._signed, exchange.host, fact)
        if step.stage in (Stage.RESOLVE, Stage.MANIFEST) and asks_tag(step):
            self._learn_tag(fact, step)

    def _learn_tag(self, fact: Fact, step: Step) -> None:
        digest = step.exchange.response_header("docker-content-digest") or ""
        kind = base_type(step.exchange.response_header("content-type"))
        route = step.exchange.route
        if not is_digest(digest) or kind_of(kind) is None or route is None:
            return
        key = (fact.repository.rpartition("/")[2], route.reference)
        told = self._tags.get(key, [])[-15:]
        fact = msgspec.structs.replace(
            fact, digest=digest, kind=kind, what=f"{fact.host} gives {digest[7:19]} for {route.reference}"
        )
        _keep(self._tags, key, [*told, fact])

    def library(self, host: str, pull: Pull) -> Fact | None:
        """Another pull to which the host served something under ``library/``."""
        return _other(self._library.get(host), pull)

    def plain(self, host: str, path: str, pull: Pull) -> Fact | None:
        """Another pull in which the path was served without ``ns=``."""
        return _other(self._plain.get((host, path)), pull)

    def gotten(self, storage: str, pull: Pull) -> Fact | None:
        """Another pull in which the storage served a GET."""
        return _other(self._signed.get(storage), pull)

    def tags(self, repository: str, tag: str, pull: Pull) -> Iterator[Fact]:
        """What the tag of a repository with this last component meant in other pulls, the latest first."""
        for fact in reversed(self._tags.get((repository.rpartition("/")[2], tag), [])):
            if fact.pull is not pull and abs(fact.time - pull.begin) <= NEAR:
                yield fact


NOWHERE = Elsewhere()
"""For whoever has one pull only. Nothing is ever added to it."""


def _other(fact: Fact | None, pull: Pull) -> Fact | None:
    return fact if fact is not None and fact.pull is not pull else None


def _keep[T](facts: OrderedDict[Hashable, T], key: Hashable, fact: T) -> None:
    facts[key] = fact
    facts.move_to_end(key)
    if len(facts) > MOST:
        facts.popitem(last=False)
