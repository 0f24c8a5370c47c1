"""token-per-request: one token after the other for the same scope, though the first was still good."""

from inspector.core.finding import Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw
from inspector.rules.example import Example
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import CONFIG, HEALTHY, LAYER, TOKEN, documents, ping, serve, token

MANY = 5
"""Tokens for one scope in one pull: containerd takes one for each pool of connections, two or three."""

_SHORT = (
    60  # seconds: what the token spec assumes where expires_in is absent, and the least that clients take
)


def check(case: Case) -> Verdict:
    """Every scope for which tokens were given; those asked for after a refusal, or when one had run out, are asked by right."""
    given: dict[tuple[str, tuple[str, ...]], list[Step]] = {}
    for step in case.at(Stage.TOKEN):
        if step.exchange.ok:
            asked = step.exchange.token_request
            given.setdefault((step.exchange.host, tuple(sorted(asked.scopes))), []).append(step)
    if not given:
        return NOT_APPLICABLE
    many = [steps for steps in given.values() if len(steps) >= MANY and _still_good(steps)]
    return [_finding(steps) for steps in many] or PASSED


def _still_good(steps: list[Step]) -> bool:
    """The first would have done until the last was asked for."""
    answer = steps[0].exchange.token_answer
    life = answer.expires_in if answer is not None and answer.expires_in is not None else _SHORT
    return steps[-1].start - steps[0].start < max(life, _SHORT)


def _finding(steps: list[Step]) -> Finding:
    first, last = steps[0], steps[-1]
    scope = " ".join(first.exchange.token_request.scopes) or "no scope"
    return RULE.finding(
        f"{first.exchange.host} was asked for {len(steps)} tokens for {scope}, though the first was still good",
        [saw(step, f"scope={scope}") for step in (first, last)],
    )


def _with_tokens(number: int) -> Example:
    again = [turn for _ in range(number - 1) for turn in (ping(), token(value=TOKEN))]
    return (ping(), token(), *again, *documents(), serve(CONFIG), serve(LAYER))


RULE = Rule(
    code="token-per-request",
    title="a token is used again while it is good",
    severity=Severity.NOTE,
    spec="Docker token specification, Token response fields (expires_in)",
    meaning="A token holds for some minutes and for every request of its scope. Here a new one was fetched again and again for the"
    " same scope within that time. It costs a round trip each time, and token services limit how often they are asked.",
    says=(("docker", "nothing"), ("containerd", "nothing"), ("podman", "nothing")),
    confused_with="token-expired (there the token was refused as too old), retry-storm (there the same request was refused).",
    cause="The client keeps no tokens, or the answer has no expires_in and it takes the token for short-lived.",
    remedy="Token service: give `expires_in`, 300 or more. A mirror: keep anonymous tokens by upstream and scope until shortly"
    " before they end.",
    check=check,
    bad=_with_tokens(MANY + 1),
    good=HEALTHY,
)
