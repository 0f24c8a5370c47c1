"""What the other pulls of a recording show: a few facts that a rule may hold against what it sees in one pull.

The catalogue says "in the file" of these: a mirror that serves ``library/…`` to somebody, a path that works without ``ns=``,
a signed link that works with GET, what a tag meant at another time or place.
Bounded: ``MOST`` keys, and of each the first facts. Knows: pulls' steps. Must not know: rules. No pull is kept.
"""

from collections import OrderedDict
from collections.abc import Iterator

import msgspec

from inspector.core.pull import Pull, Stage, Step
from inspector.rules.steps import asks_storage, asks_tag, namespace_of, repository_of
from inspector.wire.digest import is_digest
from inspector.wire.mediatypes import base_type, kind_of

MOST = 2048
NEAR = 3600.0
"""Seconds within which two answers to one tag are held against each other."""
_EACH = 2
_EACH_TAG = 16

type Key = tuple[str, ...]


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Where it was seen: the numbers of pull and step, and when. ``what`` says it in words; the rest is as it is needed."""

    pull: int
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
        return f"in pull {self.pull}, exchange {self.n}: {self.what}"


class Elsewhere:
    """The facts of all the pulls that were added, which must be numbered."""

    def __init__(self) -> None:
        self._facts: OrderedDict[Key, list[Fact]] = OrderedDict()

    def add(self, pull: Pull) -> None:
        """Take in what a pull shows, however it ended."""
        for step in pull.steps:
            if step.exchange.ok:
                self._learn(pull, step)

    def _learn(self, pull: Pull, step: Step) -> None:
        exchange, repository = step.exchange, repository_of(step) or ""
        fact = Fact(
            pull=pull.n, n=step.n, host=exchange.host, time=exchange.request.time, repository=repository,
            what=f"{exchange.method} {exchange.host}{exchange.path}: {exchange.status}",
        )  # fmt: skip
        if step.stage in (Stage.RESOLVE, Stage.MANIFEST, Stage.BLOB):
            if repository.startswith("library/"):
                self._keep(("library", exchange.host), fact)
            if namespace_of(step) is None:
                self._keep(("plain", exchange.host, exchange.path), fact)
        elif exchange.method == "GET" and asks_storage(step):
            self._keep(("got", exchange.host), fact)
        if step.stage in (Stage.RESOLVE, Stage.MANIFEST) and asks_tag(step):
            self._learn_tag(fact, step)

    def _learn_tag(self, fact: Fact, step: Step) -> None:
        digest = step.exchange.response_header("docker-content-digest") or ""
        kind = base_type(step.exchange.response_header("content-type"))
        route = step.exchange.route
        if not is_digest(digest) or kind_of(kind) is None or route is None:
            return
        what = f"{fact.host} gives {digest.partition(':')[2][:12]} for {route.reference}"
        told = msgspec.structs.replace(fact, digest=digest, kind=kind, what=what)
        self._keep(_tag_key(fact.repository, route.reference or ""), told, _EACH_TAG)

    def _keep(self, key: Key, fact: Fact, most: int = _EACH) -> None:
        """One of each pull, the first ones: that of the pull in question is not asked for."""
        facts = self._facts.setdefault(key, [])
        self._facts.move_to_end(key)
        if len(facts) < most and not any(
            one.pull == fact.pull and one.host == fact.host and one.digest == fact.digest for one in facts
        ):
            facts.append(fact)
        if len(self._facts) > MOST:
            self._facts.popitem(last=False)

    def _others(self, key: Key, pull: Pull) -> Iterator[Fact]:
        return (fact for fact in self._facts.get(key, ()) if fact.pull != pull.n)

    def library(self, host: str, pull: Pull) -> Fact | None:
        """Another pull to which the host served something under ``library/``."""
        return next(self._others(("library", host), pull), None)

    def plain(self, host: str, path: str, pull: Pull) -> Fact | None:
        """Another pull in which the path was served without ``ns=``."""
        return next(self._others(("plain", host, path), pull), None)

    def gotten(self, storage: str, pull: Pull) -> Fact | None:
        """Another pull in which the storage served a GET."""
        return next(self._others(("got", storage), pull), None)

    def tags(self, repository: str, tag: str, pull: Pull) -> Iterator[Fact]:
        """What the tag of a repository with this last component meant in other pulls at about this time."""
        others = self._others(_tag_key(repository, tag), pull)
        return (fact for fact in others if abs(fact.time - pull.begin) <= NEAR)


def _tag_key(repository: str, tag: str) -> Key:
    return "tag", repository.rpartition("/")[2], tag
