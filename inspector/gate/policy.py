"""What counts against a pull in a script: a severity's threshold, ignored codes, known findings, thresholds of time.

Knows: findings, pulls and their rules' codes. Must not know: options' spelling beyond ``CODE=REASON``, files, formats.
A consequence shares its root's fate: who ignores the root need not name all that follows from it.
"""

from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from enum import StrEnum

import msgspec

from inspector.core.finding import Finding, Severity
from inspector.core.pull import Outcome, Pull
from inspector.gate.fingerprint import Fingerprint, fingerprint
from inspector.gate.slo import Limit, Measured, measure

UNEXPLAINED = "unexplained"
"""The engine's own word for a failed pull that the capture does not explain; no rule has it."""

_RANK = {severity: at for at, severity in enumerate(Severity)}


class Fate(StrEnum):
    """What a finding is to the check."""

    COUNTS = "counts"
    BELOW = "below the threshold"
    IGNORED = "ignored"
    KNOWN = "in the baseline"


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A finding and its fate. ``reason`` is the user's own, for an ignored one."""

    finding: Finding
    fate: Fate
    reason: str | None = None


class Judgement(msgspec.Struct, kw_only=True):
    """A pull, or with ``pull`` None what belongs to no pull, with the fate of each finding and each threshold of time.

    ``failed`` says that the pull failed and nothing that was found counts, is ignored or known: that alone fails the check.
    """

    pull: Pull | None
    judged: list[Judged]
    times: list[Measured] = msgspec.field(default_factory=list)
    failed: bool = False

    @property
    def counting(self) -> list[Judged]:
        """The findings on which the check fails."""
        return [one for one in self.judged if one.fate is Fate.COUNTS]

    @property
    def broken(self) -> list[Measured]:
        """The thresholds of time that were broken."""
        return [one for one in self.times if one.broken]

    @property
    def fails(self) -> bool:
        """Whether the check fails on this."""
        return self.failed or bool(self.counting) or bool(self.broken)


class Policy(msgspec.Struct, kw_only=True):
    """What is asked of pulls. ``ignored`` are codes with reasons; ``known`` what is in the baseline.

    ``accepting``: what would count is taken into a new baseline instead, and does not fail this time. ``may_be_empty``:
    that no pull came to its end is no failure either.
    """

    fail_on: Severity = Severity.ERROR
    ignored: dict[str, str] = msgspec.field(default_factory=dict)
    known: frozenset[Fingerprint] = frozenset()
    limits: tuple[Limit, ...] = ()
    accepting: bool = False
    may_be_empty: bool = True


class Judge:
    """Applies a policy to the pulls as they come, and adds up. Keeps numbers and fingerprints, no pull.

    ``where`` is what was read, as people call it.
    """

    def __init__(self, policy: Policy | None = None, *, where: str = "it") -> None:
        self.policy = policy or Policy()
        self.where = where
        self.pulls = 0
        self.unfinished = 0
        self.failing = 0
        self.fates: Counter[Fate] = Counter()
        self.counted: Counter[Severity] = Counter()
        self.ignored: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self.before = False  # whether something counts that belongs to no pull
        self.found: set[Fingerprint] = set()
        self.new: set[Fingerprint] = set()

    def pull(self, pull: Pull) -> Judgement:
        """The judgement of one more pull."""
        judged = self._judge(pull.findings, pull)
        failed = pull.outcome is Outcome.FAILED and not _accounted_for(judged)
        times = [measure(pull, limit) for limit in self.policy.limits]
        made = Judgement(pull=pull, judged=judged, times=times, failed=failed)
        self.pulls += 1
        self.unfinished += pull.outcome is Outcome.INCOMPLETE
        self.broken.update(one.limit.name for one in made.broken)
        self.failing += made.fails
        return made

    def capture(self, findings: list[Finding]) -> Judgement:
        """The judgement of what belongs to no pull."""
        made = Judgement(pull=None, judged=self._judge(findings, None))
        self.before = self.before or made.fails
        return made

    @property
    def fails(self) -> bool:
        """Whether the check fails, all in all. To be asked when everything was judged."""
        return bool(self.failing) or self.before or (self.empty and not self.policy.may_be_empty)

    @property
    def empty(self) -> bool:
        """No pull that came to its end."""
        return self.pulls == self.unfinished

    @property
    def unmet(self) -> list[str]:
        """Codes that are ignored and were not found."""
        return [code for code in self.policy.ignored if not self.ignored[code]]

    @property
    def gone(self) -> int:
        """How many entries of the baseline were not met."""
        return len(self.policy.known - self.found)

    def _judge(self, findings: list[Finding], pull: Pull | None) -> list[Judged]:
        judged: list[Judged] = []
        roots: dict[str, Judged] = {}
        for finding in findings:
            one = self._fate(finding, pull, roots.get(finding.caused_by or ""))
            judged.append(one)
            if finding.caused_by is None:
                roots.setdefault(finding.code, one)
            self.fates[one.fate] += 1
            if one.fate is Fate.IGNORED:
                self.ignored[
                    finding.code if finding.code in self.policy.ignored else finding.caused_by or ""
                ] += 1
            elif one.fate is Fate.COUNTS:
                self.counted[finding.severity] += 1
        return judged

    def _fate(self, finding: Finding, pull: Pull | None, root: Judged | None) -> Judged:
        policy = self.policy
        mark = fingerprint(finding, pull)
        self.found.add(mark)
        if (reason := policy.ignored.get(finding.code)) is not None:
            return Judged(finding=finding, fate=Fate.IGNORED, reason=reason)
        if root is not None and root.fate is Fate.IGNORED:
            return Judged(finding=finding, fate=Fate.IGNORED, reason=root.reason)
        if mark in policy.known or (root is not None and root.fate is Fate.KNOWN):
            return Judged(finding=finding, fate=Fate.KNOWN)
        if _RANK[finding.severity] > _RANK[policy.fail_on] and finding.code != UNEXPLAINED:
            return Judged(finding=finding, fate=Fate.BELOW)
        self.new.add(mark)
        return Judged(finding=finding, fate=Fate.KNOWN if policy.accepting else Fate.COUNTS)

    def baseline(self) -> set[Fingerprint]:
        """What a new baseline holds: all that counts now, and what of the old one was met again."""
        return self.new | (self.policy.known & self.found)


def _accounted_for(judged: list[Judged]) -> bool:
    """Whether a failed pull is dealt with: something counts, or the user has said that what it failed on is all right."""
    allowed = {Fate.IGNORED, Fate.KNOWN}
    return any(
        one.fate is Fate.COUNTS or (one.fate in allowed and (at == 0 or one.finding.code == UNEXPLAINED))
        for at, one in enumerate(judged)
    )


def parse_ignored(given: Iterable[str], codes: Iterable[str]) -> dict[str, str]:
    """``CODE=REASON``, each, as codes with reasons. Raises ValueError with one line: no reason, no such code, twice."""
    known = {*codes, UNEXPLAINED}
    ignored: dict[str, str] = {}
    for text in given:
        code, _, reason = text.partition("=")
        code, reason = code.strip(), " ".join(reason.split())
        if code not in known:
            near = get_close_matches(code, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "`pull-inspector explain` lists them"
            raise ValueError(f"no code {code[:60]!r}; {hint}")
        if not reason:
            raise ValueError(f"{code} needs a reason: {code}='TLS ends at the balancer'")
        if code in ignored:
            raise ValueError(f"{code} is given twice")
        ignored[code] = reason
    return ignored
