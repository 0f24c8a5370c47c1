"""retry-storm: a client repeats one refused request again and again."""

from msgspec.structs import replace

from inspector.core.finding import Confidence, Finding, Severity
from inspector.core.pull import Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw_status, status_words
from inspector.rules.example import PODMAN
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, error_body, resolve
from inspector.rules.steps import is_refusal

MANY = 6


def check(case: Case) -> Verdict:
    """Refusals of one method and URL with one status: six of them are a storm."""
    if not case.steps:
        return NOT_APPLICABLE
    groups: dict[tuple[str, str, int], list[Step]] = {}
    for step in case.steps:
        if is_refusal(step):
            exchange = step.exchange
            groups.setdefault((exchange.method, exchange.request.url, exchange.status or 0), []).append(step)
    storms = [steps for steps in groups.values() if len(steps) >= MANY]
    return [_finding(storms)] if storms else PASSED


def _finding(storms: list[list[Step]]) -> Finding:
    worst = max(storms, key=len)
    first, last = worst[0], worst[-1]
    seconds = last.start - first.start
    return RULE.finding(
        f"{first.exchange.method} of one URL at {first.exchange.host} was refused {len(worst)} times with"
        f" {status_words(first.exchange.status or 0)}, within {seconds:.0f} s",
        [saw_status(step) for steps in storms for step in steps],
        confidence=Confidence.PROVED,
    )


RULE = Rule(
    code="retry-storm",
    title="refused requests are not repeated without end",
    severity=Severity.WARNING,
    spec="RFC 6585 §4 (Retry-After); RFC 9110 §10.2.3",
    meaning="The client repeats the same request although the answer stays the same. That makes the reason worse where it is a limit"
    " of requests. It is never the reason itself: look at what was refused.",
    says=(
        ("containerd", "nothing: it repeats a 429 at once, 5 or 6 requests within a second"),
        ("podman", "Failed, retrying in 1s ... (1/3): 5 requests a round, 4 rounds"),
        ("docker", "nothing: it does not repeat a refused manifest"),
    ),
    confused_with="docker's HEAD and GET of one tag, or its double GET of a failing layer: those are two requests, not six.",
    cause="The client's way to retry; the refusal that it meets is the root.",
    remedy="Repair what is refused. A mirror can pace its clients by `Retry-After`; podman waits as long as that says, up to 60 s.",
    check=check,
    bad=(
        *(replace(turn, agent=PODMAN) for turn in HEALTHY[:2]),
        *(
            replace(
                resolve(),
                method="GET",
                status=429,
                give=(),
                body=error_body("TOOMANYREQUESTS", "slow down"),
                agent=PODMAN,
            )
            for _ in range(MANY)
        ),
    ),
    good=HEALTHY,
)
