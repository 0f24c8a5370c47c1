"""signed-url-method: HEAD is sent to a signed link that was signed for GET."""

import re

from msgspec.structs import replace

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Step
from inspector.rules.case import Case
from inspector.rules.credentials_forwarded import forwarded
from inspector.rules.evidence import saw, saw_header, saw_status
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, LAYER, cdn, redirect
from inspector.rules.signed_url_expired import expired
from inspector.rules.steps import asks_storage
from inspector.wire.url import signed_until

# What signatures are called: S3, Google, Azure, CloudFront, S3 v2, Docker Hub, Quay. The value is a pseudonym by now.
_SIGNATURE = re.compile(
    r"(?:^|&)(?:x-amz-signature|x-goog-signature|signature|sig|verify|cf_sign)=", re.IGNORECASE
)
_REFUSED = frozenset({400, 403, 405})


def check(case: Case) -> Verdict:
    """Every HEAD that a redirect sent to a signed link."""
    fetches = [step for step in case.steps if asks_storage(step) and signed(step)]
    heads = [step for step in fetches if step.exchange.method == "HEAD"]
    if not heads:
        return NOT_APPLICABLE
    gotten = {
        step.exchange.host: step for step in fetches if step.exchange.method == "GET" and step.exchange.ok
    }
    denied = {
        step.exchange.host for step in fetches if step.exchange.method == "GET" and not step.exchange.ok
    }
    by_host: dict[str, list[Step]] = {}
    for step in heads:
        host = step.exchange.host
        served = host in gotten or case.elsewhere.gotten(host, case.pull) is not None
        if _refused(case, step) and (served or host not in denied):
            by_host.setdefault(host, []).append(step)
    return [_finding(case, host, steps, gotten.get(host)) for host, steps in by_host.items()] or PASSED


def signed(step: Step) -> bool:
    """The link carries a signature."""
    return (
        _SIGNATURE.search(step.exchange.query) is not None
        or signed_until(step.exchange.request.url) is not None
    )


def _refused(case: Case, step: Step) -> bool:
    """Refused, and neither the link's age nor a token that came along is the reason."""
    return step.exchange.status in _REFUSED and expired(step) is None and forwarded(case, step) is None


def _finding(case: Case, host: str, steps: list[Step], gotten: Step | None) -> Finding:
    evidence: list[Evidence] = []
    for step in steps:
        origin = case.before(step)
        if origin is not None:
            evidence.append(saw_header(origin, "location"))
        evidence.append(saw_status(step))
    before = case.elsewhere.gotten(host, case.pull)
    if gotten is None and before is None:
        return RULE.finding(
            f"the storage {host} refuses HEAD of a signed link; no GET of one was seen",
            evidence,
            severity=Severity.WARNING,
            confidence=Confidence.IMPLIED,
        )
    if gotten is not None:
        evidence.append(saw(gotten, f"GET of such a link: {gotten.exchange.status}"))
    elif before is not None:
        evidence.append(Evidence(exchange=None, what=before.place))
    return RULE.finding(f"the storage {host} refuses HEAD of a signed link, and serves GET", evidence)


RULE = Rule(
    code="signed-url-method",
    title="signed links are asked with the method that they are signed for",
    severity=Severity.ERROR,
    spec="AWS Signature Version 4 (the method is a part of what is signed); RFC 9110 §9.3.2",
    meaning="The registry answers HEAD with a redirect to its storage, as it does for GET. The link's signature holds for GET only,"
    " so the storage refuses the HEAD. Pulls work as long as the client asks for no blob with HEAD; the second pull, which only"
    " looks whether the layer is there, fails.",
    says=(
        ("docker", "unexpected status from HEAD request to https://BUCKET.s3.…: 403 Forbidden"),
        ("containerd", "unexpected status from HEAD request to https://BUCKET.s3.…: 403 Forbidden"),
        ("podman", "nothing: it does not ask for blobs with HEAD"),
    ),
    confused_with="cdn-denied (GET is refused as well), signed-url-expired (the link was too old).",
    cause="The registry, or a mirror before it, signs one link and gives it out for both methods.",
    remedy="The registry should answer HEAD itself, without a redirect; a mirror that follows redirects should ask the storage"
    " with GET and `Range: bytes=0-0`.",
    check=check,
    bad=(
        *HEALTHY,
        replace(redirect(LAYER), method="HEAD"),
        replace(cdn(LAYER), method="HEAD", status=403, give=("content-type: application/xml",), body=b""),
    ),
    good=HEALTHY,
)
