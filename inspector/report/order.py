"""The order of the rows: by time, but what belongs to one piece of content stands together.

Knows: which step led to which. Must not know: columns. A redirect and its fetch are neighbours, and so are the tries at
one blob; the steps' numbers still tell the order in time.
"""

import msgspec

from inspector.core.pull import Pull, Stage, Step

_FETCHES = frozenset({Stage.REDIRECT, Stage.CDN, Stage.BLOB})


class Placed(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A step in its row: how many hops from the first of its group, and which try at the same thing it is (from 1)."""

    step: Step
    depth: int = 0
    attempt: int = 1


def ordered(pull: Pull) -> list[Placed]:
    """All steps, each once."""
    leaders: dict[int, int] = {}  # step -> the step under which it stands
    depths: dict[int, int] = {}
    attempts: dict[int, int] = {}
    groups: dict[int, list[Step]] = {}
    for step in pull.steps:  # what leads to a step comes before it, so one pass is enough
        leader = step.n
        depths[step.n], attempts[step.n] = 0, 1
        before = _earlier(pull, step, step.follows)
        first = _earlier(pull, step, step.retry_of)
        if first is not None:
            attempts[step.n] = attempts[first.n] + 1
        if before is not None and before.stage is Stage.REDIRECT:
            leader, depths[step.n] = leaders[before.n], depths[before.n] + 1
        elif first is not None and step.stage in _FETCHES:
            leader = leaders[first.n]
        leaders[step.n] = leader
        groups.setdefault(leader, []).append(step)
    placed: list[Placed] = []
    for group in groups.values():
        placed += [
            Placed(step=step, depth=depths[step.n], attempt=attempts[step.n]) for step in _chains(group, pull)
        ]
    return placed


def _earlier(pull: Pull, step: Step, number: int | None) -> Step | None:
    return pull.steps[number - 1] if number is not None and 1 <= number < step.n else None


def _chains(group: list[Step], pull: Pull) -> list[Step]:
    """In a group with several tries, each redirect is followed by its own fetch."""
    within = {step.n for step in group}
    under: dict[int, list[Step]] = {}
    tops: list[Step] = []
    for step in group:
        before = _earlier(pull, step, step.follows)
        if before is not None and before.n in within and before.stage is Stage.REDIRECT:
            under.setdefault(before.n, []).append(step)
        else:
            tops.append(step)
    chained: list[Step] = []
    waiting = tops[::-1]
    while waiting:
        step = waiting.pop()
        chained.append(step)
        waiting += under.get(step.n, [])[::-1]
    return chained
