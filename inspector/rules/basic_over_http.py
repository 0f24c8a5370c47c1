"""basic-over-http: a name and password travel unencrypted."""

from msgspec.structs import replace

from inspector.core.finding import Finding, Severity
from inspector.core.pull import Step
from inspector.rules.case import Case
from inspector.rules.credentials_missing import has_login
from inspector.rules.evidence import saw
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, SELF_SERVED, resolve
from inspector.wire.address import host_scope

_LOGIN = "authorization: Basic ‹basic 5d41402a›"


def check(case: Case) -> Verdict:
    """Every request with a Basic that is not empty."""
    logins = [step for step in case.steps if _is_basic(step)]
    if not logins:
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in logins:
        if step.exchange.request.url.startswith("http:"):
            by_host.setdefault(step.exchange.host, []).append(step)
    return [_finding(host, steps) for host, steps in by_host.items()] or PASSED


def _is_basic(step: Step) -> bool:
    scheme = (step.exchange.credential or "").partition(" ")[0]
    return scheme.lower() == "basic" and has_login(step)


def _finding(host: str, steps: list[Step]) -> Finding:
    within = host_scope(host) == "loopback"
    return RULE.finding(
        f"the login for {host} is sent over plain HTTP" + (", on this machine only" if within else ""),
        [
            saw(step, f"{step.exchange.method} {step.exchange.request.url} with Authorization: Basic")
            for step in steps
        ],
        severity=Severity.NOTE if within else Severity.WARNING,
    )


RULE = Rule(
    code="basic-over-http",
    title="logins travel encrypted",
    severity=Severity.WARNING,
    spec="RFC 7617 §4 (Basic needs a secure channel)",
    meaning="Basic is the name and password, merely written in base64. Over plain HTTP everybody on the way can read them, and use"
    " them later. The pull works all the same.",
    says=(
        ("docker", "nothing; it sends a login over HTTP to registries that are configured as insecure"),
        ("containerd", "nothing"),
        ("podman", "nothing, with --tls-verify=false"),
    ),
    confused_with="credentials-forwarded (sent to the wrong host). On the machine itself it is a note.",
    cause="The registry, or its token service, is reached over http: it is configured as insecure, or its realm says http.",
    remedy="Give the registry a certificate and reach it over https; where a gateway ends TLS, let it tell the registry so: nginx"
    " `proxy_set_header X-Forwarded-Proto $scheme;`. Change a password that was used like this.",
    check=check,
    bad=(
        replace(resolve("http://registry.example.com"), ask=(_LOGIN,)),
        *SELF_SERVED[3:],
    ),
    good=HEALTHY,
)
