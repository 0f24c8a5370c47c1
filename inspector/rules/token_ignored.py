"""token-ignored: a token that should do is refused."""

import re

from msgspec.structs import replace

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import challenge_error, saw, saw_header, saw_request_header, saw_status
from inspector.rules.insufficient_scope import lacks
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, bearer_line, ping, resolve, token
from inspector.rules.steps import asks_for_content, is_refusal
from inspector.wire.httpdate import parse_http_date

_PLAIN = re.compile(r"[\w.:/ -]{1,200}")


def check(case: Case) -> Verdict:
    """Every request with a bearer that a token service of this pull gave."""
    carried = [step for step in case.steps if case.token_of(step) is not None]
    if not carried:
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    accepted = {step.exchange.bearer for step in carried if step.exchange.ok or step.exchange.is_redirect}
    for step in carried:
        if step.exchange.status == 401 and case.final(step) and _should_do(case, step, accepted):
            by_host.setdefault(step.exchange.host, []).append(step)
    return [_finding(case, host, steps) for host, steps in by_host.items()] or PASSED


def _should_do(case: Case, step: Step, accepted: set[str | None]) -> bool:
    """Error absent or invalid_token, in its time, claims enough; not Harbor's way to say "not enough"."""
    error = challenge_error(step)
    if error not in (None, "invalid_token"):
        return False
    if error is not None and step.exchange.bearer in accepted:
        return False  # token-expired
    if case.allowed.relaxed(step.exchange.host, RULE.code) or any(
        c.scheme == "basic" for c in step.exchange.challenges
    ):
        return False
    return not lacks(case, step) and not is_over(case, step)


def is_over(case: Case, step: Step) -> bool:
    """By the server's own clock, its Date, the token is not valid at this moment (or will be only later)."""
    given = case.token_of(step)
    answer = given.exchange.token_answer if given is not None else None
    now = parse_http_date(step.exchange.response_header("date") or "")
    if answer is None or now is None:
        return False
    claims = answer.claims
    if claims is not None and claims.expires is not None and now > claims.expires:
        return True
    if claims is not None and claims.not_before is not None and now < claims.not_before:
        return True
    return answer.issued_at is not None and now > answer.issued_at + max(answer.expires_in or 60, 60)


def _finding(case: Case, host: str, steps: list[Step]) -> Finding:
    evidence: list[Evidence] = []
    given = case.token_of(steps[0])
    if given is not None:
        evidence.append(saw(given, f"the token service {given.exchange.host} gives the token"))
    for step in steps:
        evidence += [saw_request_header(step, "authorization"), saw_header(step, "www-authenticate")]
    read = (
        given is not None
        and given.exchange.token_answer is not None
        and given.exchange.token_answer.claims is not None
    )
    sent, cause = _sent_on(steps)
    return RULE.finding(
        f"{host} refuses the token that its own token service gave",
        [*evidence, *sent],
        confidence=Confidence.PROVED if read or sent else Confidence.IMPLIED,
        cause=cause,
        remedy=_remedy(given),
    )


def _remedy(given: Step | None) -> str:
    """With issuer and audience of the token that was refused: a registry must be told these very words."""
    answer = given.exchange.token_answer if given is not None else None
    claims = answer.claims if answer is not None else None
    issuer = claims.issuer if claims is not None else None
    audience = claims.audience[0] if claims is not None and claims.audience else None
    text = RULE.remedy
    for placeholder, value in (("ISSUER", issuer), ("AUDIENCE", audience)):
        text = text.replace(placeholder, value) if value and _PLAIN.fullmatch(value) else text
    return text


def _sent_on(steps: list[Step]) -> tuple[list[Evidence], str | None]:
    """What became of the token behind a mirror, where its own requests were recorded too."""
    for step in steps:
        for inner in step.upstream:
            if not asks_for_content(inner) and inner.stage is not Stage.PING:
                continue
            host, upstream, seen = step.exchange.host, inner.exchange.host, inner.exchange.bearer
            evidence = [saw_request_header(inner, "authorization"), saw_status(inner)]
            if seen is None:
                return (
                    evidence,
                    f"{host} does not pass the client's Authorization on: its request to {upstream} has none.",
                )
            if seen != step.exchange.bearer:
                return evidence, f"{host} asks {upstream} with another token than its client's."
            if is_refusal(inner):
                return evidence, f"The token reaches {upstream} as it is, and {upstream} itself refuses it."
            return evidence, f"{upstream} takes the token: it is {host} itself that refuses."
    return [], None


RULE = Rule(
    code="token-ignored",
    title="a valid token is accepted",
    severity=Severity.ERROR,
    spec="RFC 6750 §3.1",
    meaning="The client did all that the challenge asked: it fetched a token from the named service and sent it, and is refused as if"
    " there were none. Either the token does not arrive, or the registry does not believe who issued it.",
    says=(
        ("docker", "unauthorized: authentication required"),
        ("containerd", "pull access denied, …: server message: invalid_token: authorization failed"),
        ("podman", "unauthorized: authentication required"),
    ),
    confused_with="insufficient-scope (the token does not cover it), token-expired (its time is over), repository-denied.",
    cause="The mirror drops or overwrites Authorization (`auth_basic`), or names a wrong `service`, hence audience; or registry and"
    " token service do not share keys; or a Worker answers every 401 with its own bare challenge.",
    remedy="nginx: `proxy_set_header Authorization $http_authorization;` and no `auth_basic` on /v2/. distribution:"
    " `auth.token.service: AUDIENCE` and `auth.token.issuer: ISSUER`, as the token says. distribution's log tells what does not fit; if both do,"
    " the token service's certificate is missing in its `rootcertbundle`.",
    check=check,
    bad=(
        ping(),
        token(),
        replace(resolve(), status=401, give=(bearer_line(repository="library/app"),), body=b""),
    ),
    good=HEALTHY,
)
