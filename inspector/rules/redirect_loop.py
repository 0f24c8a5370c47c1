"""redirect-loop: redirects lead in a circle, or on and on."""

from msgspec.structs import replace

from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Step
from inspector.rules.case import Case
from inspector.rules.evidence import count, saw, saw_header
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import CONFIG, HEALTHY, redirect

MANY = 10
"""Hops after which Go's clients stop; others allow up to 20."""

type Chain = tuple[int, frozenset[tuple[str, str]]]


def check(case: Case) -> Verdict:
    """Every chain of redirects, hop by hop. A retry begins a chain of its own."""
    if not any(step.exchange.is_redirect for step in case.steps):
        return NOT_APPLICABLE
    looping: dict[str, list[Step]] = {}
    chains: dict[int, Chain] = {}
    for step in case.steps:
        hops, seen = _so_far(case, step, chains)
        mine = (step.exchange.method, step.exchange.key)
        chains[step.n] = (hops, seen if hops >= MANY else seen | {mine})
        if hops and (hops >= MANY or mine in seen) and not step.exchange.ok and case.final(step):
            looping.setdefault(step.exchange.host, []).append(step)
    return [_finding(case, host, steps, chains[steps[-1].n][0]) for host, steps in looping.items()] or PASSED


def _so_far(case: Case, step: Step, chains: dict[int, Chain]) -> Chain:
    """Hops before this request, and what was asked in them."""
    cause = case.before(step)
    if cause is None or cause.n >= step.n or not cause.exchange.is_redirect:
        return 0, frozenset()
    hops, seen = chains[cause.n]
    return hops + 1, seen


def _finding(case: Case, host: str, steps: list[Step], length: int) -> Finding:
    hops: list[Step] = []
    last = steps[-1]
    cause = case.before(last)
    while cause is not None and cause.exchange.is_redirect and len(hops) < MANY:
        hops.append(cause)
        cause = case.before(cause)
    evidence: list[Evidence] = [saw_header(hop, "location") for hop in reversed(hops)]
    evidence.append(
        saw(last, f"{last.exchange.method} {last.exchange.request.url}, and nothing but redirects before")
    )
    return RULE.finding(f"redirects at {host} lead in a circle ({count(length, 'hop')})", evidence)


RULE = Rule(
    code="redirect-loop",
    title="redirects come to an end",
    severity=Severity.ERROR,
    spec="RFC 9110 §15.4 (a client should detect circular redirects)",
    meaning="One redirect leads to the next, and back to where it began. The client follows some ten of them and gives up. Each"
    " server does what it is told; together they send the client round.",
    says=(
        ("docker", "stopped after 10 redirects"),
        ("containerd", "stopped after 10 redirects"),
        ("podman", "stopped after 10 redirects"),
    ),
    confused_with="A client that tries again: it begins a new chain. redirect-to-http is often the reason: one side sends to http,"
    " the other back to https.",
    cause="A gateway that ends TLS sends http to https, and the server behind it, which sees http only, redirects again; or two"
    " rules that add and strip a part of the path or of the host.",
    remedy="Follow the Location lines one by one and find the two that undo each other; tell the server behind the gateway the"
    " outer scheme: nginx `proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Host $http_host;`.",
    check=check,
    bad=(
        *HEALTHY[:5],
        *(replace(redirect(CONFIG), give=(f"location: {redirect(CONFIG).url}",)) for _ in range(MANY + 1)),
    ),
    good=HEALTHY,
)
