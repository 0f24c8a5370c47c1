"""length-missing: a manifest or blob came without Content-Length."""

from msgspec.structs import replace

from inspector.core.finding import Confidence, Evidence, Severity
from inspector.core.pull import Outcome, Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import count, saw, saw_header
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, INDEX, fetch
from inspector.rules.steps import asks_for_content
from inspector.wire.mediatypes import DOCKER_LIST


def check(case: Case) -> Verdict:
    """Every 200 to GET or HEAD of a manifest or blob."""
    stages = (Stage.RESOLVE, Stage.MANIFEST, Stage.BLOB, Stage.CDN)
    answered = [
        s
        for s in case.at(*stages)
        if s.exchange.status == 200 and (asks_for_content(s) or s.stage is Stage.CDN)
    ]
    if not answered:
        return NOT_APPLICABLE
    bare = [step for step in answered if step.exchange.response_header("content-length") is None]
    if not bare:
        return PASSED
    head = [step for step in bare if step.stage is Stage.RESOLVE]
    gave_up = case.pull.outcome is Outcome.FAILED and case.steps[-1] in head
    severity = Severity.ERROR if gave_up else Severity.WARNING if head else Severity.NOTE
    if not gave_up and all(case.allowed.relaxed(step.exchange.host, RULE.code) for step in head):
        severity = Severity.NOTE
    host = (head or bare)[0].exchange.host
    return [
        RULE.finding(
            f"{host} does not say how long its answers are ({count(len(bare), 'answer')} without Content-Length)",
            [_evidence(step) for step in (head or bare)],
            severity=severity,
            confidence=Confidence.IMPLIED if gave_up else Confidence.PROVED,
        )
    ]


def _evidence(step: Step) -> Evidence:
    chunked = step.exchange.response_header("transfer-encoding")
    return (
        saw(step, f"no content-length; transfer-encoding: {chunked}")
        if chunked
        else saw_header(step, "content-length")
    )


RULE = Rule(
    code="length-missing",
    title="answers tell their length",
    severity=Severity.NOTE,
    spec="OCI distribution-spec 1.1, Checking if content exists (SHOULD; its main: MUST on HEAD)",
    meaning="Content-Length lets a client show progress, notice a cut, and take a HEAD for the size of a manifest. Without it"
    " containerd fetches the manifest once more, docker and crane may give up on a HEAD, and a body that is cut at the end of"
    " the connection looks whole.",
    says=(
        ("docker", "missing or empty Content-Length header"),
        ("containerd", "nothing: it fetches the manifest with GET"),
        ("crane", "response did not include Content-Length header"),
        ("oras", "unknown response Content-Length"),
    ),
    confused_with="content-encoding (a proxy that compresses loses the length as well), body-truncated (the length is there and"
    " not reached).",
    cause="A proxy that sends its answers in chunks, or compresses them.",
    remedy="nginx: `proxy_http_version 1.1; gzip off;` and no `sub_filter` in the location, or any other filter that changes"
    " bodies; a Worker must pass the upstream's body on as it came.",
    check=check,
    bad=(
        *HEALTHY[:3],
        replace(
            fetch(INDEX, DOCKER_LIST), give=(*fetch(INDEX, DOCKER_LIST).give, "transfer-encoding: chunked")
        ),
        *HEALTHY[4:],
    ),
    good=HEALTHY,
)
