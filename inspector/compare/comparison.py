"""The comparison: parts aligned, differences ranked, the one that explains a failure first.

Knows: two pulls, their parts and findings. Must not know: how it is shown.
"""

from enum import IntEnum

import msgspec

from inspector.compare.facts import ACCEPT, BLOBS, CLIENTS, ENDS, SETUPS, Facts, facts_of
from inspector.compare.parts import ORDER, Part, parts_of
from inspector.core.finding import Finding, Severity
from inspector.core.pull import Outcome, Pull

_ARRIVED = frozenset({Outcome.COMPLETE, Outcome.UP_TO_DATE, Outcome.INSPECTED, Outcome.PUSHED})
_PULL = ("pull",)
_CONTENT = ("index", "manifest", "config", "layer")
_BLOBS = ("config", "layer")
_OF_CONTENT = ("digest", "docker-content-digest", "content-length", "accept-ranges")
_OF_ANOTHER_IMAGE = ("digest", "content-length", "docker-content-digest", "steps", "verified")
_PARTIAL = frozenset({Outcome.UP_TO_DATE, Outcome.INSPECTED})
_NEVER = ("host", "location", "content-length", "accept-ranges")
_SLOWER = 2.0  # times as long,
_BY = 0.25  # and by so many seconds: below that it is the network's weather


class Weight(IntEnum):
    """How much a difference tells: EXPLAINS a failure, MATTERS to clients, or is only another set-up's way (QUIET)."""

    EXPLAINS = 0
    MATTERS = 1
    QUIET = 2


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One fact that differs, in one part or alike in several. ``a`` and ``b`` are the values, None where there is none."""

    parts: tuple[str, ...]
    name: str
    a: str | None
    b: str | None
    weight: Weight


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One part, with what each side did for it; None: that side has no such part."""

    label: str
    a: Part | None
    b: Part | None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two pulls side by side.

    ``failed`` names the side that failed where the other one arrived, else None. ``reasons``: what the diagnosis of each side
    that did not arrive says first.
    ``differences`` come the weightiest first, then in the order of the parts.
    """

    a: Pull
    b: Pull
    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]
    failed: str | None
    reasons: tuple[Finding | None, Finding | None]

    @property
    def same(self) -> bool:
        """Neither failed where the other did not, and nothing differs that matters."""
        return self.failed is None and all(one.weight is Weight.QUIET for one in self.differences)

    def of(self, weight: Weight) -> list[Difference]:
        return [one for one in self.differences if one.weight is weight]


def compare(a: Pull, b: Pull) -> Comparison:
    """Align two diagnosed pulls, and rank what differs."""
    mine, theirs = parts_of(a), parts_of(b)
    keys = sorted(mine.keys() | theirs.keys(), key=lambda key: (ORDER.index(key[0]), key[1]))
    rows = tuple(
        Row(label=(mine.get(key) or theirs[key]).label, a=mine.get(key), b=theirs.get(key)) for key in keys
    )
    failed = _failed(a, b)
    reasons = _reason(a), _reason(b)
    blamed = {"A": _blamed(reasons[0], a), "B": _blamed(reasons[1], b)}.get(failed or "", frozenset())
    side = _Side(failed, blamed, partial=any(one.outcome in _PARTIAL for one in (a, b)))
    found = [*_of_pulls(a, b, reasons)]
    for row in rows:
        found += _of_row(row, side, one_client=a.client.name == b.client.name)
    found = _gathered(_folded(found))
    found.sort(key=lambda one: one.weight)
    return Comparison(a=a, b=b, rows=rows, differences=tuple(found), failed=failed, reasons=reasons)


def _failed(a: Pull, b: Pull) -> str | None:
    """The side that did not arrive where the other one did."""
    arrived = a.outcome in _ARRIVED, b.outcome in _ARRIVED
    return {(False, True): "A", (True, False): "B"}.get(arrived)


def _reason(pull: Pull) -> Finding | None:
    """What the diagnosis of a pull that did not arrive says first."""
    if pull.outcome in _ARRIVED:
        return None
    grave = [one for one in pull.findings if one.severity is not Severity.NOTE]
    return next(iter(grave or pull.findings), None)


def _blamed(reason: Finding | None, pull: Pull) -> frozenset[int]:
    """Numbers of the failed side's steps that prove its reason; without one, of its last step."""
    proof = (
        frozenset(piece.exchange for piece in reason.evidence if piece.exchange) if reason else frozenset()
    )
    return proof or frozenset({len(pull.steps)})


def _of_pulls(a: Pull, b: Pull, reasons: tuple[Finding | None, Finding | None]) -> list[Difference]:
    """What differs of the pulls as wholes."""
    arrived = {pull.outcome in _ARRIVED for pull in (a, b)}
    codes = [reason.code if reason is not None else None for reason in reasons]
    facts = (
        ("outcome", str(a.outcome), str(b.outcome), Weight.MATTERS if arrived == {False} else Weight.QUIET),
        ("reason", codes[0], codes[1], Weight.MATTERS if arrived == {False} else Weight.QUIET),
        ("digest", a.digest, b.digest, Weight.MATTERS if a.digest and b.digest else Weight.QUIET),
        ("client", client_of(a), client_of(b), Weight.QUIET),
        ("registry", a.registry, b.registry, Weight.QUIET),
    )
    return [
        Difference(parts=_PULL, name=name, a=one, b=other, weight=weight)
        for name, one, other, weight in facts
        if one != other
    ]


