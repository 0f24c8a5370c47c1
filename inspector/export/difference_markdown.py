"""A comparison as Markdown, for an issue or a chat: the verdict, what differs, the parts in a table.

Knows: a comparison. Must not know: terminals, how it was made. Everything from the traffic is a code span: it stays what it is.
"""

from collections.abc import Iterator

from inspector.compare.comparison import Comparison, Difference, Weight, client_of
from inspector.compare.parts import Part
from inspector.core.pull import Pull
from inspector.export.markdown import code, prose
from inspector.report.difference import told_apart
from inspector.report.headline import title
from inspector.report.units import count, duration, elapsed

_NONE = "–"
_LONGEST = 300  # characters of a value in a cell


def encode(comparison: Comparison, names: tuple[str, str]) -> str:
    """The whole text, with an end of line. ``names`` are the files; their folders are not told, as in the report's."""
    return "\n".join(_lines(comparison, names)) + "\n"


def _lines(both: Comparison, names: tuple[str, str]) -> Iterator[str]:
    for letter, pull, name in zip("AB", (both.a, both.b), told_apart(names), strict=True):
        yield f"**{letter}** {_pull(pull)}, {code(name)}  "
    yield ""
    yield from _verdict(both)
    yield from _table(both.of(Weight.EXPLAINS))
    if found := both.of(Weight.MATTERS):
        yield from ("", "What differs, and matters:", *_table(found))
    yield from ("", "| part | A | B |", "| --- | --- | --- |")
    for row in both.rows:
        yield f"| {row.label} | {_part(row.a)} | {_part(row.b)} |"
    if found := both.of(Weight.QUIET):
        yield from (
            "",
            "<details><summary>",
            f"{count(len(found), 'difference')} between two set-ups, harmless",
            "</summary>",
        )
        yield from (*_table(found), "", "</details>")


def _pull(pull: Pull) -> str:
    client = client_of(pull) or "unknown client"
    return f"{code(title(pull))} {pull.outcome} in {elapsed(pull.elapsed)}, {code(client)}, {count(len(pull.steps), 'request')}"


def _verdict(both: Comparison) -> Iterator[str]:
    if both.failed is not None:
        yield f"### Why {both.failed} failed where {'B' if both.failed == 'A' else 'A'} did not"
    elif any(both.reasons):
        yield "### Neither arrived"
    else:
        yield "### Nothing differs that matters" if both.same else "### Both arrived"
    for letter, reason in zip("AB", both.reasons, strict=True):
        if reason is not None:
            yield from (
                "",
                f"✘ {letter}: **{reason.code}** {prose(reason.summary)}  ",
                f"fix: {prose(reason.remedy)}",
            )


def _table(found: list[Difference]) -> Iterator[str]:
    if found:
        yield from ("", "| what | A | B |", "| --- | --- | --- |")
    for one in found:
        yield f"| {', '.join(one.parts)}: {one.name} | {_value(one.a)} | {_value(one.b)} |"


def _value(value: str | None) -> str:
    # A cell ends at a bar, even in a code span.
    return _NONE if value is None else code(value[:_LONGEST]).replace("|", "\\|")


def _part(part: Part | None) -> str:
    if part is None:
        return _NONE
    steps = ", ".join(map(str, part.numbers[:6])) + ("…" if len(part.numbers) > 6 else "")
    return f"{'✔' if part.arrived else '✘'} {part.answers} ({steps}), {duration(part.seconds)}"
