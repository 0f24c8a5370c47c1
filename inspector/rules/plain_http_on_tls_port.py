"""plain-http-on-tls-port: one side speaks HTTP where the other expects TLS."""

from inspector.core.events import ConnectionFailed, Trouble
from inspector.core.finding import Confidence, Finding, Severity
from inspector.core.pull import Step
from inspector.rules.case import Case
from inspector.rules.evidence import body_of, saw_failure, saw_status
from inspector.rules.example import Broken
from inspector.rules.failures import Failure, Reached, at_registry, names, unclaimed
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY
from inspector.wire.url import split

ASKED_PLAINLY = (
    "Ask it by https: take HOST[:PORT] out of docker's `insecure-registries`, write `[host.\"https://HOST[:PORT]\"]` in containerd's"
    " hosts.toml, and no `insecure = true` in podman's registries.conf."
)
_WORDS = (b"Client sent an HTTP request to an HTTPS server", b"plain HTTP request was sent to HTTPS port")


def check(case: Case) -> Verdict:
    """The failures at the registry, the mirror, or a host without a role, after which it never answered."""
    by_host: dict[str, list[Failure]] = {}
    for failure in at_registry(case, Trouble.PLAIN_HTTP):
        by_host.setdefault(failure.host, []).append(failure)
    found = _answered(case) + [
        RULE.finding(f"plain HTTP met TLS at {host}", [failure.evidence for failure in group], host=host)
        for host, group in by_host.items()
    ]
    return found or (PASSED if case.steps else NOT_APPLICABLE)


def connections(failed: list[ConnectionFailed], reached: Reached) -> list[Finding]:
    """The same for clients that never came to a pull: one finding a host."""
    by_host: dict[str, list[ConnectionFailed]] = {}
    for one in unclaimed(failed, reached, Trouble.PLAIN_HTTP):
        by_host.setdefault(one.host or "", []).append(one)
    return [
        RULE.finding(
            f"plain HTTP met TLS at {names([host])}",
            [saw_failure(one) for one in group],
            host=_with_port(host, group[0].port),
        )
        for host, group in by_host.items()
    ]


def _with_port(host: str, port: int | None) -> str | None:
    """As it stands in an image's name."""
    return f"{host}:{port}" if host and port not in (None, 443) else host or None


def _answered(case: Case) -> list[Finding]:
    """Proof (b): the server says so itself, to a request in plain HTTP."""
    by_host: dict[str, list[Step]] = {}
    for step in case.refused:
        body = body_of(step)
        plain = step.exchange.request.url.startswith("http:") and step.exchange.status == 400
        if plain and (any(words in body for words in _WORDS) or _head_on_443(step)):
            by_host.setdefault(step.exchange.host, []).append(step)
    found: list[Finding] = []
    for host, steps in by_host.items():
        wordless = all(_head_on_443(step) for step in steps)
        found.append(
            RULE.finding(
                f"{host} was asked in plain HTTP on its TLS port",
                [saw_status(step) for step in steps],
                severity=Severity.WARNING if wordless else None,
                confidence=Confidence.IMPLIED if wordless else Confidence.PROVED,
                host=host,
                remedy=ASKED_PLAINLY,
            )
        )
    return found


def _head_on_443(step: Step) -> bool:
    """The answer to a HEAD has no words; the port of https tells."""
    parts = split(step.exchange.request.url)
    return step.exchange.method == "HEAD" and parts is not None and parts.port == 443


RULE = Rule(
    code="plain-http-on-tls-port",
    title="plain HTTP and TLS are spoken on their own ports",
    severity=Severity.ERROR,
    connections=connections,
    spec="RFC 9110 §4.2 (http and https schemes)",
    meaning="One side speaks TLS and the other plain HTTP. Clients use https for every registry that they are not told to be"
    " insecure; a registry without TLS answers a TLS greeting with the words of HTTP.",
    says=(
        ("docker", "http: server gave HTTP response to HTTPS client"),
        ("containerd", "http: server gave HTTP response to HTTPS client"),
        ("podman", "proxyconnect tcp: tls: first record does not look like a TLS handshake"),
        ("any", 'malformed HTTP response "\\x15\\x03\\x01\\x00\\x02\\x02"'),
    ),
    confused_with="tls-upstream-invalid (there is TLS, with a wrong certificate). A client that tries https, then http, and succeeds"
    " is set up that way.",
    cause="A registry without TLS that the client is not told of, or `HTTPS_PROXY=https://…` for a proxy that speaks plain HTTP.",
    remedy='docker daemon.json: `"insecure-registries": ["host:port"]`, without a scheme; containerd hosts.toml:'
    ' `[host."http://host:port"]`; podman registries.conf: `[[registry]]`, `location = "host:port"`, `insecure = true`. Where a proxy'
    " is meant: `HTTPS_PROXY=http://…`.",
    check=check,
    bad=(
        Broken(
            trouble=Trouble.PLAIN_HTTP,
            host="registry.example.com",
            port=5000,
            message="the remote server does not speak TLS",
        ),
    ),
    good=HEALTHY,
)
