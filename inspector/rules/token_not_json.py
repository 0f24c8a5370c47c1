"""token-not-json: what the realm answers is no JSON object."""

from msgspec.structs import replace

from inspector.core.finding import Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw, saw_header
from inspector.rules.rule import NOT_APPLICABLE, PASSED, CannotTell, Rule, Verdict
from inspector.rules.sample import HEALTHY, HTML, ping, token
from inspector.wire.token import LIMIT


def check(case: Case) -> Verdict:
    """Every 2xx of a token service."""
    answered = [step for step in case.at(Stage.TOKEN) if step.exchange.ok]
    if not answered:
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in answered:
        if _is_other(step):
            by_host.setdefault(step.exchange.host, []).append(step)
    if by_host:
        return [_finding(host, steps) for host, steps in by_host.items()]
    if all(step.exchange.token_answer is None for step in answered):
        return CannotTell("the token service's answers were not kept")
    return PASSED


def _is_other(step: Step) -> bool:
    answer = step.exchange.token_answer
    body = step.exchange.response_body
    empty = body is not None and body.size == 0 and body.complete is True
    return empty or _is_flood(step) or (answer is not None and not answer.is_object)


def _is_flood(step: Step) -> bool:
    """More than any client reads; such a body is not kept."""
    body = step.exchange.response_body
    return body is not None and (body.size or 0) > LIMIT


def _finding(host: str, steps: list[Step]) -> Finding:
    evidence = []
    for step in steps:
        answer = step.exchange.token_answer
        start = answer.start if answer is not None else ""
        size = step.exchange.response_body.size if step.exchange.response_body else None
        what = f'the body begins with "{start}"' if start else "the body is empty"
        if _is_flood(step):
            what = f"the body is {size:,} bytes long, and no client reads more than {LIMIT:,}"
        evidence += [saw_header(step, "content-type"), saw(step, what)]
    return RULE.finding(
        f"the realm at {host} answers with something that is no token: no JSON object", evidence
    )


RULE = Rule(
    code="token-not-json",
    title="the token service answers in JSON",
    severity=Severity.ERROR,
    spec="Docker token specification, Token Response Fields",
    meaning="The challenge's realm must name a token service, which answers with a JSON object. Here something else came, mostly a"
    " web page: the realm's address leads to a login, a captive portal or a catch-all page.",
    says=(
        ("docker", "unable to decode token response: invalid character '<' looking for beginning of value"),
        ("containerd", "unable to decode token response: EOF"),
        ("podman", 'decoding bearer token (last URL "…", body start "<html>…")'),
    ),
    confused_with="html-answer (the registry's own answer is a page), token-field-missing (it is JSON, without a token).",
    cause="The realm is the address of a web page: a login, a captive portal, or the catch-all page of a virtual host.",
    remedy="Open the realm's URL by hand and see who answers; let the registry name its token service (distribution"
    " `auth.token.realm`), and the mirror pass that path on.",
    check=check,
    bad=(ping(), replace(token(), give=("content-type: text/html",), body=HTML)),
    good=HEALTHY,
)
