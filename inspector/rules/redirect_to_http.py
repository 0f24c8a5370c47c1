"""redirect-to-http: an https registry redirects to plain http."""

from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw_header
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import CONFIG, HEALTHY, cdn, redirect


def check(case: Case) -> Verdict:
    """Every redirect that answers an https request."""
    redirects = [
        step
        for step in case.at(Stage.REDIRECT)
        if step.exchange.location is not None and step.exchange.request.url.startswith("https:")
    ]
    if not redirects:
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in redirects:
        if (step.exchange.location or "").startswith("http:"):
            by_host.setdefault(step.exchange.host, []).append(step)
    return [
        RULE.finding(
            f"{host} is asked over https and redirects to plain http",
            [saw_header(step, "location") for step in steps],
            severity=Severity.WARNING if all(case.overcome(step) for step in steps) else Severity.ERROR,
        )
        for host, steps in by_host.items()
    ] or PASSED


RULE = Rule(
    code="redirect-to-http",
    title="https stays https over redirects",
    severity=Severity.WARNING,
    spec="RFC 9110 §15.4 and §4.2.2",
    meaning="The client came over https, and is sent on to http. Many clients refuse, and whoever is on the way can read and change"
    " what follows (digests still protect the content). Mostly TLS ends before the registry, which does not know of it.",
    says=(
        ("docker", "http: server gave HTTP response to HTTPS client"),
        ("containerd", 'failed to do request: Get "http://…": dial tcp …:80: connect: connection refused'),
        ("podman", 'Get "http://…": dial tcp …:80: connect: connection refused'),
    ),
    confused_with="plain-http-on-tls-port (http is spoken on the port of https).",
    cause="TLS ends at a proxy before the registry, and the registry builds its links from what it sees: plain http.",
    remedy="nginx: `proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Host $http_host;`; distribution: `http.host` with"
    " the outer URL, or `http.relativeurls: true`.",
    check=check,
    bad=(
        *HEALTHY[:5],
        replace(redirect(CONFIG), give=("location: http://storage.example.com/1",)),
        replace(cdn(CONFIG), url="http://storage.example.com/1"),
        *HEALTHY[7:],
    ),
    good=HEALTHY,
)
