"""header-too-large: a head is longer than a server takes."""

from msgspec.structs import replace

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Step
from inspector.rules import sides
from inspector.rules.case import Case
from inspector.rules.evidence import body_of, saw, saw_status
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, LAYER, serve, until_layer

_STATUSES = frozenset({431, 494})
_WORDS = b"Request Header Or Cookie Too Large"
_BUFFER = 4096
"""Bytes of a response's head that nginx takes by default (`proxy_buffer_size`)."""

_PAGE = b"<html><head><title>400 Request Header Or Cookie Too Large</title></head></html>"


def check(case: Case) -> Verdict:
    """Every final refusal, by status or by nginx's words; and a gateway's 502 to a long head of its upstream."""
    if not any(step.exchange.status is not None for step in case.steps):
        return NOT_APPLICABLE
    by_host: dict[str, list[tuple[Step, Evidence | None]]] = {}
    for step in case.refused:
        if step.exchange.status in _STATUSES or (step.exchange.status == 400 and _WORDS in body_of(step)):
            by_host.setdefault(step.exchange.host, []).append((step, None))
    for step, long in _gateways(case):
        by_host.setdefault(step.exchange.host, []).append((step, long))
    return [_finding(host, refusals) for host, refusals in by_host.items()] or PASSED


def _gateways(case: Case) -> list[tuple[Step, Evidence]]:
    """A 502 while the upstream, whose side was recorded too, answered with a head that does not fit."""
    failed = [step for step in case.refused if step.exchange.status == 502]
    inner = sides.upstream(case) if failed else {}
    found: list[tuple[Step, Evidence]] = []
    for step in failed:
        long = next((one for one in inner.get(step.n, ()) if _head_of(one) > _BUFFER), None)
        if long is not None:
            found.append((step, saw(long, f"its upstream's head has {_head_of(long)} bytes or more")))
    return found


def _head_of(step: Step) -> int:
    """Bytes of the response's fields. What was redacted counts with its short form: it was longer."""
    return sum(
        len(name) + len(value.encode(errors="replace")) + 4 for name, value in step.exchange.response_headers
    )


def _finding(host: str, refusals: list[tuple[Step, Evidence | None]]) -> Finding:
    evidence: list[Evidence] = []
    for step, long in refusals:
        evidence += [saw_status(step), *([long] if long is not None else [])]
    by_upstream = all(long is not None for _, long in refusals)
    what = "its upstream's head" if by_upstream else "the request's head"
    cause = (
        "The upstream's answer has a head (a long signed Location) that does not fit the gateway's buffer."
    )
    return RULE.finding(
        f"{what} is longer than {host} takes",
        evidence,
        confidence=Confidence.IMPLIED if by_upstream else Confidence.PROVED,
        cause=cause if by_upstream else None,
    )


RULE = Rule(
    code="header-too-large",
    title="heads fit the servers' buffers",
    severity=Severity.ERROR,
    spec="RFC 6585 §5 (431); RFC 9110 §5.4 (limits of fields)",
    meaning="Servers set aside a few KiB for a request's or an answer's head. Registry tokens and signed links are long: a token"
    " with many scopes, or a Location of Quay or S3, may have 4 KiB and more. Then the server refuses the request, or a gateway"
    " refuses its upstream's answer and says 502.",
    says=(
        (
            "docker",
            "error parsing HTTP 400 response body: invalid character '<' …: \"<html>… Request Header Or Cookie Too Large\"",
        ),
        ("containerd", "unexpected status from GET request to …: 431 Request Header Fields Too Large"),
        ("podman", 'StatusCode: 400, "<html>… Request Header Or Cookie Too Large"'),
    ),
    confused_with="server-error (a 502 for another reason: nginx's log then has no `upstream sent too big header`), html-answer"
    " (the same page, told by its form).",
    cause="A token or a cookie in the request is longer than the server's buffers for headers.",
    remedy="nginx: `large_client_header_buffers 4 32k;` for requests, `proxy_buffer_size 32k; proxy_buffers 8 32k;` for its"
    " upstream's answers.",
    check=check,
    bad=(
        *until_layer(),
        replace(serve(LAYER), status=400, give=("content-type: text/html", "server: nginx"), body=_PAGE),
    ),
    good=HEALTHY,
)
