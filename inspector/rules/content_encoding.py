"""content-encoding: a manifest or blob was compressed on the way."""

from msgspec.structs import replace

from inspector.core.finding import Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw, saw_header, saw_request_header
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, LAYER, cdn
from inspector.rules.steps import asks_for_content
from inspector.wire.coding import offered

_OWN_FORMAT = (
    "The server takes a layer's own format, which is gzip, for a coding of the transfer: a web server that adds the field by a"
    " file's kind, or a storage where the object was uploaded with it."
)
_NO_LABEL = (
    "nginx: no `add_header Content-Encoding` for /v2/, and `proxy_hide_header Content-Encoding;` where its upstream sends the"
    " field; in a storage, remove Content-Encoding from the metadata of the objects."
)
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
    return offered(step.exchange.request_header("accept-encoding"), coding)


def _only_called_so(step: Step) -> bool:
    """The bytes are the content as it is, without the coding that the field names."""
    body = step.exchange.response_body
    return body is not None and step.digest is not None and step.digest == f"sha256:{body.sha256}"


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
    called = first.verified is False and _only_called_so(first)
    if called:
        how = "and it has none: clients undo it, and get something else"
        evidence.append(saw(first, f"as it came, the body is {first.digest}"))
    elif first.verified is False:
        body = first.exchange.response_body
        evidence.append(
            saw(first, f"decoded, the body is sha256:{(body.decoded_sha256 if body else None) or '?'}")
        )
    return RULE.finding(
        f"{host} answers with Content-Encoding: {coding}, {how}",
        evidence,
        severity=severity,
        cause=_OWN_FORMAT if called else None,
        remedy=_NO_LABEL if called else None,
    )


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
