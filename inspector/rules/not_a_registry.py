"""not-a-registry: the ping is answered by something else."""

import re

from inspector.core.finding import Evidence, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import beginning, body_of, is_html, saw, saw_header, saw_status
from inspector.rules.example import PODMAN, Turn
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, HTML
from inspector.wire.jsontext import load
from inspector.wire.mediatypes import base_type

_LOGIN = re.compile(r"log-?in|sign-?in|\bsso\b|saml|oauth|authorize", re.IGNORECASE)
_LONGEST = 64 * 1024


def check(case: Case) -> Verdict:
    """Every answered ping. Clients differ: docker with graph drivers ignores its status, podman stops."""
    pings = [step for step in case.steps if _is_ping(step) and step.exchange.status is not None]
    if not pings:
        return NOT_APPLICABLE
    by_host: dict[str, list[Evidence]] = {}
    for step in pings:
        by_host.setdefault(case.hosts_of(step)[-1], []).extend(_wrong(step))
    found = []
    for host, evidence in by_host.items():
        if evidence and not case.allowed.relaxed(host, RULE.code) and not _serves(case, host):
            found.append(RULE.finding(f"what answers at {host} is no registry", evidence))
    return found or PASSED


def _is_ping(step: Step) -> bool:
    """A ping, or what its redirect led to."""
    route = step.exchange.route
    return step.stage is Stage.PING or (
        step.stage is Stage.REDIRECT and route is not None and route.kind == "ping"
    )


def _wrong(step: Step) -> list[Evidence]:
    status = step.exchange.status or 0
    if status == 404:
        return [saw_status(step)]
    body = step.exchange.response_body
    if status == 200 and body is not None and body.size and (is_html(step) or _is_other_service(step)):
        begins = beginning(step)
        return [
            saw_header(step, "content-type"),
            *([saw(step, f"the body begins with {begins}")] if begins else []),
        ]
    if status in (301, 302, 303, 307) and _LOGIN.search(step.exchange.location or ""):
        return [saw_header(step, "location")]
    return []


def _is_other_service(step: Step) -> bool:
    """JSON that says something, where a registry says ``{}`` or nothing; its version header would say that it is one."""
    if step.exchange.response_header("docker-distribution-api-version") is not None:
        return False
    loaded = load(body_of(step), _LONGEST)
    return loaded is not None and isinstance(loaded.value, dict) and bool(loaded.value)


def _serves(case: Case, host: str) -> bool:
    """It served manifests all the same: then only its ping is odd."""
    return any(
        step.exchange.ok and step.stage in (Stage.RESOLVE, Stage.MANIFEST) and not is_html(step)
        and base_type(step.exchange.response_header("content-type")).startswith("application/")
        for step in case.registries.get(host, ())
    )  # fmt: skip


RULE = Rule(
    code="not-a-registry",
    title="a registry answers at this host",
    severity=Severity.ERROR,
    spec="OCI distribution-spec 1.1, Determining Support",
    meaning="`GET /v2/` is how a client asks whether there is a registry: 200 or 401 mean yes. Here it is 404, a web page, or a"
    " redirect to a login: something else listens at this name and port, or the registry lies under another path.",
    says=(
        ("podman", "pinging container registry H: …"),
        (
            "docker",
            "nothing at the ping; later: error parsing HTTP 404 response body: invalid character '<' …",
        ),
        ("containerd", "nothing: it does not ping"),
    ),
    confused_with="html-answer (a manifest or blob is answered by a page). An empty 200 of any type, and `{}`, are fine.",
    cause="A wrong host, port or path, or a web server that does not pass /v2/ on to the registry.",
    remedy="Ask `curl -i https://HOST/v2/` and see who answers; nginx: `location /v2/ { proxy_pass http://registry:5000; }`, with"
    " /v2/ at the root of the host.",
    check=check,
    bad=(
        Turn(
            method="GET",
            url="https://registry.example.com/v2/",
            agent=PODMAN,
            status=404,
            give=("content-type: text/html",),
            body=HTML,
        ),
    ),
    good=HEALTHY,
)
