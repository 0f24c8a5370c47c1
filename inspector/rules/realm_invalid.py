"""realm-invalid: the challenge's realm is no address that a client could ask."""

import re

from msgspec.structs import replace

from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw_header
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, ping
from inspector.wire.address import host_scope
from inspector.wire.challenge import Challenge
from inspector.wire.url import split

_PATH = re.compile(r"/[\w./-]+")


def check(case: Case) -> Verdict:
    """Every Bearer challenge; Basic's realm is free text."""
    challenges = [
        (s, c) for s in case.at(Stage.CHALLENGE) for c in s.exchange.challenges if c.scheme == "bearer"
    ]
    if not challenges:
        return NOT_APPLICABLE
    found: dict[tuple[str, str], tuple[Severity, list[Evidence], str]] = {}
    for step, challenge in challenges:
        wrong = _wrong(step, challenge)
        if wrong is not None:
            what, severity = wrong
            outer = outer_url(step, challenge.realm)
            found.setdefault((step.exchange.host, what), (severity, [], outer))[1].append(
                saw_header(step, "www-authenticate")
            )
    return [
        _finding(host, what, severity, pieces, outer)
        for (host, what), (severity, pieces, outer) in found.items()
    ] or PASSED


def _wrong(step: Step, challenge: Challenge) -> tuple[str, Severity] | None:
    realm = challenge.realm
    if not realm:
        return "there is none", Severity.ERROR
    parts = split(realm)
    if parts is None or not parts.scheme or not parts.host:
        return "it is no absolute URL", Severity.ERROR
    if parts.scheme not in ("http", "https"):
        return f"its scheme is {parts.scheme}", Severity.ERROR
    own = split(step.exchange.request.url)
    if own is not None and host_scope(parts.host) != "public" and host_scope(own.host) == "public":
        return f"{parts.host} can be reached from inside only", Severity.ERROR
    if "//" in parts.path or parts.host.endswith("."):
        return "host or path look put together wrongly", Severity.ERROR
    if own is not None and own.scheme == "https" and parts.scheme == "http":
        return "it is plain http, the registry is https", Severity.WARNING
    return None


def _finding(host: str, what: str, severity: Severity, evidence: list[Evidence], outer: str) -> Finding:
    return RULE.finding(
        f"{host} names a realm that clients cannot use: {what}",
        evidence,
        severity=severity,
        remedy=RULE.remedy.replace("https://HOST/token", outer),
        host=host,
    )


def outer_url(step: Step, realm: str | None) -> str:
    """The realm's path under the name and scheme by which the client knows the registry."""
    own, parts = split(step.exchange.request.url), split(realm or "")
    scheme = own.scheme if own is not None else "https"
    path = parts.path if parts is not None else ""
    if not _PATH.fullmatch(path):
        path = "/token"
    return f"{scheme}://{step.exchange.host}{re.sub('/{2,}', '/', path)}"


RULE = Rule(
    code="realm-invalid",
    title="the realm is an address that clients can ask",
    severity=Severity.ERROR,
    spec="RFC 9110 §11.5; Docker token specification, How to authenticate",
    meaning="The registry's challenge must name the token service by a full URL that its clients can reach. Here it is missing, not"
    " a URL, an address of the inside, or put together wrongly: mostly the registry does not know by which name it is called.",
    says=(
        ("docker", "no realm specified for token auth challenge"),
        ("containerd", "invalid token auth challenge realm"),
        ("podman", "missing realm in bearer auth challenge"),
        ("crane", 'realm host "10.0.0.5" is a private or link-local address'),
    ),
    confused_with="realm-unreachable (a proper URL that nobody answers), realm-bypasses-mirror (a proper one of another registry).",
    cause="The registry builds the realm from its inner name, because the proxy before it does not tell the outer one.",
    remedy="The realm is the URL by which clients reach the token service. distribution: `auth.token.realm: https://HOST/token`;"
    " Harbor: `external_url: https://HOST`. Where the registry builds it from the request, nginx before it:"
    " `proxy_set_header Host $http_host;`, `proxy_set_header X-Forwarded-Proto $scheme;`.",
    check=check,
    bad=(
        replace(ping(), give=('www-authenticate: Bearer realm="http://10.0.0.5/token",service="registry"',)),
    ),
    good=HEALTHY,
)
