"""cdn-rejects-authorization: the storage refuses because the registry's token came along."""

from msgspec.structs import replace

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.credentials_forwarded import NGINX, forwarded
from inspector.rules.evidence import saw_header, saw_request_header, saw_status
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import CONFIG, HEALTHY, HTML, bearer, cdn
from inspector.rules.steps import asks_storage

_CODES = frozenset({"InvalidAuthenticationInfo"})
_WORDS = (
    "only one auth mechanism allowed",
    "missing x-amz-content-sha256",
    "authorization header is invalid",
)


def check(case: Case) -> Verdict:
    """Every redirected request that carries the registry's token; and blob answers in a storage's words."""
    fetches = [step for step in case.steps if step.stage is Stage.BLOB or asks_storage(step)]
    if not fetches:
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in fetches:
        refused = step.exchange.status in (400, 401, 403) and case.final(step)
        if refused and (forwarded(case, step) is not None or words_of_storage(step)):
            by_host.setdefault(step.exchange.host, []).append(step)
    return [_finding(case, host, steps) for host, steps in by_host.items()] or PASSED


def words_of_storage(step: Step) -> bool:
    """A mirror's own answer shows that it went to the storage with a token: these are S3's and Azure's words."""
    error = step.exchange.registry_error
    if error is None or step.exchange.status == 401:
        return False
    message = (error.message or "").lower()
    return error.xml_code in _CODES or any(words in message for words in _WORDS)


def _finding(case: Case, host: str, steps: list[Step]) -> Finding:
    evidence: list[Evidence] = []
    seen = False
    for step in steps:
        origin = forwarded(case, step)
        if origin is not None:
            seen = True
            evidence += [saw_header(origin, "location"), saw_request_header(step, "authorization")]
        evidence.append(saw_status(step))
    if seen:
        return RULE.finding(
            f"the registry's token was sent on to the storage {host}, which refuses it", evidence
        )
    return RULE.finding(
        f"{host} answers in a storage's words: it sent the client's token on to the storage, which refuses it",
        evidence,
        confidence=Confidence.IMPLIED,
    )


RULE = Rule(
    code="cdn-rejects-authorization",
    title="the storage is not asked with the registry's token",
    severity=Severity.ERROR,
    spec="OCI distribution-spec main, API; RFC 9110 §15.4",
    meaning="The link that the registry redirects to is signed: the signature in its query is the right to read. When an"
    " Authorization header comes along as well, S3, Azure and others see two ways to log in and refuse with 400, 401 or 403. It"
    " happens where a mirror follows the redirect itself and keeps the client's headers.",
    says=(
        (
            "docker up to 24",
            "error parsing HTTP 400 response body: invalid character '<' looking for beginning of value: \"<html>…\"",
        ),
        ("docker 25 and later", "unknown: <html>…"),
        ("containerd", "unexpected status from GET request to https://M/v2/…/blobs/…: 400 Bad Request"),
        ("podman", "fetching blob: StatusCode: 400, …"),
    ),
    confused_with="cdn-denied (refused without a token coming along). From the client's side alone a bare page with 400 shows only"
    " html-answer: record the mirror's upstream side to see more.",
    cause="nginx's `proxy_pass` to the redirect's target keeps the client's Authorization header.",
    remedy=f'{NGINX} A Worker: `redirect: "manual"`, and a fetch with fresh headers.',
    check=check,
    bad=(
        *HEALTHY[:6],
        replace(cdn(CONFIG), ask=(bearer(),), status=400, give=("content-type: text/html",), body=HTML),
    ),
    good=HEALTHY,
)
