"""connect-failed: nobody answers at the registry's or the mirror's address."""

from inspector.core.events import ConnectionFailed, Trouble
from inspector.core.finding import Finding, Severity
from inspector.rules.case import Case
from inspector.rules.evidence import saw_failure
from inspector.rules.example import Broken
from inspector.rules.failures import Failure, Reached, at_registry, names, unclaimed
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY


def check(case: Case) -> Verdict:
    """The failures at the registry, the mirror, or a host without a role, after which it never answered."""
    by_host: dict[str, list[Failure]] = {}
    for failure in at_registry(case, Trouble.CONNECT):
        by_host.setdefault(failure.host, []).append(failure)
    found = [
        RULE.finding(
            f"no connection to {host}: refused, reset or timed out", [failure.evidence for failure in group]
        )
        for host, group in by_host.items()
    ]
    return found or (PASSED if case.steps else NOT_APPLICABLE)


def connections(failed: list[ConnectionFailed], reached: Reached) -> list[Finding]:
    """The same for clients that never came to a pull: one finding a host."""
    by_host: dict[str, list[ConnectionFailed]] = {}
    for one in unclaimed(failed, reached, Trouble.CONNECT):
        by_host.setdefault(one.host or "", []).append(one)
    return [
        RULE.finding(
            f"no connection to {names([host])}: refused, reset or timed out",
            [saw_failure(one) for one in group],
        )
        for host, group in by_host.items()
    ]


RULE = Rule(
    code="connect-failed",
    title="the registry can be reached",
    severity=Severity.ERROR,
    connections=connections,
    spec="RFC 9110 §9.3.6 (CONNECT); RFC 9293 §3.5",
    meaning="The connection to the registry or mirror was refused, reset or timed out, or a forward proxy would not make it. Nothing"
    " of the registry protocol has happened yet.",
    says=(
        (
            "docker",
            "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
        ),
        ("containerd", "dial tcp A:443: connect: connection refused"),
        ("podman", "dial tcp A:443: i/o timeout"),
        ("any", "read: connection reset by peer"),
        ("any", "net/http: TLS handshake timeout"),
    ),
    confused_with="name-not-resolved (there is no address), tls-ca-not-trusted (the client ends it), realm-unreachable and"
    " cdn-unreachable (the other hosts of a pull).",
    cause="The host is down, a firewall is in between, or the daemon does not know the proxy that leads out.",
    remedy='Daemons do not see the shell\'s proxy variables: set `Environment=HTTPS_PROXY=…` in the systemd unit, or `"proxies"` in'
    " docker's daemon.json. For a mirror that is sometimes down set containerd's `dial_timeout = \"1s\"` in hosts.toml.",
    check=check,
    bad=(
        Broken(
            trouble=Trouble.CONNECT,
            host="mirror.example.com",
            message="Connect call failed: connection refused",
        ),
    ),
    good=HEALTHY,
)
