"""Colours and symbols, one place for all of them: a symbol and a word carry the meaning, the colour only repeats it.

Knows: what the symbols mean. Must not know: pulls' contents, widths.
"""

from inspector.core.finding import CheckState, Severity
from inspector.core.pull import Outcome, Stage

GOOD = "green"
BAD = "bold red"
WARN = "yellow"
NOTE = "cyan"
FAINT = "dim"
STRONG = "bold"
HEAD = "bold underline"

OK, FAILED, OPEN, DOT, RETRY = "✔", "✘", "◌", "•", "↻"

OUTCOMES: dict[Outcome, tuple[str, str, str]] = {
    Outcome.COMPLETE: (OK, GOOD, "complete"),
    Outcome.UP_TO_DATE: (OK, GOOD, "up to date"),
    Outcome.INSPECTED: (OK, GOOD, "inspected"),
    Outcome.PUSHED: (OK, GOOD, "pushed"),
    Outcome.LOGIN: (DOT, NOTE, "login"),
    Outcome.SEARCHED: (DOT, NOTE, "searched"),
    Outcome.INCOMPLETE: (OPEN, WARN, "incomplete"),
    Outcome.FAILED: (FAILED, BAD, "failed"),
}
"""Symbol, style and word of each outcome."""

SEVERITIES: dict[Severity, tuple[str, str]] = {
    Severity.ERROR: (FAILED, BAD),
    Severity.WARNING: ("▲", "bold yellow"),
    Severity.NOTE: (DOT, "bold cyan"),
}
"""Symbol and style of each severity."""

CHECKS: dict[CheckState, tuple[str, str]] = {
    CheckState.PASSED: (OK, GOOD),
    CheckState.FAILED: (FAILED, BAD),
    CheckState.CANNOT_TELL: ("?", WARN),
    CheckState.NOT_APPLICABLE: ("–", FAINT),
}
"""Symbol and style of each way in which a check can end."""

_ASKING, _NAMES, _DATA = "blue", "cyan", "bold"  # far from red and yellow, which say that something is wrong

STAGES: dict[Stage, str] = {
    Stage.PING: _ASKING,
    Stage.CHALLENGE: _ASKING,
    Stage.TOKEN: _ASKING,
    Stage.RESOLVE: _NAMES,
    Stage.MANIFEST: _NAMES,
    Stage.TAGS: _NAMES,
    Stage.CATALOG: _NAMES,
    Stage.REFERRERS: _NAMES,
    Stage.SEARCH: _NAMES,
    Stage.SIGNATURE: _NAMES,
    Stage.REDIRECT: _DATA,
    Stage.CDN: _DATA,
    Stage.BLOB: _DATA,
    Stage.PUSH: _DATA,
}
"""Style of each stage: asking for leave, learning what there is, fetching it."""
