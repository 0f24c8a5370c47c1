"""range-refused: asked for the rest of a blob, the server says that there is no such part."""

from msgspec.structs import replace

from inspector.core.finding import Evidence, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw_header, saw_request_header, saw_status
from inspector.rules.range_ignored import begins_at
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, LAYER, cdn


def check(case: Case) -> Verdict:
    """Every 416. A client that asks from the very end already has it all: a note."""
    if not any(step.exchange.request_header("range") for step in case.at(Stage.BLOB, Stage.CDN)):
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in case.at(Stage.BLOB, Stage.CDN):
        if step.exchange.status == 416:
            by_host.setdefault(step.exchange.host, []).append(step)
    found = []
    for host, steps in by_host.items():
        evidence: list[Evidence] = [
            piece
            for step in steps
            for piece in (
                saw_request_header(step, "range"),
                saw_status(step),
                saw_header(step, "content-range"),
            )
        ]
        final = any(case.final(step) and not case.overcome(step) for step in steps)
        severity = Severity.ERROR if final else Severity.WARNING
        if all(_at_the_end(step) for step in steps):
            severity = Severity.NOTE
        found.append(RULE.finding(f"{host} has no such part of the blob", evidence, severity=severity))
    return found or PASSED


def _at_the_end(step: Step) -> bool:
    return (
        step.expected is not None and step.expected.size is not None and begins_at(step) == step.expected.size
    )


RULE = Rule(
    code="range-refused",
    title="the part that is asked for exists",
    severity=Severity.WARNING,
    spec="RFC 9110 §15.5.17 (416)",
    meaning="The client has a part of the blob and asks for the rest, and the server says that it has no bytes there: what the client"
    " kept is longer than, or another version of, what the server holds.",
    says=(
        ("docker", "Range not satisfiable; then it starts over"),
        (
            "containerd",
            "unexpected status from GET request to https://…: 416 Requested Range Not Satisfiable",
        ),
        ("podman", "StatusCode: 416, …"),
    ),
    confused_with="range-ignored (200 with the whole blob).",
    cause="Partial data left over from another source, or a cut file in the mirror's cache.",
    remedy="Remove the client's partial download (containerd: the ingest; docker: restart the daemon) and purge the mirror's copy.",
    check=check,
    bad=(
        *HEALTHY[:-1],
        replace(
            cdn(LAYER),
            status=416,
            ask=("range: bytes=999999-",),
            give=(f"content-range: bytes */{len(LAYER)}",),
            body=b"",
        ),
    ),
    good=HEALTHY,
)
