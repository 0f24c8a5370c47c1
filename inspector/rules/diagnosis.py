"""The engine of the rules: runs every rule on a pull, settles severities, finds the root.

Knows: rules as a list, and what catalogue 1.0 says of all of them. Must not know: any single rule.
Hostile traffic never raises here: a rule that fails on it "could not tell".
"""

from collections.abc import Callable, Iterable

from inspector.core.events import ConnectionFailed
from inspector.core.finding import Check, CheckState, Finding, Severity
from inspector.core.pull import Pull, Stage, Step
from inspector.rules import catalogue, own_mirror
from inspector.rules.both_sides import OF_CLIENTS, Story, worst
from inspector.rules.case import ARRIVED, Case
from inspector.rules.elsewhere import Elsewhere
from inspector.rules.failures import Reached
from inspector.rules.order import Subject, arrange
from inspector.rules.products import fitting, products_of
from inspector.rules.rule import CannotTell, NotApplicable, Rule, Verdict
from inspector.rules.unexplained import last_word

_SEVERITIES = tuple(Severity)
RERAISE = False
"""Tests set this: there a rule that raises is a mistake of ours."""

STAY_ERRORS = frozenset({"digest-mismatch", "size-mismatch"})
"""Errors in a pull that arrived all the same (rule 2): wrong bytes were delivered."""
MOST_OF_A_CODE = 16
"""Findings of one rule on one pull, one a host mostly: a client that is sent to ten thousand hosts makes no longer report."""

FOR_PUSHES = frozenset(
    {
        "html-answer", "server-error", "insufficient-scope", "token-denied", "token-not-json", "token-field-missing",
        "token-expired", "token-ignored", "tls-ca-not-trusted", "tls-upstream-invalid", "plain-http-on-tls-port",
        "name-not-resolved", "connect-failed",
    }
)  # fmt: skip
"""What may be said of a push (rule 11), and of connections, whatever was meant to go over them."""


def diagnose(pull: Pull, elsewhere: Elsewhere | None = None) -> None:
    """Fill ``pull.findings``, root causes first, and ``pull.checks``, one for each rule; of both sides of a mirror.

    ``elsewhere``: what the other pulls of the recording show.
    """
    case = Case(pull, elsewhere)
    story = Story(case)
    # What was delivered and not accepted is no refusal: there the last exchange is the one it failed on.
    found, checks = _one_side(case, lambda _: True, story.hosts, ends=case.fatal | {len(case.steps)})
    others: list[list[Check]] = []
    upstream: list[Finding] = []
    for first, side in story.sides:
        seen, told = _one_side(side, lambda rule: rule.code not in OF_CLIENTS, _hosts(side), ends=side.fatal)
        upstream += story.numbered(seen, first)
        others.append(told)
    for finding in found:
        finding.remedy = fitting(finding.remedy, products_of(case, _seen(finding, case)))
        own_mirror.tell(finding, case)
    found = story.merged(story.vantage(found), upstream)
    last = last_word(case, found)
    found += [last] if last is not None else []
    pull.findings = arrange(found, contents=story.contents, hosts=story.hosts, caused=story.caused)
    pull.checks = worst(checks, others)


def _one_side(
    case: Case, wanted: Callable[[Rule], bool], hosts: Subject, *, ends: frozenset[int]
) -> tuple[list[Finding], list[Check]]:
    """The findings and the checks on one side of a pull: the client's, or its mirror's own."""
    pushing = any(step.stage is Stage.PUSH for step in case.steps)
    verdicts = [
        (
            rule,
            _ask(rule, case)
            if wanted(rule) and (not pushing or rule.code in FOR_PUSHES)
            else NotApplicable(),
        )
        for rule in catalogue.rules()
    ]
    found = [
        _settled(finding, case, ends)
        for _, verdict in verdicts
        if isinstance(verdict, list)
        for finding in verdict[:MOST_OF_A_CODE]
    ]
    found = _nearer(found, {rule.code: rule.yields_to for rule, _ in verdicts}, hosts)
    kept = {id(finding) for finding in found}
    return found, [
        _check(rule, verdict, kept, case.allowed.reasons.get(rule.code)) for rule, verdict in verdicts
    ]


def capture_findings(failed: list[ConnectionFailed], pulls: Reached | Iterable[Pull]) -> list[Finding]:
    """What is wrong with the connections that belong to no pull. ``pulls`` tell whether the same worked afterwards.

    Whoever does not keep its pulls gives what they ``Reached``.
    """
    reached = pulls if isinstance(pulls, Reached) else Reached(pulls)
    found: list[Finding] = []
    for rule in catalogue.rules():
        if rule.connections is None:
            continue
        try:
            found += rule.connections(failed, reached)
        except Exception:  # a mistake in a rule must not cost the report
            if RERAISE:
                raise
    return arrange(found, contents=lambda _: frozenset(), hosts=lambda _: frozenset())


def _ask(rule: Rule, case: Case) -> Verdict:
    try:
        return rule.check(case)
    except (
        Exception
    ) as error:  # hostile traffic may show a mistake of ours; it costs one check, not the report
        if RERAISE:
            raise
        return CannotTell(f"the rule failed on this traffic ({type(error).__name__})")


def _nearer(found: list[Finding], yields: dict[str, tuple[str, ...]], hosts: Subject) -> list[Finding]:
    """Without the findings that a nearer code on the same host says better, and no less gravely."""
    return [
        finding
        for finding in found
        if not any(
            other.code in yields.get(finding.code, ())
            and _SEVERITIES.index(other.severity) <= _SEVERITIES.index(finding.severity)
            and hosts(other) & hosts(finding)
            for other in found
        )
    ]  # fmt: skip


def _check(rule: Rule, verdict: Verdict, kept: set[int], allowed: str | None) -> Check:
    """Notes do not fail a check: what a registry does by design is worth a line and no more. ``allowed`` is the reason."""
    reason: str | None = None
    match verdict:
        case NotApplicable():
            state = CheckState.NOT_APPLICABLE
        case CannotTell():
            state, reason = CheckState.CANNOT_TELL, verdict.reason
        case list() if any(f.severity is not Severity.NOTE and id(f) in kept for f in verdict):
            state = CheckState.FAILED
        case _:
            state, reason = CheckState.PASSED, allowed
    return Check(code=rule.code, title=rule.title, state=state, reason=reason)


def _settled(finding: Finding, case: Case, ends: frozenset[int]) -> Finding:
    """Severity by how the pull ended, and whether it failed on this."""
    arrived = case.pull.outcome in ARRIVED
    if finding.severity is Severity.ERROR and arrived and finding.code not in STAY_ERRORS:
        finding.severity = Severity.WARNING
    if not arrived and finding.severity is Severity.ERROR:
        finding.final = finding.final or any(piece.exchange in ends for piece in finding.evidence)
    return finding


def _hosts(case: Case) -> Subject:
    """The hosts on which a finding's evidence was seen."""
    return lambda finding: frozenset(step.exchange.host for step in _seen(finding, case))


def _seen(finding: Finding, case: Case) -> list[Step]:
    """The steps of this pull that the evidence names: a third party's rule may name others."""
    numbers = (piece.exchange or 0 for piece in finding.evidence)
    return [case.steps[n - 1] for n in numbers if 0 < n <= len(case.steps)]
