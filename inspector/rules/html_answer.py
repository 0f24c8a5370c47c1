"""html-answer: a page came where registry data or JSON is due."""

from msgspec.structs import replace

from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import beginning, body_of, is_html, saw, saw_header, saw_status
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, HTML, LAYER, MIRROR, serve, until_layer
from inspector.wire.errors import parse_error_body

_FOLLOWING = (
    "If this nginx follows the registry's redirects itself, it probably sends the client's token on to the storage: add"
    ' `proxy_set_header Authorization "";` there, and record its upstream side to see it.'
)


def check(case: Case) -> Verdict:
    """Every final 200 or 4xx of registry, token service and storage."""
    answered = [step for step in case.steps if step.exchange.status is not None]
    if not answered:
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in answered:
        if is_html(step) and _counts(case, step):
            by_host.setdefault(step.exchange.host, []).append(step)
    return [_finding(host, steps) for host, steps in by_host.items()] or PASSED


def _counts(case: Case, step: Step) -> bool:
    """The catalogue's "Not": nearer codes, usable challenges, empty bodies, registries that do so by design."""
    exchange = step.exchange
    status = exchange.status or 0
    if not (status == 200 or 400 <= status < 500) or status == 429 or _empty(step) or not case.final(step):
        return False
    if step.stage is Stage.CHALLENGE or case.allowed.relaxed(exchange.host, RULE.code):
        return False
    if step.stage in (Stage.SIGNATURE, Stage.REFERRERS):
        return False  # look-ups that may fail, and a lookaside is a plain web server
    if step.stage is Stage.CDN and status in (401, 403):
        return False  # cdn-denied
    if step.stage is Stage.TOKEN and status == 200:
        return False  # token-not-json
    if b"HTTP request was sent to HTTPS port" in body_of(step):
        return False  # plain-http-on-tls-port
    return not (step.stage is Stage.PING and status in (200, 404))  # not-a-registry


def _empty(step: Step) -> bool:
    body = step.exchange.response_body
    if step.exchange.method == "HEAD":
        return step.exchange.response_header("content-length") in (None, "0")
    return body is not None and body.size == 0


def _finding(host: str, steps: list[Step]) -> Finding:
    first = steps[0]
    pages = (parse_error_body(body_of(step)) for step in steps)
    told = next((page.title for page in pages if page is not None and page.title), None)
    title = f' ("{told}")' if told else ""
    evidence: list[Evidence] = []
    for step in steps:
        evidence.append(saw_status(step))
        if (step.exchange.status or 0) < 400:
            evidence.append(saw_header(step, "content-type"))
            if begins := beginning(step):
                evidence.append(saw(step, f"the body begins with {begins}"))
    nginx = "nginx" in (first.exchange.response_header("server") or "").lower()
    follows = nginx and first.stage is Stage.BLOB and first.exchange.status in (400, 401, 403)
    return RULE.finding(
        f"{host} answers with an HTML page{title} where registry data is due",
        evidence,
        remedy=f"{RULE.remedy} {_FOLLOWING}" if follows else None,
    )


RULE = Rule(
    code="html-answer",
    title="HTML pages come in no registry's place",
    severity=Severity.ERROR,
    starred=True,
    spec="OCI distribution-spec 1.1, Error Codes (errors are JSON; the body of a 4xx may be anything)",
    meaning="Registries speak JSON and bytes. A page of HTML was written by something in between: a login page of the network, a"
    " firewall, a web server's own error page, the front page of a virtual host. Its title mostly says which.",
    says=(
        (
            "docker up to 24",
            "error parsing HTTP 403 response body: invalid character '<' looking for beginning of value",
        ),
        ("docker 25 and later", "denied: <html>…"),
        ("containerd", "unexpected media type text/html for sha256:…: not found"),
        ("podman", 'StatusCode: 404, "<html>…"'),
    ),
    confused_with="token-not-json (the token service's page), not-a-registry (the ping is answered by one), cdn-denied (the"
    " storage's), server-error (5xx). The words on the page are the lead, not the status.",
    cause="A captive portal, a block by country or firewall, a mirror that has closed, a catch-all page, or the wrong virtual host;"
    " nginx's own error page when the upstream refused something that nginx sent.",
    remedy="Read the title, find out who wrote the page, and ask there. For nginx's own pages look into its error log and at what"
    " it sends upstream (Host, Authorization).",
    check=check,
    bad=(
        *until_layer(MIRROR),
        replace(
            serve(LAYER, MIRROR), status=400, give=("content-type: text/html", "server: nginx"), body=HTML
        ),
    ),
    good=HEALTHY,
)
