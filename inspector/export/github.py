"""Annotations of GitHub Actions: a workflow command a finding, which the run's page and the pull request show.

Knows: workflow commands and their escapes. Must not know: files, terminals. A finding is a line whatever is in it, and no
line begins with recorded text: nothing recorded can give a command of its own.
"""

from collections.abc import Iterator

from inspector.core.finding import Severity
from inspector.core.pull import Pull
from inspector.export.words import nothing, slo_words
from inspector.export.writer import Writer
from inspector.gate.policy import Fate, Judged, Judgement
from inspector.report.headline import title
from inspector.wire.clean import clean

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


class GithubWriter(Writer):
    """Roots only: what follows from one is named in its message."""

    def add_judged(self, judgement: Judgement) -> None:
        """The lines of one pull; none where nothing is to be said."""
        self.put("".join(f"{line}\n" for line in _lines(judgement)))

    def head(self, found: Judgement) -> Iterator[str]:
        """What belongs to no pull comes first."""
        for line in _lines(found):
            yield f"{line}\n"
        if self.judge.empty and not self.judge.policy.may_be_empty:
            yield _command("error", "no pull", nothing(self.judge)) + "\n"


def data(text: str) -> str:
    """Text as a command's message: one line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def value(text: str) -> str:
    """Text as a property's value: neither end of the property nor of the list."""
    return data(text).replace(":", "%3A").replace(",", "%2C")


def _command(name: str, heading: str, *lines: str) -> str:
    told = "\n".join(clean(line) for line in lines if line)
    return f"::{name} title={value(clean(heading, 200))}::{data(told)}"


def _lines(judgement: Judgement) -> Iterator[str]:
    pull = judgement.pull
    where = _where(pull)
    for one in judgement.judged:
        if one.finding.caused_by is None:
            yield _finding(one, judgement, where)
    for measured in judgement.broken:
        yield _command("error", f"slo {measured.limit.name}, {where}", slo_words(measured))
    if judgement.failed:
        yield _command("error", f"failed, {where}", "the pull failed")


def _finding(one: Judged, judgement: Judgement, where: str) -> str:
    finding = one.finding
    led = [other.finding.code for other in judgement.judged if other.finding.caused_by == finding.code]
    said = [finding.summary]
    if one.fate in {Fate.IGNORED, Fate.KNOWN}:
        said.insert(0, f"{one.fate}: {one.reason}" if one.reason else str(one.fate))
    said += [
        f"step {piece.exchange}: {piece.what}" if piece.exchange else piece.what
        for piece in finding.evidence[:4]
    ]
    said += [
        f"{name}: {text}" for name, text in (("fix", finding.remedy), ("led to", ", ".join(led))) if text
    ]
    excused = one.fate in {Fate.IGNORED, Fate.KNOWN}
    return _command("notice" if excused else _COMMANDS[finding.severity], f"{finding.code}, {where}", *said)


def _where(pull: Pull | None) -> str:
    return f"pull {pull.n}: {title(pull)}" if pull else "before any pull"
