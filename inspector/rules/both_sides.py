"""A pull of which a mirror's other side was recorded too: what is found upstream, in the story of the client's pull.

The numbers of the upstream steps go on behind those of the client's own, so that evidence may name either. Knows: the
case of the client's side, and one for each of the mirror's own pulls. Must not know: any single rule.
Where both sides show one thing it is one finding, the upstream's, and the mirror passes it on (catalogue 1.0, rules 3, 12).
"""

from collections.abc import Iterable, Iterator

import msgspec

from inspector.core.finding import Check, CheckState, Confidence, Evidence, Finding, Severity
from inspector.core.pull import Step
from inspector.rules.case import Case
from inspector.rules.order import NEVER_ROOT, REFUSALS_OF_A_MIRROR
from inspector.rules.steps import Key, is_broken, is_refusal

OF_CLIENTS = frozenset(
    {
        "mirror-bypassed", "mirror-stale-tag", "mirror-hides-error", "realm-bypasses-mirror", "redirect-leaves-mirror",
        "platform-missing", "not-an-image",
    }
)  # fmt: skip
"""What only the client's side can show: what it did next, or left."""

_BY_ABSENCE = frozenset({"realm-unreachable", "cdn-unreachable", "challenge-missing", "token-ignored"})
"""Codes that are implied by what did not follow: behind a mirror it may have followed on the client's side."""

_AMBIGUOUS = frozenset({"tag-not-found", "blob-unknown", "server-error", "html-answer", "repository-denied"})
_ONE_SIDE = (
    "Whether {mirror} or its upstream is at fault does not show on the client's side alone: record the mirror's own requests"
    " too, and give both files to `pull-inspector report`."
)

_WORST = (CheckState.FAILED, CheckState.CANNOT_TELL, CheckState.PASSED, CheckState.NOT_APPLICABLE)
_SEVERITIES = tuple(Severity)


