"""credentials-forwarded: a token or password was sent on to the host that a redirect named."""

from msgspec.structs import replace

from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw_header, saw_request_header, saw_status
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import CONFIG, HEALTHY, bearer, cdn

_FIELDS = ("authorization", "cookie", "x-registry-auth", "private-token", "x-api-key")

NGINX = 'nginx: in the location that follows the redirect add `proxy_set_header Authorization "";`.'


def check(case: Case) -> Verdict:
    """Every request that follows a redirect to another host."""
    followed = [step for step in case.steps if _redirected(case, step)]
    if not followed:
        return NOT_APPLICABLE
    by_host: dict[tuple[str, bool], list[tuple[Step, Step]]] = {}
    for step in followed:
        origin = case.before(step)
        if origin is not None and _carried(origin, step):
            inner = _sub_domain(step.exchange.host, origin.exchange.host)
            by_host.setdefault((step.exchange.host, inner), []).append((origin, step))
    return [_finding(host, inner, pairs) for (host, inner), pairs in by_host.items()] or PASSED


def _redirected(case: Case, step: Step) -> bool:
    cause = case.before(step)
    return cause is not None and cause.stage is Stage.REDIRECT and cause.exchange.host != step.exchange.host


def forwarded(case: Case, step: Step) -> Step | None:
    """The redirect whose host got the very Authorization that this request, on another host, carries."""
    cause = case.before(step)
    if cause is None or not _redirected(case, step) or step.exchange.credential is None:
        return None
    return cause if cause.exchange.credential == step.exchange.credential else None


def _carried(origin: Step, step: Step) -> list[str]:
    """The fields of credentials that both requests have with one value."""
    sent = [(name, origin.exchange.request_header(name)) for name in _FIELDS]
    return [name for name, value in sent if value and value == step.exchange.request_header(name)]


def _sub_domain(host: str, of: str) -> bool:
    return host.partition(":")[0].endswith("." + of.partition(":")[0])


def _finding(host: str, inner: bool, pairs: list[tuple[Step, Step]]) -> Finding:
    refused = [step for _, step in pairs if step.exchange.status in (400, 401, 403)]
    severity = Severity.NOTE if inner else Severity.ERROR if refused else Severity.WARNING
    evidence: list[Evidence] = []
    for origin, step in pairs:
        evidence.append(saw_header(origin, "location"))
        evidence += [saw_request_header(step, name) for name in _carried(origin, step)]
        if step in refused:
            evidence.append(saw_status(step))
    first = pairs[0][0].exchange.host
    return RULE.finding(
        f"what {first} was sent as {_carried(*pairs[0])[0].title()} went on to {host}"
        + (", which refused it" if refused else ""),
        evidence,
        severity=severity,
    )


RULE = Rule(
    code="credentials-forwarded",
    title="credentials stay with the host that they are for",
    severity=Severity.WARNING,
    spec="OCI distribution-spec main, API (a client must not send Authorization to another host); RFC 9110 §15.4",
    meaning="A registry redirects to its storage with a signed link, which needs no Authorization. Here the registry's token went"
    " along to the other host. That tells a stranger the token, and several storages (S3, Azure) refuse such a request.",
    says=(
        (
            "docker",
            "error parsing HTTP 400 response body: invalid character '<' looking for beginning of value",
        ),
        ("containerd", "unexpected status from GET request to https://S/…: 400 Bad Request"),
        ("podman", "nothing, unless the storage refuses; then StatusCode: 400"),
    ),
    confused_with="A client that has won another credential for the second host, by that host's own challenge: that is right. To a"
    " sub-domain programs in Go keep the header by design: a note.",
    cause="A mirror or client that follows a redirect keeps all headers: nginx's `proxy_pass` sends the client's Authorization on.",
    remedy=f'{NGINX} A Worker: `redirect: "manual"`, and a fetch with fresh headers.',
    check=check,
    bad=(
        *HEALTHY[:6],
        replace(cdn(CONFIG), ask=(bearer(),)),
        *HEALTHY[7:],
    ),
    good=HEALTHY,
)