def client_of(pull: Pull) -> str | None:
    """``docker 20.10.24``: name and version, as far as they are known."""
    return " ".join(filter(None, (pull.client.name, pull.client.version))) or None


class _Side(msgspec.Struct, frozen=True):
    """Which side failed where the other one arrived, and its steps that prove why. ``partial``: one side wanted less than an image."""

    failed: str | None
    blamed: frozenset[int]
    partial: bool

    def is_blamed(self, row: Row) -> bool:
        part = {"A": row.a, "B": row.b}.get(self.failed or "")
        return part is not None and not self.blamed.isdisjoint(part.numbers)


def _of_row(row: Row, side: _Side, *, one_client: bool) -> list[Difference]:
    blamed = side.is_blamed(row)
    if row.a is None or row.b is None:
        ways = tuple(None if part is None else part.answers for part in (row.a, row.b))
        weight = Weight.EXPLAINS if blamed else _of_one_side(row, side)
        return [Difference(parts=(row.label,), name="steps", a=ways[0], b=ways[1], weight=weight)]
    one, other = _lists_apart(facts_of(row.a), facts_of(row.b))
    arrived = row.a.arrived and row.b.arrived
    found = [
        Difference(
            parts=(row.label,),
            name=name,
            a=one.get(name),
            b=other.get(name),
            weight=_weight(name, row, blamed=blamed, arrived=arrived, one_client=one_client),
        )
        for name in _names(one, other)
        if one.get(name) != other.get(name) and not _follows(name, one, other, arrived=arrived)
    ]
    return found + _of_times(row.a, row.b, Weight.QUIET if side.failed else Weight.MATTERS)


def _lists_apart(one: Facts, other: Facts) -> tuple[Facts, Facts]:
    """Of lists only what the other side has not: two clients accept a dozen types, and differ in one."""
    lists = [set(filter(None, (facts.get(ACCEPT) or "").split(", "))) for facts in (one, other)]
    if not (lists[0] & lists[1]) or lists[0] == lists[1]:
        return one, other
    apart = (", ".join(sorted(lists[0] - lists[1])), ", ".join(sorted(lists[1] - lists[0])))
    told = [f"{types or 'nothing'} more than the other" for types in apart]
    return one | {ACCEPT: told[0]}, other | {ACCEPT: told[1]}


def _names(one: Facts, other: Facts) -> list[str]:
    return list(dict.fromkeys((*one, *other)))


def _follows(name: str, one: Facts, other: Facts, *, arrived: bool) -> bool:
    """What a refused part has not got is no difference of its own: no content, nothing verified, the error's own length."""
    lacking = one.get(name) is None or other.get(name) is None
    return lacking and (name in ("verified", "digest") or (not arrived and name in _OF_CONTENT))


def _weight(name: str, row: Row, *, blamed: bool, arrived: bool, one_client: bool) -> Weight:
    if name in CLIENTS and not one_client:
        return Weight.QUIET
    if blamed:
        return (
            Weight.QUIET
            if name in SETUPS and name not in ("answers", "realm", "service")
            else Weight.EXPLAINS
        )
    if name in SETUPS or name in ENDS or (name in BLOBS and row.label.startswith(_BLOBS)):
        return Weight.QUIET if arrived or name in _NEVER else Weight.MATTERS
    return Weight.MATTERS


def _of_one_side(row: Row, side: _Side) -> Weight:
    """What the failed side never came to follows from its failure; look-ups differ from client to client."""
    if side.failed is not None or side.partial or row.label.partition(" ")[0] not in _CONTENT:
        return Weight.QUIET
    return Weight.MATTERS


def _of_times(a: Part, b: Part, weight: Weight) -> list[Difference]:
    one, other = a.seconds, b.seconds
    if max(one, other) < _SLOWER * min(one, other) or abs(one - other) < _BY:
        return []
    return [Difference(parts=(a.label,), name="time", a=f"{one:.2f} s", b=f"{other:.2f} s", weight=weight)]


def _folded(found: list[Difference]) -> list[Difference]:
    """Where the tag stands for another image, its parts differ by that: told once."""
    if not any(one.parts == _PULL and one.name == "digest" and one.weight is Weight.MATTERS for one in found):
        return found
    return [
        one
        for one in found
        if one.parts == _PULL or one.weight is Weight.EXPLAINS or one.name not in _OF_ANOTHER_IMAGE
    ]


def _gathered(found: list[Difference]) -> list[Difference]:
    """The same difference in several parts is one."""
    together: dict[tuple[str, str | None, str | None, Weight], tuple[str, ...]] = {}
    for one in found:
        key = one.name, one.a, one.b, one.weight
        together[key] = (*together.get(key, ()), *one.parts)
    return [
        Difference(parts=parts, name=name, a=a, b=b, weight=weight)
        for (name, a, b, weight), parts in together.items()
    ]
