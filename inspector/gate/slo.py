"""Thresholds of time, such as ``total=30s,ttfb=1s``: how they are written, and what of a pull each of them measures.

Knows: a pull's steps and their times. Must not know: findings, options. All of it is per pull, in seconds.
"""

import math
import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches

import msgspec

from inspector.core.mirrored import shares
from inspector.core.pull import Pull, Stage, Step

_DURATION = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|m|min|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


class Limit(msgspec.Struct, frozen=True):
    """One threshold: the name of what is measured, and the seconds that are allowed."""

    name: str
    allowed: float


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one pull took. ``seconds`` None: the pull has nothing of the kind, or its times are not known."""

    limit: Limit
    seconds: float | None
    step: int | None = None

    @property
    def broken(self) -> bool:
        """Longer than allowed."""
        return self.seconds is not None and self.seconds > self.limit.allowed


def _whole(step: Step) -> float | None:
    return None if step.wait is None else step.wait + (step.receive or 0.0)


def _first_byte(step: Step) -> float | None:
    return step.wait


def _in_mirror(step: Step) -> float | None:
    divided = shares(step.exchange)
    return divided[0] if divided else None


type _Time = Callable[[Step], float | None]

_ALL = frozenset(Stage)

NAMES: dict[str, tuple[str, frozenset[Stage], _Time | None]] = {
    "total": ("the whole pull, from its first request to its last byte", _ALL, None),
    "ttfb": ("the longest wait for a first byte", _ALL, _first_byte),
    "token": ("the slowest request for a token", frozenset({Stage.TOKEN}), _whole),
    "manifest": ("the slowest manifest", frozenset({Stage.MANIFEST, Stage.RESOLVE}), _whole),
    "blob": ("the slowest blob, from registry or CDN", frozenset({Stage.BLOB, Stage.CDN}), _whole),
    "mirror": ("the longest that our mirror itself added to a request", _ALL, _in_mirror),
}
"""What can be limited: words for people, the stages that are looked at, and what is taken of each step."""


def parse(given: Iterable[str]) -> tuple[Limit, ...]:
    """``NAME=TIME[,NAME=TIME…]``, each. Raises ValueError with one line that says what would do."""
    limits: dict[str, Limit] = {}
    for part in (part.strip() for text in given for part in text.split(",")):
        name, equals, time = (word.strip() for word in part.partition("="))
        if name not in NAMES:
            near = get_close_matches(name, NAMES, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(NAMES)}"
            raise ValueError(f"nothing called {name[:40]!r} is measured; {hint}")
        match = _DURATION.fullmatch(time) if equals else None
        allowed = float(match[1]) * _UNITS[match[2]] if match else 0.0
        if not match or not 0 < allowed < math.inf:
            raise ValueError(f"{name} needs a time, such as {name}=30s or {name}=500ms")
        if name in limits:
            raise ValueError(f"{name} is given twice")
        limits[name] = Limit(name, allowed)
    return tuple(limits.values())


def measure(pull: Pull, limit: Limit) -> Measured:
    """What the pull took of what ``limit`` is about; of single requests the slowest, with its number."""
    _, stages, time = NAMES[limit.name]
    if time is None:
        return Measured(limit=limit, seconds=pull.elapsed if pull.steps else None)
    took = [
        (seconds, step.n)
        for step in pull.steps
        if step.stage in stages and (seconds := time(step)) is not None
    ]
    seconds, number = max(took, default=(None, None), key=lambda one: (one[0], -one[1]))
    return Measured(limit=limit, seconds=seconds, step=number)
