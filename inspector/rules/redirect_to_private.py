"""redirect-to-private: the registry redirects its clients to an address of its own inside."""

from msgspec.structs import replace

from inspector.core.finding import Evidence, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw, saw_header
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import CONFIG, HEALTHY, redirect
from inspector.wire.address import host_scope
from inspector.wire.url import split


def check(case: Case) -> Verdict:
    """Every redirect of a registry with a public name."""
    redirects = [step for step in case.at(Stage.REDIRECT) if step.exchange.location is not None]
    if not redirects:
        return NOT_APPLICABLE
    by_host: dict[tuple[str, str], list[Step]] = {}
    for step in redirects:
        target, own = split(step.exchange.location or ""), split(step.exchange.request.url)
        if (
            target is None
            or own is None
            or host_scope(own.host) != "public"
            or host_scope(target.host) == "public"
        ):
            continue
        by_host.setdefault((step.exchange.host, target.host), []).append(step)
    found = []
    for (host, inner), steps in by_host.items():
        followed = all(case.overcome(step) for step in steps)
        evidence: list[Evidence] = [saw_header(step, "location") for step in steps]
        evidence.append(saw(steps[0], f"{inner} is {_WHAT.get(host_scope(inner), 'no public name')}"))
        found.append(
            RULE.finding(
                f"{host} redirects its clients to {inner}, which is known or reachable inside only",
                evidence,
                severity=Severity.WARNING if followed else Severity.ERROR,
            )
        )
    return found or PASSED


_WHAT = {
    "private": "a private address",
    "loopback": "the client itself",
    "link-local": "a link-local address",
    "single-label": "a name of one part",
    "internal-name": "a name for the inside",
}

RULE = Rule(
    code="redirect-to-private",
    title="redirects lead to hosts that clients can reach",
    severity=Severity.ERROR,
    spec="OCI distribution-spec main, API (redirects)",
    meaning="The registry keeps its blobs in an object store and redirects clients there, by the name that the registry itself uses:"
    " a service name of the cluster or a private address. Clients outside cannot reach it; manifests work, layers do not.",
    says=(
        ("docker", "dial tcp: lookup minio.registry.svc: no such host"),
        (
            "containerd",
            'failed to do request: Get "http://10.0.0.5:9000/…": dial tcp 10.0.0.5:9000: i/o timeout',
        ),
        ("podman", "dial tcp 10.0.0.5:9000: i/o timeout"),
    ),
    confused_with="cdn-unreachable (the same symptom with a public host that is blocked).",
    cause="The storage's inner endpoint is configured, and redirects are on.",
    remedy="distribution: `storage.redirect.disable: true`, so that the registry serves the blobs itself; or the"
    " storage's outer address in its settings (of S3: regionendpoint).",
    check=check,
    bad=(
        *HEALTHY[:5],
        replace(redirect(CONFIG), give=("location: http://minio.registry.svc:9000/bucket/blob",)),
        replace(redirect(CONFIG), give=("location: http://minio.registry.svc:9000/bucket/blob",)),
    ),
    good=HEALTHY,
)
