"""mirror-hides-error: a mirror answers with another error than the one that it met upstream."""

from msgspec.structs import replace

from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules import sides
from inspector.rules.case import Case
from inspector.rules.evidence import saw, saw_status, status_words
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, HUB, MIRROR, error_body, resolve
from inspector.rules.steps import is_refusal


def check(case: Case) -> Verdict:
    """Every final refusal of a mirror whose own requests are in the pull; where they are not, nothing can be said."""
    inner = sides.upstream(case)
    if not inner:
        return NOT_APPLICABLE
    by_host: dict[tuple[str, str, int], list[tuple[Step, Step]]] = {}
    for step in case.refused:
        if step.stage in (Stage.SIGNATURE, Stage.REFERRERS):
            continue  # look-ups that may fail
        met = next((one for one in reversed(inner.get(step.n, ())) if is_refusal(one)), None)
        if met is None or kind_of(met.exchange.status) in (None, "missing", kind_of(step.exchange.status)):
            continue
        by_host.setdefault((step.exchange.host, met.exchange.host, met.exchange.status or 0), []).append(
            (step, met)
        )
    return [_finding(*where, pairs) for where, pairs in by_host.items()] or PASSED


def kind_of(status: int | None) -> str | None:
    """What an error says to a client: who asks, how often, what, or how the server is."""
    match status:
        case 401 | 403:
            return "denied"
        case 429:
            return "limited"
        case 404 | 410:
            return "missing"
        case int() if 500 <= status < 600:
            return "server"
        case int() if 400 <= status < 500:
            return "other"
    return None


def _finding(host: str, upstream: str, status: int, pairs: list[tuple[Step, Step]]) -> Finding:
    evidence: list[Evidence] = []
    for step, met in pairs:
        evidence += [saw_status(met), saw(step, f"what {host} made of it: {saw_status(step).what}")]
    shown = status_words(pairs[0][0].exchange.status or 0)
    return RULE.finding(
        f"{host} answers {shown}, where {upstream} had answered {status_words(status)}",
        evidence,
        cause=f"What {upstream} answered is the root: {saw_status(pairs[0][1]).what}.",
    )


RULE = Rule(
    code="mirror-hides-error",
    title="a mirror passes its upstream's errors on",
    severity=Severity.ERROR,
    spec="OCI distribution-spec main, Registry Proxying; RFC 6585 §4 (429 is kept in no cache)",
    meaning="The original registry refused the mirror, for its rate, its login or a failure of its own, and the mirror told its client"
    " something else: mostly 404, as if the image were not there. People then look for a wrong name for days. Both sides of the"
    " mirror were recorded here, so that it can be seen.",
    says=(
        ("docker", "manifest for X:T not found: manifest unknown: manifest unknown"),
        ("containerd", 'failed to resolve reference "X:T": X:T: not found'),
        ("podman", "reading manifest T in X: manifest unknown"),
    ),
    confused_with="tag-not-found, server-error: what the client sees. With the client's side alone the two cannot be told apart.",
    cause="The mirror has one answer for every failure of its upstream, as distribution's cache has.",
    remedy="Repair what the upstream says: 429 needs a login in the mirror (distribution `proxy.username`, `proxy.password`), 401"
    " the right one. nginx: no `error_page` and no `proxy_intercept_errors` for /v2/ that change the status.",
    check=check,
    bad=(
        replace(
            resolve(MIRROR), method="GET", ask=(), status=404, give=("content-type: application/json",), took=0.2,
            body=error_body("MANIFEST_UNKNOWN", "manifest unknown"),
        ),
        replace(
            resolve(HUB), method="GET", ask=(), status=429, give=("content-type: application/json",), after=-0.15,
            body=error_body("TOOMANYREQUESTS", "You have reached your pull rate limit."),
        ),
    ),
    good=HEALTHY,
)  # fmt: skip
