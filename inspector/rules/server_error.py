"""server-error: 5xx."""

from msgspec.structs import replace

from inspector.core.finding import Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import count, saw_header, saw_status, status_words
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, LAYER, serve, until_layer


def check(case: Case) -> Verdict:
    """Every answer of the pull; a gateway error that the capturing proxy made itself is a failed connection."""
    if not any(step.exchange.status is not None for step in case.steps):
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in case.steps:
        if (
            (step.exchange.status or 0) >= 500
            and not made_by_proxy(step)
            and step.stage is not Stage.SIGNATURE
        ):
            by_host.setdefault(step.exchange.host, []).append(step)
    return [_finding(case, host, steps) for host, steps in by_host.items()] or PASSED


def made_by_proxy(step: Step) -> bool:
    """A 502 or 504 that stands for a failed connection: mitmproxy signs it."""
    server = (step.exchange.response_header("server") or "").lower()
    return step.exchange.status in (502, 504) and ("mitmproxy" in server or step.exchange.error is not None)


def _finding(case: Case, host: str, steps: list[Step]) -> Finding:
    through = all(case.overcome(step) for step in steps)
    first = steps[0]
    evidence = [saw_status(step) for step in steps]
    if first.exchange.response_header("server"):
        evidence.append(saw_header(first, "server"))
    how = "a retry got through" if through else "no retry got through"
    return RULE.finding(
        f"{host} answers {status_words(first.exchange.status or 0)} ({count(len(steps), 'answer')}; {how})",
        evidence,
        severity=Severity.WARNING if through else Severity.ERROR,
    )


RULE = Rule(
    code="server-error",
    title="no server fails with 5xx",
    severity=Severity.ERROR,
    spec="RFC 9110 §15.6",
    meaning="The server says that it could not do its work. The fault is on its side, or behind it: 502, 503 and 504 mostly come"
    " from a gateway whose upstream is down or slow.",
    says=(
        ("docker", "received unexpected HTTP status: 503 Service Unavailable"),
        ("podman", "received unexpected HTTP status: 502 Bad Gateway"),
        ("containerd", "unexpected status from GET request to …: 500 Internal Server Error"),
    ),
    confused_with="rate-limited behind a mirror that turns 429 into 500, header-too-large (nginx's 502 for a long head),"
    " tls-upstream-invalid (the proxy's own 502).",
    cause="The registry, or what stands behind the gateway that answered, is down, overloaded or wrongly configured.",
    remedy="Look into the log of the server that answered (the `server` header names its kind) at this time; try again later if it"
    " is not yours.",
    check=check,
    bad=(*until_layer(), replace(serve(LAYER), status=503, give=("server: nginx",), body=b"busy")),
    good=HEALTHY,
)
