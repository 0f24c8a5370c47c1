"""The last word on a pull that failed and that no rule explains: what was refused, or that the capture does not show it.

Knows: a case, findings. Must not know: any single rule.
"""

from collections.abc import Iterable

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Outcome, Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw, saw_status, status_words
from inspector.rules.order import NEVER_FAILS_A_PULL
from inspector.rules.rule import limited

CODE = "unexplained"


def last_word(case: Case, found: Iterable[Finding]) -> Finding | None:
    """A finding of its own for a failed pull that ``found`` leaves open; None where it does not."""
    if case.pull.outcome is not Outcome.FAILED:
        return None
    pushing = any(step.stage is Stage.PUSH for step in case.steps)
    refused = (
        [] if pushing else [step for step in case.refused if step.n in case.fatal] or _leading_nowhere(case)
    )
    told = list(found)
    if refused:
        return None if any(_explains_refusal(one, case) for one in told) else _refused(case, refused)
    return None if any(_explains(one) for one in told) else _not_shown(case)


def _leading_nowhere(case: Case) -> list[Step]:
    """Redirects without a Location."""
    return [
        step for step in case.at(Stage.REDIRECT) if step.exchange.location is None and not case.overcome(step)
    ]


def _explains(finding: Finding) -> bool:
    if finding.severity is Severity.ERROR:
        return True
    return finding.severity is Severity.WARNING and finding.code not in NEVER_FAILS_A_PULL


def _explains_refusal(finding: Finding, case: Case) -> bool:
    """A warning about something else, that a retry overcame, does not tell why a request was refused in the end."""
    if finding.severity is Severity.ERROR:
        return True
    return _explains(finding) and any(
        piece.exchange in case.fatal or (piece.exchange or 0) > len(case.steps) for piece in finding.evidence
    )


def _refused(case: Case, refused: list[Step]) -> Finding:
    """The registry's own words are all that there is to say; they are shown, and nothing is guessed."""
    last = refused[-1]
    same = [step for step in refused if step.exchange.host == last.exchange.host]
    what = last.content.value if last.content else last.stage.value
    return Finding(
        code=CODE,
        severity=Severity.ERROR,
        confidence=Confidence.PROVED,
        summary=f"{last.exchange.host} answers the request for the {what} with {status_words(last.exchange.status or 0)},"
        " and nothing in the capture shows why",
        evidence=limited(piece for step in same for piece in (_asked(step), saw_status(step))),
        cause="Whoever answers at this host does not let this request pass: a rule of access, a list of what a mirror may serve,"
        " or a firewall. What the answer itself says of it is in the evidence.",
        remedy=f"Ask whoever runs {last.exchange.host}, with the time and the request; {_record_next(case)}",
        spec="OCI distribution-spec 1.1, Error Codes",
        final=True,
    )


def _asked(step: Step) -> Evidence:
    return saw(step, f"{step.exchange.method} {step.exchange.path}")


def _not_shown(case: Case) -> Finding:
    steps = case.steps
    last = (
        [Evidence(exchange=steps[-1].n, what="the last that the capture shows of this pull")] if steps else []
    )
    said = _record_next(case)
    return Finding(
        code=CODE,
        severity=Severity.NOTE,
        confidence=Confidence.IMPLIED,
        summary="the pull failed, and the capture does not show why",
        evidence=last,
        cause="The reason lies outside this recording: in the client itself (disk, unpacking, policy), or in traffic that did"
        " not pass through it.",
        remedy=said[:1].upper() + said[1:],
        spec="none",
    )


def _record_next(case: Case) -> str:
    if not case.steps:
        return "record again, from before the pull begins."
    if len(case.registries) > 1 or case.mirrors:
        return "read the client's own message; then record the mirror's upstream side too, in the same file."
    return "read the client's own message or its daemon's log; then record again with every host of the pull proxied."
