"""challenge-missing: a 401 that does not say how to log in."""

from inspector.core.finding import Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw_header, saw_status
from inspector.rules.example import CONTAINERD, Turn
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import ACCEPT, HEALTHY, manifest_url


def check(case: Case) -> Verdict:
    """Every final 401 of a registry. One that challenged earlier has said it: then a bare 401 is something else."""
    refused = [s for s in case.steps if s.exchange.status == 401 and s.stage not in (Stage.TOKEN, Stage.CDN)]
    if not refused:
        return NOT_APPLICABLE
    challenged = {step.exchange.host for step in case.steps if _usable(step)}
    by_host: dict[str, list[Step]] = {}
    for step in refused:
        if step.exchange.host not in challenged and case.final(step):
            by_host.setdefault(step.exchange.host, []).append(step)
    return [
        RULE.finding(
            f"{host} answers 401 and does not say how to log in",
            [piece for step in steps for piece in (saw_status(step), saw_header(step, "www-authenticate"))],
        )
        for host, steps in by_host.items()
    ] or PASSED


def _usable(step: Step) -> bool:
    return any(challenge.scheme in ("bearer", "basic") for challenge in step.exchange.challenges)


RULE = Rule(
    code="challenge-missing",
    title="a 401 says how to log in",
    severity=Severity.ERROR,
    spec="RFC 9110 §11.6.1 (a 401 must have WWW-Authenticate)",
    meaning="The registry wants a login and does not say which: its 401 has no Bearer or Basic challenge. Clients cannot guess the"
    " token service, so they stop.",
    says=(
        ("containerd", "failed to find supported auth scheme"),
        ("docker", "unauthorized: authentication required"),
        ("podman", "unauthorized: authentication required"),
    ),
    confused_with="token-ignored and repository-denied: there the registry has challenged before, and refuses a token.",
    cause="A proxy on the way strips WWW-Authenticate, or answers with a 401 of its own.",
    remedy="Pass WWW-Authenticate on. nginx: remove `proxy_hide_header WWW-Authenticate;` and remove `proxy_intercept_errors on;`. A"
    " Worker must copy the header.",
    check=check,
    bad=(
        Turn(
            method="HEAD",
            url=manifest_url("latest", "https://registry.example.com"),
            ask=(ACCEPT,),
            agent=CONTAINERD,
            status=401,
        ),
    ),
    good=HEALTHY,
)
