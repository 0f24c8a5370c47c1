"""signed-url-expired: the storage refuses a signed link whose time is over."""

from msgspec.structs import replace

from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw, saw_header, saw_status, storage_code
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import CONFIG, HEALTHY, cdn
from inspector.rules.steps import asks_storage
from inspector.wire.httpdate import parse_http_date
from inspector.wire.url import signed_until

_CODES = frozenset({"ExpiredToken", "ExpiredRequest"})


def check(case: Case) -> Verdict:
    """Every final refusal of a storage, by its own words or by its Date and the link's end."""
    fetches = [step for step in case.steps if asks_storage(step)]
    if not fetches:
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in fetches:
        if step.exchange.status in (400, 401, 403, 410) and case.final(step) and expired(step) is not None:
            by_host.setdefault(step.exchange.host, []).append(step)
    return [_finding(case, host, steps) for host, steps in by_host.items()] or PASSED


def expired(step: Step) -> Evidence | None:
    """What shows that the link was too old: the storage's words, or its own clock against the link's end."""
    error = step.exchange.registry_error
    message = (error.message or "").lower() if error is not None else ""
    if storage_code(step) in _CODES or "request has expired" in message or "token expired" in message:
        return saw_status(step)
    until = signed_until(step.exchange.request.url)
    now = parse_http_date(step.exchange.response_header("date") or "")
    if until is None or now is None or now <= until:
        return None
    return saw(
        step, f"date: {step.exchange.response_header('date')}, {now - until:.0f} s after the link's end"
    )


def _finding(case: Case, host: str, steps: list[Step]) -> Finding:
    evidence: list[Evidence] = []
    for step in steps:
        redirect = case.before(step)
        if redirect is not None:
            evidence.append(saw_header(redirect, "location"))
        evidence += [piece for piece in (expired(step), saw_status(step)) if piece is not None]
    return RULE.finding(f"the link to the storage {host} was too old when it was used", evidence)


RULE = Rule(
    code="signed-url-expired",
    title="signed links are used in their time",
    severity=Severity.ERROR,
    spec="RFC 9111 §3 (what a cache may store); the storages' own documents on presigned URLs",
    meaning="The registry redirects to its storage with a link that holds for some minutes. Here the link was older than that when"
    " it was used: somebody kept the redirect, or the request waited, or the clocks differ.",
    says=(
        ("containerd", "unexpected status from GET request to https://S/…: 403 Forbidden"),
        ("docker", "denied: …"),
        ("podman", "fetching blob: denied: …"),
    ),
    confused_with="cdn-denied (refused for another reason: read the <Code> in the answer).",
    cause="A cache kept the registry's redirect and gave it out again after the link's end.",
    remedy="Cache no redirects: nginx: `proxy_cache_valid 200 10m;` in place of one for any status or for 3xx, and empty the"
    " cache; set the clocks by NTP.",
    check=check,
    bad=(
        *HEALTHY[:6],
        replace(
            cdn(CONFIG),
            status=403,
            body=b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
        ),
    ),
    good=HEALTHY,
)
