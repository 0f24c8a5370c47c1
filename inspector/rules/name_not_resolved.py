"""name-not-resolved: the resolver does not know the registry's or the mirror's name."""

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
    for failure in at_registry(case, Trouble.NAME):
        by_host.setdefault(failure.host, []).append(failure)
    found = [
        RULE.finding(f"the name {host} does not resolve", [failure.evidence for failure in group])
        for host, group in by_host.items()
    ]
    return found or (PASSED if case.steps else NOT_APPLICABLE)


def connections(failed: list[ConnectionFailed], reached: Reached) -> list[Finding]:
    """The same for clients that never came to a pull: one finding a host."""
    by_host: dict[str, list[ConnectionFailed]] = {}
    for one in unclaimed(failed, reached, Trouble.NAME):
        by_host.setdefault(one.host or "", []).append(one)
    return [
        RULE.finding(f"the name {names([host])} does not resolve", [saw_failure(one) for one in group])
        for host, group in by_host.items()
    ]


RULE = Rule(
    code="name-not-resolved",
    title="the registry's name resolves",
    severity=Severity.ERROR,
    connections=connections,
    spec="RFC 1035; none of the registry specifications",
    meaning="The name of the registry or mirror could not be turned into an address, so nothing was ever sent there. With a"
    " recording proxy it is the proxy's machine that asks; without one it is the daemon's, not the shell's.",
    says=(
        ("docker", "dial tcp: lookup H on A:53: no such host"),
        ("containerd", "dial tcp: lookup H on A:53: server misbehaving"),
        ("podman", "dial tcp: lookup H: no such host"),
    ),
    confused_with="connect-failed (the name resolves and nobody answers), realm-unreachable and cdn-unreachable (the name of the"
    " token service or the storage).",
    cause="A misspelt name, a mirror's name that only some resolvers know, or a machine without working DNS.",
    remedy="Check the name, and the DNS of the machine that makes the connection: that of the daemon or of the proxy.",
    check=check,
    bad=(
        Broken(
            trouble=Trouble.NAME, host="mirror.example.com", message="[Errno -2] Name or service not known"
        ),
    ),
    good=HEALTHY,
)
