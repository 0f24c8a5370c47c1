"""What a rule is: one diagnosis, with its code, its words, its proof and its examples.

Knows: findings, and the case that a rule looks at. Must not know: any single rule, or the order of findings.
A rule is data plus one function. Third parties offer theirs through the entry point group ``pull_inspector.rules``;
the object named there is a Rule, and everything that a built-in rule has is asked of it too.
"""

import re
from collections.abc import Callable, Iterable

import msgspec

from inspector.core.events import ConnectionFailed
from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.rules.case import Case
from inspector.rules.example import Example
from inspector.rules.failures import Reached


class Passed(msgspec.Struct, frozen=True):
    """The rule looked, and nothing is wrong."""


class NotApplicable(msgspec.Struct, frozen=True):
    """The pull holds nothing that the rule is about."""


class CannotTell(msgspec.Struct, frozen=True):
    """What the rule needs is not in the capture. ``reason`` is a sentence without its full stop."""

    reason: str


PASSED = Passed()
NOT_APPLICABLE = NotApplicable()

type Verdict = list[Finding] | Passed | NotApplicable | CannotTell
"""What a check says. A list is never empty: no finding is ``PASSED``."""

type Check = Callable[[Case], Verdict]
type ConnectionCheck = Callable[[list[ConnectionFailed], Reached], list[Finding]]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One diagnosis.

    ``code`` is the name in reports, fixed for ever. ``title`` says what is checked, in a few words: it stands in the list
    of checks. ``severity`` is that of a pull that failed on it. ``meaning`` explains, to someone who runs a mirror, what the
    code says. ``says`` pairs a client with the words that it prints: people find the code by pasting them.
    ``confused_with`` names what it is often taken for, and how to tell. ``cause`` and ``remedy`` are the usual ones; a
    finding may carry better ones, chosen by what the traffic shows. ``spec`` names document and section.
    ``check`` looks at one pull; ``connections`` at failed connections that belong to none. ``bad`` and ``good`` are
    examples: the rule must find itself in the first and must not in the second. Where a finding of one of ``yields_to`` was
    made on the same host, this rule's is dropped: the nearer code wins.
    """

    code: str
    title: str
    severity: Severity
    spec: str
    meaning: str
    says: tuple[tuple[str, str], ...]
    confused_with: str
    cause: str
    remedy: str
    check: Check
    bad: Example
    good: Example
    connections: ConnectionCheck | None = None
    yields_to: tuple[str, ...] = ()
    starred: bool = False

    def finding(
        self,
        summary: str,
        evidence: Iterable[Evidence],
        *,
        severity: Severity | None = None,
        confidence: Confidence = Confidence.PROVED,
        cause: str | None = None,
        remedy: str | None = None,
        final: bool = False,
        host: str | None = None,
    ) -> Finding:
        """A finding of this rule: what is not given is the rule's own. A typical cause is never an error.

        With ``host`` (and its port, if not the scheme's) the remedy's lines name it: they can be copied as they stand.
        """
        level = severity or self.severity
        if confidence is Confidence.TYPICAL and level is Severity.ERROR:
            level = Severity.WARNING
        return Finding(
            code=self.code,
            severity=level,
            confidence=confidence,
            summary=summary,
            evidence=limited(evidence),
            cause=cause or self.cause,
            remedy=for_host(remedy or self.remedy, host),
            spec=self.spec,
            final=final,
        )


_PLACEHOLDER = re.compile(r"\bHOST\[:PORT\]|\bhost:port\b|\bHOST\b")


def for_host(remedy: str, host: str | None) -> str:
    """The remedy with this host where ``HOST``, ``HOST[:PORT]`` or ``host:port`` stand; as it is when there is none."""
    return _PLACEHOLDER.sub(lambda _: host, remedy) if host is not None else remedy


MOST_EVIDENCE = 8
"""Pieces of evidence that one finding shows: the first ones and the last; a retry storm is told by its count."""


def limited(evidence: Iterable[Evidence]) -> list[Evidence]:
    """At most MOST_EVIDENCE of the pieces, the last one always among them, and how many were left out."""
    pieces = list(evidence)
    if len(pieces) <= MOST_EVIDENCE:
        return pieces
    left = len(pieces) - MOST_EVIDENCE
    last = pieces[-1]
    more = Evidence(exchange=last.exchange, what=f"{last.what} (and {left} more like these before)")
    return [*pieces[: MOST_EVIDENCE - 1], more]
