"""What a mirror of ours met upstream, told with what its client was refused: it noted each call as it made it.

Knows: findings of the client's side, and the calls of the steps that prove them. Must not know: any single rule. A mirror that is not
ours tells nothing; of that one both sides must be recorded (``both_sides``).
"""

from collections.abc import Callable, Iterable

from inspector.core.events import UpstreamCall
from inspector.core.finding import Evidence, Finding
from inspector.core.pull import Step
from inspector.rules.case import Case
from inspector.rules.evidence import status_words

_ITS_OWN = frozenset({"tag-not-found", "blob-unknown", "repository-denied"})
"""Codes whose own cause is that of the upstream's answer, too."""

_TOLD: dict[str, Callable[[UpstreamCall], bool]] = {
    "server-error": lambda call: call.status is None or call.status >= 500 or call.status in {403, 429},
    "tag-not-found": lambda call: call.status == 404,
    "blob-unknown": lambda call: call.status == 404,
    "repository-denied": lambda call: call.status in (401, 403, 404),
    "rate-limited": lambda call: call.status == 429,
    "body-truncated": lambda call: call.error is not None or call.status is None or call.status >= 400,
    "stalled": lambda call: call.error is not None or call.status is None,
}
"""Codes that a mirror passes on, and which of its calls each comes from."""

_REACH = (
    "Find out on the mirror's machine why {host} cannot be reached: its name, the route, a proxy that is needed (`--proxy`), its"
    " certificate; then try again. Give the upstream a second address where it has one."
)
_THEIRS = "The mirror only passes it on: look at {host}, whether it is down or limits this mirror's address, and try again later."
_LINE = "Look at the line between the mirror and {host}: the mirror went on with Range as often as it may, and each time it broke off."


def tell(finding: Finding, case: Case) -> None:
    """Name, in the finding, the upstream that our mirror had it from: in its sentence, its evidence, its cause and its remedy."""
    fits = _TOLD.get(finding.code)
    if fits is None:
        return
    for step in _steps(finding, case):
        call = next((one for one in reversed(step.exchange.noted or ()) if fits(one)), None)
        if call is not None and step.exchange.joined is None:
            _told(finding, step, call)
            return


def _steps(finding: Finding, case: Case) -> Iterable[Step]:
    for piece in finding.evidence:
        if piece.exchange is not None and 0 < piece.exchange <= len(case.steps):
            yield case.steps[piece.exchange - 1]


def _told(finding: Finding, step: Step, call: UpstreamCall) -> None:
    what = _what(call)
    finding.summary = f"{finding.summary}; {call.host}, which it asked, {what}"
    finding.evidence = [
        *finding.evidence,
        Evidence(exchange=step.n, what=f"the mirror asked upstream: {call.method} {call.host}, which {what}"),
    ]
    if finding.code not in _ITS_OWN:
        finding.cause = f"The mirror passes on what it met upstream: {call.host} {what}."
    if finding.code == "body-truncated":
        finding.remedy = _LINE.format(host=call.host)
    elif call.status is None:
        finding.remedy = _REACH.format(host=call.host)
    elif finding.code == "server-error":
        finding.remedy = _THEIRS.format(host=call.host)


def _what(call: UpstreamCall) -> str:
    if call.status is None:
        return f"gave no answer: {call.error}" if call.error else "gave no answer"
    broken = f" and broke off: {call.error}" if call.error else ""
    return f"answered {status_words(call.status)}{broken}"