class Story:
    """The client's case, and those of its mirror's own pulls, with one numbering of steps."""

    def __init__(self, case: Case) -> None:
        self.case = case
        # How the client's pull ended counts: a cache that asks for a part of an image has not failed.
        self.sides = [
            (side.first, Case(msgspec.structs.replace(side.pull, outcome=case.pull.outcome)))
            for side in case.pull.behind
        ]
        self._outer: dict[int, Step] = {inner.n: step for step in case.steps for inner in step.upstream}
        self._upstream: dict[int, Step] = {inner.n: inner for step in case.steps for inner in step.upstream}

    # -- what findings are about --------------------------------------------------------------------------------------

    def contents(self, finding: Finding) -> frozenset[str]:
        """The digests that a finding's evidence is about."""
        return frozenset(
            name for n in self._steps(finding) for kind, name in self._wanted(n) if kind == "content"
        )

    def hosts(self, finding: Finding) -> frozenset[str]:
        """The hosts on which a finding's evidence was seen."""
        return frozenset(self._step(n).exchange.host for n in self._steps(finding))

    def caused(self, root: Finding, consequence: Finding) -> bool:
        """What went wrong upstream while the client waited is the cause of what the mirror then answered."""
        if root.severity is Severity.NOTE or root.code in NEVER_ROOT:
            return False
        about = self._steps(consequence)
        # What was seen upstream as well is no mere answer of the mirror's.
        refusal = consequence.code in REFUSALS_OF_A_MIRROR and not any(n in self._outer for n in about)
        if consequence.code != "mirror-hides-error" and not refusal:
            return False
        answered = {n for n in about if n not in self._outer}
        return any(
            self._outer[n].n in answered and _went_wrong(self._upstream[n])
            for n in self._steps(root)
            if n in self._outer
        )

    def _steps(self, finding: Finding) -> list[int]:
        """The numbers in the evidence that are steps of this story: a third party's rule may name others."""
        return [n for piece in finding.evidence if (n := piece.exchange) is not None and self._has(n)]

    def _has(self, n: int) -> bool:
        return 0 < n <= len(self.case.steps) or n in self._upstream

    def _step(self, n: int) -> Step:
        return self._upstream[n] if n in self._upstream else self.case.steps[n - 1]

    def _wanted(self, n: int) -> frozenset[Key]:
        for first, side in self.sides:
            if first < n <= first + len(side.steps):
                return side.wanted[n - first - 1]
        return self.case.wanted[n - 1]

    def vantage(self, found: list[Finding]) -> list[Finding]:
        """The findings on the client's side; of a mirror's refusals it is said whose they are, as far as that can be known."""
        for finding in found:
            if finding.code in REFUSALS_OF_A_MIRROR and finding.severity is not Severity.NOTE:
                said = self._whose(finding)
                finding.cause = f"{finding.cause} {said}" if said else finding.cause
        return found

    def _whose(self, finding: Finding) -> str | None:
        at = [self.case.steps[n - 1] for n in self._steps(finding) if n <= len(self.case.steps)]
        hosts = {step.exchange.host for step in at if _went_wrong(step)}
        mirrors = hosts & self.case.mirrors.keys()
        if not mirrors or mirrors != hosts:
            return None
        name = ", ".join(sorted(mirrors))
        if not self.sides:
            return _ONE_SIDE.format(mirror=name) if finding.code in _AMBIGUOUS else None
        asked = [inner for step in at for inner in step.upstream]
        if not asked:
            return f"Both sides are recorded, and {name} asked nobody upstream for it: the answer is its own."
        if not any(_went_wrong(inner) for inner in asked):
            return f"Both sides are recorded, and upstream answered {name} well: what went wrong is its own doing."
        return None

    # -- findings of the other side -----------------------------------------------------------------------------------

    def numbered(self, found: Iterable[Finding], first: int) -> Iterator[Finding]:
        """Findings on one of the mirror's own pulls, with the numbers that its steps have here."""
        for finding in found:
            if finding.code in _BY_ABSENCE and finding.confidence is not Confidence.PROVED:
                continue
            finding.evidence = [
                Evidence(exchange=piece.exchange + first if piece.exchange else None, what=piece.what)
                for piece in finding.evidence
            ]
            yield finding

    def merged(self, own: list[Finding], upstream: list[Finding]) -> list[Finding]:
        """One list: what both sides show of one exchange is one finding."""
        told = list(own)
        for finding in upstream:
            at = next((i for i, other in enumerate(told) if self._same(finding, other)), None)
            if at is None:
                told.append(finding)
            else:
                told[at] = self._passed_on(finding, told[at])
        return told

    def _same(self, inner: Finding, other: Finding) -> bool:
        if inner.code != other.code:
            return False
        answered = set(self._steps(other))
        return any(self._outer[n].n in answered for n in self._steps(inner) if n in self._outer)

    def _passed_on(self, inner: Finding, other: Finding) -> Finding:
        mirrors = list(
            dict.fromkeys(self._outer[n].exchange.host for n in self._steps(inner) if n in self._outer)
        )
        return msgspec.structs.replace(
            inner,
            severity=min(inner.severity, other.severity, key=_SEVERITIES.index),
            confidence=Confidence.PROVED
            if Confidence.PROVED in (inner.confidence, other.confidence)
            else inner.confidence,
            summary=f"{inner.summary}, and {', '.join(mirrors)} passes it on",
            evidence=[*inner.evidence, *other.evidence],
            final=inner.final or other.final,
        )


def worst(own: list[Check], others: list[list[Check]]) -> list[Check]:
    """Each check as the side shows it on which it went worse."""
    told: list[Check] = []
    for at, check in enumerate(own):
        candidates = [check, *(other[at] for other in others if other[at].code not in OF_CLIENTS)]
        told.append(min(candidates, key=lambda one: _WORST.index(one.state)))
    return told


def _went_wrong(step: Step) -> bool:
    return is_refusal(step) or is_broken(step) or step.verified is False
