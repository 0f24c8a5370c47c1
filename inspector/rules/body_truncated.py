"""body-truncated: the server side ended a body before all of it had come."""

from msgspec.structs import replace

from inspector.core.events import Side
from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import count, saw, short
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, LAYER, cdn
from inspector.rules.steps import client_left

_FETCHES = (Stage.MANIFEST, Stage.BLOB, Stage.CDN, Stage.TOKEN, Stage.TAGS, Stage.REFERRERS)


def check(case: Case) -> Verdict:
    """Every 200 and 206 body of this pull."""
    answered = [
        s for s in case.at(*_FETCHES) if s.exchange.status in (200, 206) and s.exchange.method != "HEAD"
    ]
    if not answered:
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in answered:
        if is_cut(step):
            by_host.setdefault(step.exchange.host, []).append(step)
    return [_finding(case, host, steps) for host, steps in by_host.items()] or PASSED


def is_cut(step: Step) -> bool:
    """Broken off by the server side. What the client left, the capture's end cut, or a mirror refused is something else."""
    exchange = step.exchange
    body = exchange.response_body
    if body is None or exchange.open or client_left(step) or exchange.wrong_content is not None:
        return False
    if body.complete is False:
        return True
    # Close-delimited (RFC 9112 §6.3): the end of the connection looks like the end of the body.
    delimited = exchange.response_header("content-length") or exchange.response_header("transfer-encoding")
    expected = step.expected.size if step.expected is not None else None
    if delimited or expected is None or body.size is None or exchange.status != 200:
        return False
    return (
        exchange.request.http_version.startswith("HTTP/1") and step.verified is False and body.size < expected
    )


def _finding(case: Case, host: str, steps: list[Step]) -> Finding:
    made_good = all(case.overcome(step) for step in steps)
    first = steps[0]
    what = f"the {first.content.value} {short(first.digest)}" if first.content else "an answer"
    how = "and the rest came later" if made_good else "and the rest never came"
    times = "" if len(steps) == 1 else f" ({count(len(steps), 'time')})"
    return RULE.finding(
        f"{host} broke off {what}{times}, {how}",
        [_evidence(step) for step in steps],
        severity=Severity.WARNING if made_good else Severity.ERROR,
    )


def _evidence(step: Step) -> Evidence:
    exchange = step.exchange
    size = exchange.response_body.size if exchange.response_body is not None else None
    came = f"{size} bytes came" if size is not None else "not all bytes came"
    length = exchange.response_header("content-length")
    announced = f"content-length: {length}; {came}" if length else f"no content-length; {came}"
    return saw(step, f"{announced}; {exchange.error}" if exchange.error else announced)


RULE = Rule(
    code="body-truncated",
    title="bodies come whole",
    severity=Severity.ERROR,
    starred=True,
    spec="RFC 9112 §8 (handling incomplete messages)",
    meaning="An answer began well and stopped before its announced end: the server side closed the connection. docker and"
    " containerd ask for the rest with Range and mostly succeed; older podman begins anew. When it happens at the same place"
    " each time, a cache or a temporary file has a limit there.",
    says=(
        ("docker", "unexpected EOF"),
        ("docker's log", "Download failed, retrying (1/5): unexpected EOF"),
        ("containerd", "failed to read expected number of bytes: unexpected EOF"),
        ("podman", "unexpected EOF"),
        ("nginx's log", "upstream prematurely closed connection"),
    ),
    confused_with="digest-mismatch and size-mismatch (all came, and it is wrong), stalled (nothing came any more, and the client"
    " closed).",
    cause="A full disk or a limit for temporary files in the mirror (nginx: 1 GiB), a read timeout of 60 s, or a load balancer.",
    remedy="nginx: `proxy_buffering off;` or `proxy_max_temp_file_size 0;`, and `proxy_read_timeout 900s;`; purge the entry if a"
    " cache keeps it cut.",
    check=check,
    bad=(*HEALTHY[:-1], replace(cdn(LAYER), arrived=700, error="peer closed connection", side=Side.SERVER)),
    good=HEALTHY,
)
