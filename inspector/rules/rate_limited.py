"""rate-limited: 429, at whatever stage."""

from msgspec.structs import replace

from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Step
from inspector.quirks.docker_hub import REGISTRY as DOCKER_HUB
from inspector.quirks.known import by_host
from inspector.rules.case import Case
from inspector.rules.evidence import codes_of, count, is_html, saw, saw_status
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, error_body, resolve

_NGINX_ITSELF = (
    "It is nginx itself that counts here (it answers with a page of its own): nginx: no `limit_req` in the location of /v2/, or a"
    " higher rate and burst. Whoever cannot change it: "
)
_TELLING = ("retry-after", "ratelimit-limit", "ratelimit-remaining", "docker-ratelimit-source")


def check(case: Case) -> Verdict:
    """Every answer of the pull."""
    if not any(step.exchange.status is not None for step in case.steps):
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in case.steps:
        if step.exchange.status == 429:
            by_host.setdefault(step.exchange.host, []).append(step)
    return [_finding(case, host, steps) for host, steps in by_host.items()] or PASSED


def _finding(case: Case, host: str, steps: list[Step]) -> Finding:
    through = all(case.overcome(step) for step in steps)
    evidence: list[Evidence] = [saw_status(steps[0])]
    evidence += _headers(steps[0])
    evidence += [saw_status(step) for step in steps[1:]]
    limit = _whose(host, steps)
    how = "a retry got through" if through else "no retry got through"
    return RULE.finding(
        f"{host} refuses with 429, {limit} ({count(len(steps), 'answer')}; {how})",
        evidence,
        severity=Severity.WARNING if through else Severity.ERROR,
        remedy=_remedy(case, steps),
    )


def _remedy(case: Case, steps: list[Step]) -> str:
    """With the registry's name for the login; and nginx's own limit, where it is one."""
    registry = next(reversed(case.registries), steps[0].exchange.host)
    named = "" if by_host(registry) is DOCKER_HUB else f" {registry}"
    remedy = RULE.remedy.replace("`docker login`", f"`docker login{named}`")
    own = any(
        is_html(step) and "nginx" in (step.exchange.response_header("server") or "").lower() for step in steps
    )
    return f"{_NGINX_ITSELF}{remedy[0].lower()}{remedy[1:]}" if own else remedy


def _headers(step: Step) -> list[Evidence]:
    told = ((name, step.exchange.response_header(name)) for name in _TELLING)
    return [saw(step, f"{name}: {value}") for name, value in told if value is not None]


def _whose(host: str, steps: list[Step]) -> str:
    """Docker Hub has two limits: one for pulls, named in the answer, and one against abuse."""
    error = next((step.exchange.registry_error for step in steps if codes_of(step)), None)
    message = (error.message or "").lower() if error is not None else ""
    if "pull rate limit" in message:
        return "the limit of pulls"
    return "the limit against abuse" if by_host(host) is DOCKER_HUB and message else "too many requests"


RULE = Rule(
    code="rate-limited",
    title="no limit of requests is reached",
    severity=Severity.ERROR,
    starred=True,
    spec="RFC 6585 §4 (429); OCI distribution-spec main, Error Codes (Retry-After)",
    meaning="The registry counts requests by address or by account, and this one has used up its share. Docker Hub counts each GET"
    " of a manifest, not HEAD and not blobs. Behind a shared address, such as a company's or a mirror's, others have used it up.",
    says=(
        (
            "docker",
            "toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: …",
        ),
        ("containerd", "429 Too Many Requests - Server message: toomanyrequests: …"),
        ("podman", "too many requests to registry"),
    ),
    confused_with="A mirror may turn its upstream's 429 into 404, 500 or 403: then tag-not-found or server-error is what one sees."
    " retry-storm is what some clients make of it.",
    cause="Too many pulls from one address without a login; a mirror without an account shares one limit among all its clients.",
    remedy="Log in: docker, `docker login`; in the mirror too: distribution, `proxy.username: YOUR-NAME` and"
    " `proxy.password: YOUR-TOKEN`. Put a cache in front, and ask by digest.",
    check=check,
    bad=(
        *HEALTHY[:2],
        replace(
            resolve(),
            status=429,
            give=("retry-after: 60", "ratelimit-remaining: 0;w=21600"),
            method="GET",
            body=error_body("TOOMANYREQUESTS", "You have reached your pull rate limit."),
        ),
    ),
    good=HEALTHY,
)
