"""credentials-refused: the registry refuses the name and password that the client sent."""

from inspector.core.finding import Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.credentials_missing import has_login
from inspector.rules.evidence import codes_of, saw_header, saw_request_header, saw_status
from inspector.rules.example import Turn
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import ACCEPT, HEALTHY, manifest_url


def check(case: Case) -> Verdict:
    """Every request to a registry with a non-empty Basic."""
    logged_in = [step for step in case.steps if _basic(step)]
    if not logged_in:
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in logged_in:
        if _is_refused(case, step) and case.final(step) and not _served_later(case, step):
            by_host.setdefault(step.exchange.host, []).append(step)
    return [
        RULE.finding(
            f"{host} refuses the login that the client sent",
            [
                piece
                for step in steps
                for piece in (
                    saw_request_header(step, "authorization"),
                    saw_header(step, "www-authenticate") if step.exchange.challenges else saw_status(step),
                )
            ],
            host=host,
        )
        for host, steps in by_host.items()
    ] or PASSED


def _basic(step: Step) -> bool:
    scheme = (step.exchange.credential or "").partition(" ")[0].lower()
    return scheme == "basic" and has_login(step) and step.stage not in (Stage.TOKEN, Stage.CDN)


def _is_refused(case: Case, step: Step) -> bool:
    """401; ECR says 400 and DENIED to a password that is none of its own."""
    if step.exchange.status == 401:
        return True
    ecr = any(registry.name == "ECR" for registry in case.allowed.registries(step.exchange.host))
    return ecr and step.exchange.status == 400 and "DENIED" in codes_of(step)


def _served_later(case: Case, step: Step) -> bool:
    """The registry then asked for a token instead, and served with it."""
    return any(
        later.n > step.n and later.exchange.ok for later in case.registries.get(step.exchange.host, [])[-1:]
    )


RULE = Rule(
    code="credentials-refused",
    title="the registry takes the client's login",
    severity=Severity.ERROR,
    spec="RFC 7617 §2; RFC 9110 §15.5.2",
    meaning="The client sent a name and a password (Basic) to the registry, and was answered 401 all the same: they are wrong, have"
    " expired, or belong to another host.",
    says=(
        ("docker", "unauthorized: authentication required"),
        ("podman", "invalid username/password"),
        ("containerd", "unexpected status from HEAD request to https://…: 401 Unauthorized"),
    ),
    confused_with="token-denied (the token service refuses the login), credentials-missing (none was sent).",
    cause="A wrong or expired login is stored for exactly this host.",
    remedy="docker: `docker logout HOST` and `docker login HOST`; podman and its like: `podman logout HOST` and `podman login HOST`;"
    " with a login that works. For ECR fetch a new one every 12 hours.",
    check=check,
    bad=(
        Turn(
            method="HEAD",
            url=manifest_url("latest", "https://registry.example.com"),
            ask=(ACCEPT, "authorization: Basic ‹basic 5d1e77aa›"),
            status=401,
            give=('www-authenticate: Basic realm="Registry"',),
        ),
    ),
    good=HEALTHY,
)
