"""What the times of a pull's steps add up to: by stage, between the requests, how many at once, first arrivals.

Knows: the steps' times. Must not know: how they are drawn.
"""

from collections.abc import Callable

from inspector.core.pull import Content, Pull, Stage, Step


def shares(pull: Pull) -> list[tuple[Stage, float]]:
    """Each stage's part of the time that all exchanges took together, the largest first; they sum to one."""
    sums: dict[Stage, float] = {}
    for step in pull.steps:
        spent = (step.wait or 0.0) + (step.receive or 0.0)
        sums[step.stage] = sums.get(step.stage, 0.0) + spent
    total = sum(sums.values())
    if total <= 0:
        return []
    return sorted(
        ((stage, spent / total) for stage, spent in sums.items() if spent > 0), key=lambda item: -item[1]
    )


def _spans(pull: Pull) -> list[tuple[float, float]]:
    return sorted((step.start, _end(step)) for step in pull.steps)


def _end(step: Step) -> float:
    return step.start + (step.wait or 0.0) + (step.receive or 0.0)


def between(pull: Pull) -> float:
    """Seconds in which no request was under way: the client's own time, connecting included."""
    free, reached = 0.0, 0.0
    for start, end in _spans(pull):
        free += max(0.0, start - reached)
        reached = max(reached, end)
    return free


def together(pull: Pull) -> int:
    """The largest number of exchanges that ran at once."""
    edges = [(start, 1) for start, _ in _spans(pull)] + [(end, -1) for _, end in _spans(pull)]
    most = now = 0
    for _, change in sorted(edges):  # an end before a start of the same moment: that is no overlap
        now += change
        most = max(most, now)
    return most


def milestones(pull: Pull) -> list[tuple[str, float]]:
    """The first byte of a manifest and of a layer, and the last byte of all, in seconds since the first request."""
    found: list[tuple[str, float]] = []
    manifest = _first_byte(pull, lambda step: step.stage is Stage.MANIFEST)
    layer = _first_byte(pull, lambda step: step.content is Content.LAYER and step.stage is not Stage.REDIRECT)
    if manifest is not None:
        found.append(("first manifest", manifest))
    if layer is not None:
        found.append(("first layer byte", layer))
    if pull.steps:
        found.append(("last byte", max(_end(step) for step in pull.steps)))
    return found


def _first_byte(pull: Pull, wanted: Callable[[Step], bool]) -> float | None:
    times = [
        step.start + step.wait
        for step in pull.steps
        if wanted(step) and step.wait is not None and step.exchange.status in {200, 206}
    ]
    return min(times, default=None)
