"""Two pulls side by side, for a person: which is which, what explains a failure, what else differs, and the parts in a row.

Knows: a comparison. Must not know: how it was made.
"""

from collections.abc import Iterator
from pathlib import Path

from rich.text import Text

from inspector.compare.comparison import Comparison, Difference, Row, Weight, client_of
from inspector.compare.parts import Part
from inspector.core.pull import Pull
from inspector.report.headline import title
from inspector.report.lines import Lines, crop, crop_middle, fitted, fold, pad, safe, shortened
from inspector.report.sizes import received
from inspector.report.style import BAD, FAILED, FAINT, GOOD, OK, OUTCOMES, STRONG, WARN
from inspector.report.units import count, duration, elapsed, ranges

_NONE = "–"
_HEADINGS = {
    Weight.MATTERS: ("What differs, and matters", WARN),
    Weight.QUIET: ("What differs from one set-up to another", FAINT),
}


class Differences(Lines):
    """The whole comparison. ``names`` are what A and B are called: their files. ``full``: also what harms nobody."""

    def __init__(self, comparison: Comparison, names: tuple[str, str], *, full: bool = False) -> None:
        self.comparison, self.names, self.full = comparison, names, full

    def lines(self, width: int) -> Iterator[Text]:
        """Which pulls, the verdict, the differences, the parts."""
        both = self.comparison
        for letter, pull, name in zip("AB", (both.a, both.b), told_apart(self.names), strict=True):
            yield from _pull(letter, pull, name, width)
        yield Text()
        yield from _verdict(both, width)
        for weight, (heading, style) in _HEADINGS.items():
            found = both.of(weight)
            if found and (self.full or weight is not Weight.QUIET):
                yield Text()
                yield Text(heading, style=style)
                for one in found:
                    yield from _difference(one, width)
        yield Text()
        yield from _parts(both.rows, width)
        quiet = len(both.of(Weight.QUIET))
        if quiet and not self.full:
            yield Text()
            yield Text(
                f"{count(quiet, 'more difference')} between two set-ups, harmless: --full", style=FAINT
            )


def told_apart(names: tuple[str, str]) -> tuple[str, str]:
    """The two files by their names alone; with the folder that each lies in where the names are one."""
    a, b = (Path(name) for name in names)
    if a.name != b.name or a == b:
        return a.name, b.name
    return f"{a.absolute().parent.name}/{a.name}", f"{b.absolute().parent.name}/{b.name}"


def _pull(letter: str, pull: Pull, name: str, width: int) -> Iterator[Text]:
    symbol, style, word = OUTCOMES[pull.outcome]
    right = f"{word} in {elapsed(pull.elapsed)}"
    left = fitted(safe(title(pull)), width - 6 - len(right))
    yield Text.assemble(
        (f"{letter} ", STRONG), (f"{symbol} ", style), (pad(left, width - 5 - len(right)), STRONG), " ", (right, style)
    )  # fmt: skip
    client = client_of(pull) or "unknown client"
    facts = f"{safe(client)} · {count(len(pull.steps), 'request')} · {received(pull.steps)} · {safe(name)}"
    yield Text("    " + crop(facts, width - 4), style=FAINT)


def _verdict(both: Comparison, width: int) -> Iterator[Text]:
    if both.failed is None:
        yield from _undecided(both, width)
        return
    reason = both.reasons["AB".index(both.failed)]
    other = "B" if both.failed == "A" else "A"
    heading = f"Why {both.failed} failed where {other} did not"
    yield Text(heading, style=BAD)
    if reason is not None:
        first, *rest = fold(f"{reason.code}: {reason.summary}", width - 4)
        yield Text.assemble("  ", (f"{FAILED} ", BAD), first)
        yield from (Text("    " + line) for line in rest)
    found = both.of(Weight.EXPLAINS)
    for one in found:
        yield from _difference(one, width)
    if not found:
        yield Text(f"  Up to there both did the same: record {both.failed}'s mirror from behind, too.")
    if reason is not None:
        yield from _folded(f"fix: {reason.remedy}", width)


def _undecided(both: Comparison, width: int) -> Iterator[Text]:
    failed = [reason is not None for reason in both.reasons]
    if any(failed):
        yield Text("Neither arrived", style=BAD)
        for letter, reason in zip("AB", both.reasons, strict=True):
            if reason is not None:
                yield from _folded(f"{letter}: {reason.code}: {reason.summary}", width)
    elif both.same:
        yield Text(f"{OK} Nothing differs that matters.", style=GOOD)
    else:
        yield Text(f"{OK} Both arrived.", style=GOOD)


def _folded(text: str, width: int) -> Iterator[Text]:
    for line in fold(text, width - 2):
        yield Text("  " + line)


def _difference(one: Difference, width: int) -> Iterator[Text]:
    """``config, layer 1 · content-type`` and the two values, on one line where they fit, else below."""
    where = _where(one)
    a, b = (_NONE if value is None else shortened(safe(value)) for value in (one.a, one.b))
    inline = f"  {where}  A {a}   B {b}"
    if len(inline) <= width:
        yield Text.assemble("  ", (where, STRONG), ("  A ", FAINT), a, ("   B ", FAINT), b)
        return
    yield Text("  " + crop(where, width - 2), style=STRONG)
    for letter, value in (("A", a), ("B", b)):
        folded = fold(value, width - 6)
        yield Text.assemble((f"    {letter} ", FAINT), folded[0])
        yield from (Text("      " + line) for line in folded[1:3])


def _where(one: Difference) -> str:
    parts = (
        ", ".join(one.parts)
        if len(one.parts) < 5
        else f"{', '.join(one.parts[:3])} and {len(one.parts) - 3} more"
    )
    return f"{parts} · {one.name}"


def _parts(rows: tuple[Row, ...], width: int) -> Iterator[Text]:
    """The parts of both, a line each: the steps, how it went, how long it took."""
    label = max((len(row.label) for row in rows), default=0)
    room = (width - label - 4) // 2
    yield Text(f"{'part'.ljust(label)}  {pad('A', room)}  {pad('B', room)}".rstrip(), style="bold underline")
    for row in rows:
        line = Text.assemble((row.label.ljust(label), STRONG))
        for part in (row.a, row.b):
            line.append("  ")
            line.append_text(_side(part, room))
        line.rstrip()
        yield line


def _side(part: Part | None, room: int) -> Text:
    if part is None:
        return Text(pad(_NONE, room), style=FAINT)
    took = duration(part.seconds)
    numbers = ranges(list(part.numbers), most=2).replace("steps ", "#").replace("step ", "#")
    mark, style = (OK, GOOD) if part.arrived else (FAILED, BAD)
    free = max(room - len(took) - 3, 8)
    text = Text.assemble(
        (f"{mark} ", style), pad(crop_middle(f"{part.answers} ({numbers})", free), free), " ", (took, FAINT)
    )
    return Text.assemble(text, " " * max(room - text.cell_len, 0))
