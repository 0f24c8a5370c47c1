"""range-not-offered: a large blob from a host that says it sends no parts."""

from msgspec.structs import replace

from inspector.core.finding import Finding, Severity
from inspector.core.pull import Content, Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw, saw_header, short
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, LAYER, cdn

LARGE = 10_000_000
"""Bytes of a blob from which on a break costs more than a moment."""


def check(case: Case) -> Verdict:
    """Every large layer that came with 200. Silence about ranges is no proof: only ``none`` says that there are no parts."""
    whole = [
        step
        for step in case.at(Stage.BLOB, Stage.CDN)
        if step.content is Content.LAYER and step.exchange.status == 200 and step.exchange.method == "GET"
    ]
    if not whole:
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in whole:
        if _refuses_parts(step) and _length(step) >= LARGE:
            by_host.setdefault(step.exchange.host, []).append(step)
    return [_finding(host, steps) for host, steps in by_host.items()] or PASSED


def _refuses_parts(step: Step) -> bool:
    return (step.exchange.response_header("accept-ranges") or "").strip().lower() == "none"


def _length(step: Step) -> int:
    told = step.exchange.response_header("content-length") or ""
    return int(told) if told.isascii() and told.isdigit() and len(told) < 20 else step.size or 0


def _finding(host: str, steps: list[Step]) -> Finding:
    evidence = [saw_header(step, "accept-ranges") for step in steps]
    evidence.append(saw(steps[0], f"{short(steps[0].digest)}, {_length(steps[0])} bytes"))
    return RULE.finding(f"{host} sends no parts of a blob: a transfer that breaks begins anew", evidence)


_NONE = replace(cdn(LAYER), give=(*cdn(LAYER).give, "accept-ranges: none", f"content-length: {LARGE}"))

RULE = Rule(
    code="range-not-offered",
    title="large blobs can be fetched in parts",
    severity=Severity.NOTE,
    spec="RFC 9110 §14.3; OCI distribution-spec 1.1, Pulling blobs (Range, SHOULD)",
    meaning="When the transfer of a large layer breaks off, docker and containerd ask for the rest with Range. This host says that"
    " it sends no parts, so they begin anew each time; over a line that breaks often a large layer never comes.",
    says=(("docker", "nothing: it starts over"), ("containerd", "nothing"), ("podman", "nothing")),
    confused_with="range-ignored and range-refused (there a part was really asked for).",
    cause="A proxy that makes the body on the fly (compression, a scanner), or that switches ranges off.",
    remedy="nginx: `gzip off;`, no `max_ranges 0;`, and `proxy_force_ranges on;` where it caches. A Worker must pass Range and 206 on.",
    check=check,
    bad=(*HEALTHY[:-1], _NONE),
    good=(*HEALTHY[:-1], replace(_NONE, give=(*cdn(LAYER).give, "accept-ranges: bytes"))),
)
