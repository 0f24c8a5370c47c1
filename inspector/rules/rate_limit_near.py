"""rate-limit-near: the limit of requests is almost used up."""

import re

from msgspec.structs import replace

from inspector.core.finding import Evidence, Severity
from inspector.core.pull import Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw_header
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, resolve

FEW = 10
_COUNT = re.compile(r"([0-9]{1,12})(?:;|$)")  # 100;w=21600: count; window in seconds


def check(case: Case) -> Verdict:
    """The latest ratelimit-remaining of each source. No header: not known, so nothing is said."""
    latest: dict[tuple[str, str | None], Step] = {}
    limited = False
    for step in case.steps:
        limited = limited or step.exchange.status == 429
        if number(step, "ratelimit-remaining") is not None:
            latest[step.exchange.host, step.exchange.response_header("docker-ratelimit-source")] = step
    if not latest:
        return NOT_APPLICABLE
    found = []
    for (host, _), step in latest.items():
        remaining, limit = number(step, "ratelimit-remaining"), number(step, "ratelimit-limit")
        if limited or remaining is None or (remaining > FEW and (not limit or remaining * 10 > limit)):
            continue
        of = f" of {limit}" if limit else ""
        evidence: list[Evidence] = [
            saw_header(step, "ratelimit-remaining"),
            saw_header(step, "ratelimit-limit"),
        ]
        found.append(RULE.finding(f"{remaining}{of} requests are left at {host}", evidence))
    return found or PASSED


def number(step: Step, name: str) -> int | None:
    """The count in a ratelimit header; None where there is none or it is not of the form."""
    match = _COUNT.match((step.exchange.response_header(name) or "").strip())
    return int(match[1]) if match else None


RULE = Rule(
    code="rate-limit-near",
    title="the limit of requests is not near",
    severity=Severity.WARNING,
    spec="none: Docker Hub's own headers (ratelimit-limit, ratelimit-remaining)",
    meaning="Docker Hub tells with each manifest how many more this address or account may fetch within the window. Few are left:"
    " the next pulls will be refused with 429.",
    says=(
        ("docker", "nothing, until it is toomanyrequests"),
        ("containerd", "nothing, until it is 429 Too Many Requests"),
        ("podman", "nothing, until it is too many requests to registry"),
    ),
    confused_with="rate-limited (the limit is reached).",
    cause="Many pulls from one address or account within the window.",
    remedy="Log in (`docker login`), put a cache in front, and ask by digest.",
    check=check,
    bad=(
        *HEALTHY[:2],
        replace(
            resolve(),
            give=(*resolve().give, "ratelimit-limit: 100;w=21600", "ratelimit-remaining: 3;w=21600"),
        ),
        *HEALTHY[3:],
    ),
    good=(
        *HEALTHY[:2],
        replace(
            resolve(),
            give=(*resolve().give, "ratelimit-limit: 100;w=21600", "ratelimit-remaining: 76;w=21600"),
        ),
        *HEALTHY[3:],
    ),
)
