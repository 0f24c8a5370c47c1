"""What is said about a pull: findings, their evidence, and the checks that were made.

Knows: plain words and numbers of steps. Must not know: rules, how it is shown.
The fields are those of report-json.md; a rule fills them, the engine of the rules orders them.
"""

from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """How bad it is. The order of the members is the order in which they are shown."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Confidence(StrEnum):
    """How sure it is: proved by bytes, implied by the sequence, or a typical cause (never an error)."""

    PROVED = "proved"
    IMPLIED = "implied"
    TYPICAL = "typical"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The very header, status or fact, in the very exchange. ``exchange`` is None for a failed connection."""

    exchange: int | None
    what: str


class Finding(msgspec.Struct, kw_only=True):
    """One thing that is wrong or noteworthy. ``summary``, ``cause``, ``remedy`` and ``spec`` are sentences.

    ``final`` says that the pull failed on it: those errors come first. ``caused_by`` is the root's code.
    """

    code: str
    severity: Severity
    confidence: Confidence
    summary: str
    evidence: list[Evidence]
    cause: str
    remedy: str
    spec: str
    caused_by: str | None = None
    final: bool = False


class CheckState(StrEnum):
    """How one check of a pull ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"
    CANNOT_TELL = "could not tell"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One rule's answer for one pull. ``reason`` says why it could not tell."""

    code: str
    title: str
    state: CheckState
    reason: str | None = None
