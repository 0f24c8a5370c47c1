"""The parts of a pull that another pull has too, whatever the hosts are called and however often each was tried.

Knows: steps. Must not know: the other pull, findings. A part is what the client was after: the challenge, the token, the tag,
the index, the manifest, the config, a layer; redirects, fetches from the storage and retries belong to it.
"""

from collections.abc import Iterable

import msgspec

from inspector.core.pull import Content, Pull, Stage, Step

_STAGES = {
    Stage.PING: "ping",
    Stage.CHALLENGE: "challenge",
    Stage.TOKEN: "token",
    Stage.RESOLVE: "tag",
    Stage.SIGNATURE: "signature",
    Stage.REFERRERS: "referrers",
    Stage.TAGS: "tags",
    Stage.PUSH: "push",
    Stage.CATALOG: "catalog",
    Stage.SEARCH: "search",
}
_FETCHES = (Stage.MANIFEST, Stage.BLOB, Stage.REDIRECT, Stage.CDN)
ORDER = (
    "ping", "challenge", "token", "tag", "index", "manifest", "config", "layer", "attestation", "signature", "referrers", "tags",
    "other",
)  # fmt: skip


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one side did for one part. ``kind`` is of ``ORDER``, ``place`` counts from 1 among those of its kind."""

    kind: str
    place: int
    steps: tuple[Step, ...]

    @property
    def key(self) -> tuple[str, int]:
        return self.kind, self.place

    @property
    def label(self) -> str:
        """``config``, ``layer 2``: what a person calls it."""
        return f"{self.kind} {self.place}" if self.kind == "layer" or self.place > 1 else self.kind

    @property
    def last(self) -> Step:
        """The step that decided: the last one that got something, else the last."""
        good = [step for step in self.steps if step.exchange.served and step.verified is not False]
        return (good or list(self.steps))[-1]

    @property
    def arrived(self) -> bool:
        """It came, or was answered as it should be: a challenge with its 401."""
        step = self.last
        if step.stage is Stage.CHALLENGE:
            return bool(step.exchange.challenges)
        return step.exchange.served and step.verified is not False

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(step.n for step in self.steps)

    @property
    def answers(self) -> str:
        """What each step of it was answered: ``307, cdn 200``; tries that look the same are counted."""
        return ", ".join(_counted(_answer(step) for step in self.steps))

    @property
    def seconds(self) -> float:
        """From the first request for it to the last byte."""
        ends = [step.start + (step.wait or 0.0) + (step.receive or 0.0) for step in self.steps]
        return max(ends) - min(step.start for step in self.steps)

    @property
    def received(self) -> int:
        """Bytes of bodies, all tries together."""
        return sum(step.size or 0 for step in self.steps)


def parts_of(pull: Pull) -> dict[tuple[str, int], Part]:
    """The parts of a pull by kind and place, in the order in which a pull has them."""
    groups: dict[tuple[str, int], list[Step]] = {}
    places = _Places()
    for step in pull.steps:
        groups.setdefault(places.of(step), []).append(step)
    ordered = sorted(groups, key=lambda key: (ORDER.index(key[0]), key[1]))
    return {key: Part(kind=key[0], place=key[1], steps=tuple(groups[key])) for key in ordered}


class _Places:
    """Which of its kind a step is about. Contents are told apart by digest; the rest is one of its kind."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], int] = {}

    def of(self, step: Step) -> tuple[str, int]:
        kind = _kind(step)
        if kind == "layer" and step.layer is not None:
            return kind, step.layer[0]
        # The tag's HEAD and GET are one part each, and so is all that asks for a token.
        what = (step.digest or "") if step.stage in _FETCHES else ""
        mine = [place for (known, _), place in self._seen.items() if known == kind]
        return kind, self._seen.setdefault((kind, what), len(mine) + 1)


def _kind(step: Step) -> str:
    if step.stage in _FETCHES and step.content is not None:
        return "signature" if step.content is Content.SIGNATURE else step.content.value
    if step.stage in _FETCHES:
        return "tag" if step.exchange.route is not None and step.exchange.route.is_tag else "other"
    named = _STAGES.get(step.stage, "other")
    return named if named in ORDER else "other"


def _answer(step: Step) -> str:
    status = "none" if step.exchange.status is None else str(step.exchange.status)
    broken = "" if step.exchange.whole or step.exchange.status is None else " broken off"
    wrong = " with wrong content" if step.verified is False else ""
    return f"{'cdn ' if step.stage is Stage.CDN else ''}{status}{broken}{wrong}"


def _counted(ways: Iterable[str]) -> list[str]:
    found: list[tuple[str, int]] = []
    for way in ways:
        if found and found[-1][0] == way:
            found[-1] = way, found[-1][1] + 1
        else:
            found.append((way, 1))
    return [f"{times} × {way}" if times > 1 else way for way, times in found]
