"""How far the clock of one recording is from that of another, by exchanges that were made for one another.

Knows: spans. A span says: with an offset from ``low`` to ``high`` seconds this request was made while that one waited.
Must not know: exchanges, pulls. The offset that makes most of the requests fit is the one; of several, the smallest.
"""

from collections import Counter
from collections.abc import Iterable

import msgspec

FARTHEST = 120.0
"""Seconds. Two clocks that are farther apart are not two clocks but two times."""

_ENOUGH = 0.75  # of the best fit: then the clocks are taken to agree


class Span(msgspec.Struct, frozen=True):
    """``inner`` names the request that fits another one if the offset is between ``low`` and ``high``."""

    low: float
    high: float
    inner: int


class Offset(msgspec.Struct, frozen=True, kw_only=True):
    """``seconds`` are added to the mirror's side to bring it onto its client's clock. ``natural``: no need to."""

    seconds: float
    within: float
    fitting: int
    natural: bool


def offset(spans: Iterable[Span]) -> Offset | None:
    """The offset at which most requests fit; None where none does. O(n log n)."""
    near = [span for span in spans if span.low <= min(span.high, FARTHEST) and span.high >= -FARTHEST]
    if not near:
        return None
    best, regions = _sweep(near)
    agreeing = [span for span in near if span.low <= 0.0 <= span.high]
    fitting = len({span.inner for span in agreeing})
    if fitting >= _ENOUGH * best:
        return Offset(seconds=0.0, within=0.0, fitting=fitting, natural=True)
    low, high = min(regions, key=lambda region: abs(region[0] + region[1]))
    return Offset(seconds=(low + high) / 2, within=(high - low) / 2, fitting=best, natural=False)


def _sweep(spans: list[Span]) -> tuple[int, list[tuple[float, float]]]:
    """The largest number of requests that fit at once, and where they do."""
    edges = sorted(
        [(span.low, 0, span.inner) for span in spans] + [(span.high, 1, span.inner) for span in spans]
    )
    active: Counter[int] = Counter()
    best = fitting = 0
    begun: float | None = None
    regions: list[tuple[float, float]] = []
    for at, ends, inner in edges:
        if not ends:
            active[inner] += 1
            fitting += active[inner] == 1
            if fitting > best:
                best, regions = fitting, []
            if fitting == best:
                begun = at
            continue
        if fitting == best and begun is not None and active[inner] == 1:
            regions.append((begun, at))
            begun = None
        active[inner] -= 1
        fitting -= active[inner] == 0
    return best, regions
