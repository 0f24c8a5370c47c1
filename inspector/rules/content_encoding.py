"""content-encoding: a manifest or blob was compressed on the way."""

from msgspec.structs import replace

from inspector.core.finding import Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw, saw_header, saw_request_header
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, LAYER, cdn
from inspector.rules.steps import asks_for_content

_CONTENT = (Stage.RESOLVE, Stage.MANIFEST, Stage.BLOB, Stage.CDN)


def check(case: Case) -> Verdict:
    """Every answered manifest and blob; tokens and errors in JSON only where they came compressed unasked."""
    answered = [step for step in case.steps if step.exchange.status is not None]
    if not answered:
        return NOT_APPLICABLE
    found: dict[tuple[str, Severity], list[Step]] = {}
    for step in answered:
        if coding_of(step) is not None and (severity := _severity(step)) is not None:
            found.setdefault((step.exchange.host, severity), []).append(step)
    return [_finding(host, severity, steps) for (host, severity), steps in found.items()] or PASSED


def coding_of(step: Step) -> str | None:
    """The Content-Encoding, in lower case; None where there is none or it is ``identity``."""
    value = (step.exchange.response_header("content-encoding") or "").strip().lower()
    return value if value and value != "identity" else None


def _severity(step: Step) -> Severity | None:
    offered = _offered(step, coding_of(step) or "")
    content = step.stage in _CONTENT and step.exchange.status in (200, 206) and (
        asks_for_content(step) or step.stage is Stage.CDN
    )  # fmt: skip
    if not content:
        return None if offered else Severity.NOTE
    if step.verified is False:
        return Severity.ERROR
    if step.verified is True:
        return Severity.NOTE if offered else Severity.WARNING
    return Severity.NOTE if offered or step.exchange.method == "HEAD" else Severity.ERROR


def _offered(step: Step, coding: str) -> bool:
    """Whether Accept-Encoding admits the coding (RFC 9110 §12.5.3): absent admits none that one may count on."""
    for member in (step.exchange.request_header("accept-encoding") or "").lower().split(","):
        name, _, weight = member.partition(";")
        if name.strip() in (coding, "*") and weight.replace(" ", "") not in (
            "q=0",
            "q=0.0",
            "q=0.00",
            "q=0.000",
        ):
            return True
    return False


def _finding(host: str, severity: Severity, steps: list[Step]) -> Finding:
    first = steps[0]
    coding = coding_of(first)
    how = {
        Severity.ERROR: "and what comes out of it is not what was asked for" if first.verified is False
        else "which the client did not offer",
        Severity.WARNING: "which the client did not offer; decoded, it is right",
    }.get(severity, "and decoded it is right" if first.verified else "which does no harm here")  # fmt: skip
    evidence = [
        piece
        for step in steps
        for piece in (saw_request_header(step, "accept-encoding"), saw_header(step, "content-encoding"))
    ]
    if first.verified is False:
        body = first.exchange.response_body
        evidence.append(
            saw(first, f"decoded, the body is sha256:{(body.decoded_sha256 if body else None) or '?'}")
        )
    return RULE.finding(f"{host} answers with Content-Encoding: {coding}, {how}", evidence, severity=severity)


RULE = Rule(
    code="content-encoding",
    title="content is not compressed on the way",
    severity=Severity.ERROR,
    spec="RFC 9110 §8.4, §12.5.3 and §7.7 (a proxy must not transform where no-transform stands)",
    meaning="Layers are compressed files, and their digest is that of the file as it lies in the registry. A proxy that"
    " compresses answers once more changes the bytes that some clients hash, and it loses Content-Length and Range. A layer"
    " whose own format is gzip is no matter of this: its media type says so, and no Content-Encoding is there.",
    says=(
        ("containerd", "unsupported Content-Encoding algorithm: …"),
        ("docker", "filesystem layer verification failed for digest sha256:…"),
        ("podman", "Digest did not match, expected sha256:…, got sha256:…"),
    ),
    confused_with="digest-mismatch (bytes damaged for another reason), length-missing (what compression also causes).",
    cause="A compressing proxy, CDN or Worker between the registry and the client.",
    remedy='nginx: `gzip off; proxy_set_header Accept-Encoding "";` in the location of /v2/; a Worker: `encodeBody: "manual"`.',
    check=check,
    bad=(*HEALTHY[:-1], replace(cdn(LAYER), give=("content-encoding: gzip",), body=b"\x1f\x8b\x08" + LAYER)),
    good=HEALTHY,
)
