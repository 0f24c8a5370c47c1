"""token-expired: the token's time was over, or had not begun, by the server's own clock."""

from msgspec.structs import replace

from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Step
from inspector.rules.case import Case
from inspector.rules.evidence import challenge_error, saw, saw_header
from inspector.rules.example import as_json
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, TOKEN, bearer_line, ping, resolve, token
from inspector.rules.token_ignored import is_over


def check(case: Case) -> Verdict:
    """Every 401 to a request with a bearer, by Date and claims, or because the same bearer did before."""
    carried = [step for step in case.steps if step.exchange.bearer is not None]
    if not carried:
        return NOT_APPLICABLE
    accepted: dict[tuple[str, str | None], int] = {}
    by_host: dict[str, list[tuple[Step, Evidence]]] = {}
    for step in carried:
        key = (step.exchange.host, step.exchange.bearer)
        if step.exchange.ok or step.exchange.is_redirect:
            accepted.setdefault(key, step.n)
        elif (
            step.exchange.status == 401
            and case.final(step)
            and (why := _why(case, step, accepted.get(key))) is not None
        ):
            by_host.setdefault(step.exchange.host, []).append((step, why))
    return [_finding(host, found) for host, found in by_host.items()] or PASSED


def _why(case: Case, step: Step, before: int | None) -> Evidence | None:
    if is_over(case, step):
        return _lifetime(case, step)
    if before is not None and challenge_error(step) == "invalid_token":
        return saw(case.steps[before - 1], "the same token was accepted here")
    return None


def _lifetime(case: Case, step: Step) -> Evidence | None:
    given = case.token_of(step)
    answer = given.exchange.token_answer if given is not None else None
    if given is None or answer is None:
        return None
    return saw(given, f"the token was given for {answer.expires_in or 60} s")


def _finding(host: str, found: list[tuple[Step, Evidence]]) -> Finding:
    evidence = [
        piece
        for step, why in found
        for piece in (why, saw_header(step, "date"), saw_header(step, "www-authenticate"))
    ]
    return RULE.finding(f"{host} refuses the token because its time is over", evidence)


RULE = Rule(
    code="token-expired",
    title="tokens are used in their time",
    severity=Severity.ERROR,
    spec="Docker token specification, Token Response Fields (expires_in, issued_at); RFC 7519 §4.1.4, §4.1.5",
    meaning="A token holds for some minutes. Here it was used when its time was over, or had not begun, by the clock of the server"
    " that refused it. Large layers outlive a short token; or the clocks of token service and registry differ.",
    says=(
        ("docker", "unauthorized: authentication required"),
        ("containerd", "…: server message: invalid_token: authorization failed"),
        ("podman", "unauthorized: authentication required"),
        ("distribution's log", "token not to be used after … - currently …"),
    ),
    confused_with="token-ignored (the token is in its time), insufficient-scope (it does not cover the request).",
    cause="The download lasted longer than the token, or the clocks of token service and registry differ.",
    remedy="Set the clocks by NTP; let the token service give tokens a longer life (GitLab: 15 minutes by default).",
    check=check,
    bad=(
        ping(),
        replace(
            token(),
            body=as_json({"token": TOKEN, "expires_in": 60, "issued_at": "2023-11-14T22:13:20Z"}),
        ),
        replace(
            resolve(),
            status=401,
            give=(
                bearer_line(repository="library/app", error="invalid_token"),
                "date: Tue, 14 Nov 2023 23:13:20 GMT",
            ),
            body=b"",
        ),
    ),
    good=HEALTHY,
)
