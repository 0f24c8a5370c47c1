"""tls-ca-not-trusted: the client refused the certificate that it was shown."""

from inspector.core.events import ConnectionFailed, Trouble
from inspector.core.finding import Confidence, Finding, Severity
from inspector.rules.case import Case
from inspector.rules.evidence import count, saw_failure
from inspector.rules.example import Broken
from inspector.rules.failures import Reached, names, unclaimed
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, ping

ALERTS = frozenset({42, 46, 48})
"""bad_certificate, certificate_unknown, unknown_ca (RFC 8446 §6.2). Go sends 42 for every fault of a certificate."""


def check(case: Case) -> Verdict:
    """The refusals of a client that pulled all the same: only some hosts are intercepted, or it fell back."""
    found = _findings(
        unclaimed(case.pull.broken, Reached([case.pull]), Trouble.CLIENT_TLS, Trouble.CLIENT_CLOSED)
    )
    if found:
        return found
    return (
        PASSED
        if any(step.exchange.request.url.startswith("https:") for step in case.steps)
        else NOT_APPLICABLE
    )


def connections(failed: list[ConnectionFailed], reached: Reached) -> list[Finding]:
    """The refusals of clients that never came to a pull."""
    return _findings(unclaimed(failed, reached, Trouble.CLIENT_TLS, Trouble.CLIENT_CLOSED))


def _findings(failed: list[ConnectionFailed]) -> list[Finding]:
    refused: dict[str | None, list[ConnectionFailed]] = {}
    closed: dict[tuple[str | None, str | None], list[ConnectionFailed]] = {}
    for one in failed:
        if one.trouble is Trouble.CLIENT_TLS and (one.alert is None or one.alert in ALERTS):
            refused.setdefault(one.client.address, []).append(one)
        elif one.trouble is Trouble.CLIENT_CLOSED:
            closed.setdefault((one.client.address, one.host), []).append(one)
    found = [_refusal(address, events) for address, events in refused.items()]
    # A close without an alert means little; twice in a row for one name it is worth a word.
    found += [
        _closing(host, events)
        for (address, host), events in closed.items()
        if len(events) >= 2 and address not in refused
    ]
    return found


def _refusal(address: str | None, events: list[ConnectionFailed]) -> Finding:
    hosts = names(event.host for event in events)
    return RULE.finding(
        f"the client {address or ''} refused the certificate that it was shown for {hosts}".replace(
            "  ", " "
        ),
        [saw_failure(event) for event in events],
        host=next((event.host for event in events if event.host), None),
    )


def _closing(host: str | None, events: list[ConnectionFailed]) -> Finding:
    return RULE.finding(
        f"the client closed {count(len(events), 'TLS handshake')} for {names([host])} without a word",
        [saw_failure(event) for event in events],
        severity=Severity.WARNING,
        confidence=Confidence.IMPLIED,
        cause="Perhaps it does not trust the certificate; clients that say nothing of it close in the same way.",
    )


RULE = Rule(
    code="tls-ca-not-trusted",
    title="the client trusts the certificates that it is shown",
    severity=Severity.ERROR,
    starred=True,
    spec="RFC 8446 §6.2 (alerts)",
    meaning="The client broke off the TLS handshake because of the certificate, before it asked for anything: so there is no pull"
    " to show. With a recording proxy this is the first thing to go wrong: the client must trust the proxy's CA. The alert tells"
    " only that the certificate was refused; an unknown CA, a wrong name and an expired date look alike.",
    says=(
        ("docker", "tls: failed to verify certificate: x509: certificate signed by unknown authority"),
        (
            "containerd",
            'failed to do request: Head "https://…": tls: failed to verify certificate: x509: certificate signed by unknown authority',
        ),
        ("podman", "x509: certificate is valid for A, not B"),
        ("any", "x509: certificate has expired or is not yet valid"),
        ("any", "x509: certificate relies on legacy Common Name field, use SANs instead"),
    ),
    confused_with="tls-upstream-invalid (there the proxy refuses the server), connect-failed (nobody answers at all).",
    cause="An intercepting proxy, a mirror or a registry with a CA of its own that this client does not trust.",
    remedy="Put the CA into the system's trust store and restart the daemon; or only for one host: docker"
    ' `/etc/docker/certs.d/HOST[:PORT]/ca.crt` (not read for docker.io by docker with graph drivers), containerd `ca = "…"` in'
    " hosts.toml, podman `/etc/containers/certs.d/HOST[:PORT]/ca.crt`, programs in Go `SSL_CERT_FILE`.",
    check=check,
    connections=connections,
    bad=(
        Broken(
            trouble=Trouble.CLIENT_TLS,
            host="registry-1.docker.io",
            message="the client does not trust the proxy's certificate (tlsv1 alert unknown ca)",
            alert=48,
        ),
    ),
    good=(
        Broken(
            trouble=Trouble.CLIENT_TLS, host="registry-1.docker.io", message="handshake failure", alert=40
        ),
        ping(),
        *HEALTHY[1:],
    ),
)
