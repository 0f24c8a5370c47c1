"""cdn-denied: the storage refused the client that a redirect had sent."""

from msgspec.structs import replace

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.cdn_rejects_authorization import words_of_storage
from inspector.rules.credentials_forwarded import forwarded
from inspector.rules.evidence import saw_header, saw_status, storage_code
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import CONFIG, HEALTHY, cdn
from inspector.rules.signed_url_expired import expired
from inspector.rules.steps import asks_storage

_REFUSALS = frozenset(
    {"AccessDenied", "SignatureDoesNotMatch", "AuthenticationFailed", "AuthorizationFailure"}
)
"""What S3, Google's and Azure's storage call a refusal; no registry has these codes."""


def check(case: Case) -> Verdict:
    """Every final 401 or 403 of a storage, unless forwarded credentials or the method are the reason.

    And of a mirror that answers for a blob in a storage's words: it follows redirects itself.
    """
    fetches = [step for step in case.steps if asks_storage(step) or step.stage is Stage.BLOB]
    if not fetches:
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in fetches:
        refused = step.exchange.status in (401, 403) and case.final(step)
        told = asks_storage(step) or (step.exchange.status == 403 and storage_code(step) in _REFUSALS)
        other = forwarded(case, step) is not None or expired(step) is not None or words_of_storage(step)
        if refused and told and step.exchange.method != "HEAD" and not other:
            by_host.setdefault(step.exchange.host, []).append(step)
    return [_finding(case, host, steps) for host, steps in by_host.items()] or PASSED


def _finding(case: Case, host: str, steps: list[Step]) -> Finding:
    first = steps[0]
    evidence: list[Evidence] = []
    redirect = case.before(first)
    if redirect is not None:
        evidence.append(saw_header(redirect, "location"))
    evidence += [saw_status(step) for step in steps]
    code = storage_code(first)
    cause, remedy = None, None
    if code == "SignatureDoesNotMatch":
        cause = "The signed URL was changed on the way: Host, path or query are not what was signed."
    elif code == "AccessDenied":
        cause = "The storage does not let this client in: the link may be expired, or its address or region is not allowed."
    if first.stage is Stage.BLOB:
        return RULE.finding(
            f"{host} answers in a storage's words ({code}): it follows the redirect itself, and the storage refuses it",
            evidence,
            confidence=Confidence.IMPLIED,
            cause=cause,
        )
    if code is None:
        remedy = "Read what the answer says: it is a block by country, address or firewall, or a link that was changed on the way."
    return RULE.finding(
        f"the storage {host} refuses what the registry redirects to" + (f": {code}" if code else ""),
        evidence,
        cause=cause,
        remedy=remedy,
    )


RULE = Rule(
    code="cdn-denied",
    title="the storage accepts the redirected client",
    severity=Severity.ERROR,
    spec="OCI distribution-spec main, API (redirects); RFC 9110 §15.5.4",
    meaning="The registry sent the client to its storage with a signed link, and the storage refused with 401 or 403. The registry"
    " itself is well; either the link was changed on its way through a mirror, or the storage does not serve this client.",
    says=(
        ("containerd", "unexpected status from GET request to https://S/…: 403 Forbidden"),
        ("containerd 1.6", "unexpected status code https://…: 403 Forbidden"),
        ("docker", "denied: …"),
        ("podman", "fetching blob: denied: …"),
    ),
    confused_with="cdn-rejects-authorization (the registry's token was sent along), signed-url-expired (the link was too old),"
    " repository-denied (the registry refused).",
    cause="The signed link was changed on the way, or has expired, or the storage does not serve this address or country.",
    remedy="Pass Location on byte for byte, and where the mirror follows it, send the storage its own name: nginx"
    " `proxy_set_header Host $proxy_host;`. For a block by address or country use another network or mirror.",
    check=check,
    bad=(
        *HEALTHY[:6],
        replace(
            cdn(CONFIG),
            status=403,
            body=b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
        ),
    ),
    good=HEALTHY,
)
