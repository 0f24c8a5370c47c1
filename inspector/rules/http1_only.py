"""http1-only: many blobs of one host, each connection good for one at a time."""

from msgspec.structs import replace

from inspector.core.finding import Confidence, Finding, Severity
from inspector.core.pull import Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw
from inspector.rules.example import Example
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, LAYER, cdn, redirect

MANY = 8
"""Answers of one host from which on it is worth a word: below that a few connections do."""


def check(case: Case) -> Verdict:
    """Every host over TLS that answered so often, each time by HTTP/1. Over plain HTTP nobody negotiates anything.

    Our own mirror speaks HTTP/1.1 to its clients by design.
    """
    answers: dict[str, list[Step]] = {}
    for step in case.steps:
        ours = step.exchange.noted is not None
        if (
            not ours
            and step.exchange.response is not None
            and step.exchange.request.url.startswith("https://")
        ):
            answers.setdefault(step.exchange.host, []).append(step)
    often = {host: steps for host, steps in answers.items() if len(steps) >= MANY}
    if not often:
        return NOT_APPLICABLE
    old = {host: steps for host, steps in often.items() if all(_is_old(step) for step in steps)}
    return [_finding(host, steps) for host, steps in old.items()] or PASSED


def _is_old(step: Step) -> bool:
    response = step.exchange.response
    return response is not None and response.http_version.upper().startswith("HTTP/1")


def _finding(host: str, steps: list[Step]) -> Finding:
    first, last = steps[0], steps[-1]
    connections = {step.exchange.request.client.connection for step in steps} - {None}
    over = f", over {len(connections)} connections" if len(connections) > 1 else ""
    version = first.exchange.response.http_version if first.exchange.response else "HTTP/1.1"
    return RULE.finding(
        f"{host} answered {len(steps)} times by HTTP/1{over}",
        [saw(first, f"answered by {version}"), saw(last, f"the last of {len(steps)}, by HTTP/1 too")],
        confidence=Confidence.IMPLIED,
    )


def _layers(version: str) -> Example:
    """A pull of many layers, all answered by this version of HTTP."""
    turns = [*HEALTHY]
    for number in range(MANY):
        content = LAYER + b"%d" % number
        turns += [redirect(content), cdn(content)]
    return tuple(replace(turn, http_version=version) for turn in turns)


RULE = Rule(
    code="http1-only",
    title="many answers of one host share a connection",
    severity=Severity.NOTE,
    spec="RFC 9113 §1; RFC 9112 §9.3",
    meaning="Client and host spoke HTTP/1.1, where a connection carries one answer at a time: each layer that is fetched at once"
    " takes a connection, and a TLS handshake, of its own. With HTTP/2 they share one. It costs some round trips and is no"
    " fault.",
    says=(("docker", "nothing"), ("containerd", "nothing"), ("podman", "nothing")),
    confused_with="a slow network: see the timeline, whether the time goes into connections or into bytes.",
    cause="The host, or a proxy before it, does not offer HTTP/2; or the client does not ask for it.",
    remedy="nginx: `listen 443 ssl http2;` (1.25.1 and later: `http2 on;`) in the server block. Behind a load balancer switch it"
    " on there.",
    check=check,
    bad=_layers("HTTP/1.1"),
    good=_layers("HTTP/2.0"),
)
