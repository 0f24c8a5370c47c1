"""tls-upstream-invalid: the proxy or mirror refused the certificate of the next hop."""

from inspector.core.events import ConnectionFailed, Trouble
from inspector.core.finding import Finding, Severity
from inspector.rules.case import Case
from inspector.rules.evidence import saw_failure
from inspector.rules.example import Broken
from inspector.rules.failures import Failure, Reached, at_registry, names, unclaimed
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict, for_host
from inspector.rules.sample import HEALTHY
from inspector.wire.address import host_scope


def check(case: Case) -> Verdict:
    """The failures at the registry, the mirror, or a host without a role, after which it never answered."""
    by_host: dict[str, list[Failure]] = {}
    for failure in at_registry(case, Trouble.SERVER_TLS):
        by_host.setdefault(failure.host, []).append(failure)
    found = [
        RULE.finding(
            f"the certificate that {host} shows is not valid",
            [failure.evidence for failure in group],
            remedy=_remedy(host),
        )
        for host, group in by_host.items()
    ]
    return found or (PASSED if case.steps else NOT_APPLICABLE)


def connections(failed: list[ConnectionFailed], reached: Reached) -> list[Finding]:
    """The same for clients that never came to a pull: one finding a host."""
    by_host: dict[str, list[ConnectionFailed]] = {}
    for one in unclaimed(failed, reached, Trouble.SERVER_TLS):
        by_host.setdefault(one.host or "", []).append(one)
    return [
        RULE.finding(
            f"the certificate that {names([host])} shows is not valid",
            [saw_failure(one) for one in group],
            remedy=_remedy(host),
        )
        for host, group in by_host.items()
    ]


def _remedy(host: str) -> str:
    """With the server's name for nginx, where it is a name: from an address it cannot be known."""
    name = host.partition(":")[0]
    if not name or host_scope(name) != "public" or name.replace(".", "").isdigit():
        return RULE.remedy.replace(" and `proxy_ssl_name HOST;`", "")
    return for_host(RULE.remedy, name)


RULE = Rule(
    code="tls-upstream-invalid",
    title="the servers' certificates are valid",
    severity=Severity.ERROR,
    connections=connections,
    spec="RFC 9525; RFC 5280 §6",
    meaning="The proxy made a TLS connection to the server, and did not accept its certificate: another name, expired, or an issuer"
    " that it does not know. The client itself only sees a 502, or a connection that closes.",
    says=(
        ("docker", "received unexpected HTTP status: 502 Bad Gateway"),
        ("containerd", "unexpected status from HEAD request to https://…: 502 Bad Gateway"),
        ("podman", "received unexpected HTTP status: 502 Bad Gateway"),
        (
            "any, without the proxy",
            "x509: certificate is valid for FG3K6C3A15800021, not registry-1.docker.io",
        ),
    ),
    confused_with="tls-ca-not-trusted (there the client refuses), plain-http-on-tls-port (there is no TLS at all).",
    cause="Another interceptor on the way (the name in the certificate is mostly a firewall's), a mirror that sends no server name"
    " (SNI), or a wrong clock.",
    remedy="A mirror by nginx: `proxy_ssl_server_name on;` and `proxy_ssl_name HOST;`. Where a firewall intercepts, put its CA into the"
    " upstream trust of the proxy (mitmproxy: `--set ssl_verify_upstream_trusted_ca=FILE`); else give the server a certificate for"
    " this name, in its time.",
    check=check,
    bad=(
        Broken(
            trouble=Trouble.SERVER_TLS,
            host="registry-1.docker.io",
            message="Certificate verify failed: hostname mismatch, certificate is valid for firewall.example",
        ),
    ),
    good=HEALTHY,
)
