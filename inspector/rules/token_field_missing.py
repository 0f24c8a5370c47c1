"""token-field-missing: the token service's JSON holds no token."""

from msgspec.structs import replace

from inspector.core.finding import Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw
from inspector.rules.rule import NOT_APPLICABLE, PASSED, CannotTell, Rule, Verdict
from inspector.rules.sample import HEALTHY, ping, token


def check(case: Case) -> Verdict:
    """Every 2xx of a token service that is a JSON object."""
    answered = [step for step in case.at(Stage.TOKEN) if step.exchange.ok]
    if not answered:
        return NOT_APPLICABLE
    known = [step for step in answered if step.exchange.token_answer is not None]
    if not known:
        return CannotTell("the token service's answers were not kept")
    none = [step for step in known if _lacks(step) and case.final(step)]
    posts = [step for step in known if step.exchange.method == "POST" and _lacks_access_token(step)]
    found = [_finding(none, "holds no token", Severity.ERROR)] if none else []
    if posts:
        found.append(
            _finding(
                posts, "to a POST holds no access_token, and containerd takes no other", Severity.WARNING
            )
        )
    return found or PASSED


def _lacks(step: Step) -> bool:
    answer = step.exchange.token_answer
    return answer is not None and answer.is_object and not answer.token and not answer.access_token


def _lacks_access_token(step: Step) -> bool:
    answer = step.exchange.token_answer
    return answer is not None and answer.is_object and bool(answer.token) and not answer.access_token


def _finding(steps: list[Step], what: str, severity: Severity) -> Finding:
    evidence = [saw(step, f"{step.exchange.method}: a JSON object that {what}") for step in steps]
    return RULE.finding(
        f"the answer of the token service {steps[0].exchange.host} {what}", evidence, severity=severity
    )


RULE = Rule(
    code="token-field-missing",
    title="the token service's answer holds a token",
    severity=Severity.ERROR,
    spec="Docker token specification, Token Response Fields (token or access_token); OAuth2 document (access_token)",
    meaning="The token service answered 2xx with JSON, but there is no non-empty `token` or `access_token` in it. To a GET one of"
    " the two is enough; to a POST it must be `access_token`.",
    says=(
        ("docker", "authorization server did not include a token in the response"),
        ("containerd", "authorization server did not include a token in the response"),
        ("crane", "no token in bearer response"),
        ("oras", "empty token returned"),
        ("podman", "unauthorized: authentication required"),
    ),
    confused_with="token-not-json (it is no JSON at all), token-denied (a refusal with its status).",
    cause="A token service that answers errors with 200, or names the field otherwise.",
    remedy="Let the token service answer with `token` and `access_token` both, holding the same value, and with 401 where it"
    " refuses.",
    check=check,
    bad=(ping(), replace(token(), body=b'{"expires_in":300}')),
    good=HEALTHY,
)
