"""The report for an issue or a chat: verdict, findings with their evidence, the sequence as a diagram, the rest folded away.

Knows: Markdown as GitHub and GitLab read it. Must not know: terminals, files. Recorded text stands in code spans and code
blocks only, whose fence is longer than any in it: no HTML, no link, no mention, no table of somebody else's comes to life.
"""

import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console

from inspector.core.finding import Evidence, Severity
from inspector.export.mermaid import diagram
from inspector.export.words import excuse, slo_words, verdict
from inspector.export.writer import Writer
from inspector.gate.policy import Judged, Judgement
from inspector.report.checks import Checks
from inspector.report.headline import Headline, title
from inspector.report.lines import Lines, safe
from inspector.report.names import Names
from inspector.report.proof import Proof
from inspector.report.sequence import Sequence
from inspector.report.style import OUTCOMES
from inspector.report.units import elapsed

_COLUMNS = 100
_RUNS = re.compile(r"`+")
# A word that is nothing but prose; whatever else there is of words stands in a code span.
_PLAIN = re.compile(
    r"[(‘’“”'\"]*(?!www\.)§?[A-Za-z0-9][A-Za-z0-9'’/%-]*(?:[.,][0-9]+)*[).,;:?!‘’“”'\"]*|[–—·→=]"
)
_MARKS = {Severity.ERROR: "✘", Severity.WARNING: "▲", Severity.NOTE: "•"}


class MarkdownWriter(Writer):
    """A section a pull."""

    def add_judged(self, judgement: Judgement) -> None:
        """One more pull."""
        self.put("\n".join(_of_pull(judgement)) + "\n\n")

    def head(self, found: Judgement) -> Iterator[str]:
        """What belongs to no pull, and what was read; before the pulls."""
        if found.judged:
            yield "## Before any pull\n"
            yield from (line + "\n" for line in _findings(found, None))
            yield "\n"
        if not self.judge.pulls:
            yield f"**No pull** in {', '.join(code(Path(source.file).name) for source in self.read.sources)}.\n\n"

    def foot(self) -> Iterator[str]:
        """How it was recorded. Only the file's name: whoever reads the issue need not know folders of this machine."""
        if self.checks:
            yield f"**check {verdict(self.judge)}**\n\n"
        for source in self.read.sources[:8]:
            redacted = (
                f"redacted: {source.redaction}" if source.redaction else "does not say how it was redacted"
            )
            yield f"{code(Path(source.file).name)} ({source.format}), {redacted}{'' if source.complete else ', cut'}  \n"
        yield "made with pull-inspector\n"


def code(text: str) -> str:
    """A code span: whatever the text holds, it is shown as it is, on one line."""
    text = " ".join(safe(text).split()) or " "
    fence = "`" * (1 + max((len(run) for run in _RUNS.findall(text)), default=0))
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def block(lines: Iterable[str], language: str = "text") -> list[str]:
    """A code block, fenced by more backticks than stand anywhere in it."""
    inside = list(lines)
    fence = "`" * max(3, 1 + max((len(run) for line in inside for run in _RUNS.findall(line)), default=0))
    return [f"{fence}{language}", *inside, fence]


def prose(text: str) -> str:
    """A sentence: plain words as they are, spans between backticks and technical words as code."""
    parts = safe(text).split("`")
    if len(parts) % 2 == 0:  # a backtick without its other half
        parts = [" ".join(parts)]
    said = [code(part) if at % 2 else _words(part) for at, part in enumerate(parts) if part]
    return "".join(said)


def _words(text: str) -> str:
    said = [word if not word or _PLAIN.fullmatch(word) else _one(word) for word in text.split(" ")]
    return " ".join(said)


def _one(word: str) -> str:
    """A technical word as code, without the punctuation of the sentence that it stands in."""
    body = word.rstrip(".,;:")
    return (code(body) if body else "") + word[len(body) :]


def drawn(lines: Lines) -> list[str]:
    """The lines of a renderable, without colours."""
    out = io.StringIO()
    Console(file=out, width=_COLUMNS, color_system=None, highlight=False, markup=False, emoji=False).print(
        lines
    )
    return [line.rstrip() for line in out.getvalue().rstrip("\n").split("\n")]


def _of_pull(judgement: Judgement) -> Iterator[str]:
    pull = judgement.pull
    if pull is None:
        return
    names = Names(pull)
    symbol, _, word = OUTCOMES[pull.outcome]
    yield f"## {symbol} {code(title(pull))}: {word} in {elapsed(pull.elapsed)}"
    yield ""
    yield from block(drawn(Headline(pull, names))[1:])
    yield ""
    yield from _findings(judgement, names)
    for one in judgement.broken:
        yield f"**✘ slo `{one.limit.name}`**: {slo_words(one)}"
        yield ""
    yield from _folded("The sequence as a diagram", block(diagram(pull, names), "mermaid") if pull.steps else [],
                       open_=bool(pull.findings))  # fmt: skip
    yield from _folded("Every step", block(drawn(Sequence(pull, names))) if pull.steps else [])
    yield from _folded("The checks", block(drawn(Checks(pull.checks))) if pull.checks else [])


def _findings(judgement: Judgement, names: Names | None) -> Iterator[str]:
    if not judgement.judged:
        yield "No findings."
        yield ""
    shown: list[list[Evidence]] = []
    for one in judgement.judged:
        yield from _finding(one, judgement, names, as_above=one.finding.evidence in shown)
        shown.append(one.finding.evidence)


def _finding(one: Judged, judgement: Judgement, names: Names | None, *, as_above: bool) -> Iterator[str]:
    finding = one.finding
    if finding.caused_by:
        yield f"led to {code(finding.code)}: {prose(finding.summary)}"
        yield ""
        return
    mark = _MARKS[finding.severity]
    yield f"**{mark} {finding.severity} {code(finding.code)}** ({finding.confidence}): {prose(finding.summary + excuse(one))}"
    yield ""
    if finding.evidence and as_above:
        yield "**Evidence**: as above  "
    elif finding.evidence:
        proof = drawn(Proof(finding, judgement.pull, names))
        yield from block(line.removeprefix("   ") for line in proof)
        yield ""
    for name, text in (("Cause", finding.cause), ("Fix", finding.remedy), ("Spec", finding.spec)):
        if text:
            yield f"**{name}**: {prose(text)}  "
    yield ""


def _folded(summary: str, inside: list[str], *, open_: bool = False) -> Iterator[str]:
    if inside:
        yield f"<details{' open' if open_ else ''}><summary>{summary}</summary>"
        yield ""
        yield from inside
        yield ""
        yield "</details>"
        yield ""
