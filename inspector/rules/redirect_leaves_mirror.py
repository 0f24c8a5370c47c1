"""redirect-leaves-mirror: a mirror sends its client on to the original registry's storage."""

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.quirks.known import by_host, by_storage
from inspector.rules import cdn_unreachable
from inspector.rules.case import Case
from inspector.rules.evidence import saw, saw_header
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import CONFIG, HEALTHY, LAYER, MIRROR, cdn, documents, ping, redirect, token
from inspector.wire.url import host_of

NGINX = (
    "nginx: `proxy_intercept_errors on; recursive_error_pages on; error_page 301 302 307 = @s;` and `location @s { set $l"
    ' $upstream_http_location; proxy_set_header Authorization ""; proxy_pass $l; }`, with a resolver.'
)
WORKER = 'A Worker: `fetch` the Location itself, with fresh headers, after `redirect: "manual"`.'


def check(case: Case) -> Verdict:
    """Every redirect of a host that the traffic shows to be a mirror."""
    redirects = [step for step in case.at(Stage.REDIRECT) if step.exchange.host in case.mirrors]
    if not redirects:
        return NOT_APPLICABLE
    by_pair: dict[tuple[str, str], tuple[str, list[Step]]] = {}
    for step in redirects:
        host, target = step.exchange.host, host_of(step.exchange.location)
        if (
            target is None
            or target == host
            or case.allowed.relaxed(host, RULE.code)
            or by_host(host) is not None
        ):
            continue
        owner = _owner(case, step, target)
        if owner is not None:
            by_pair.setdefault((host, target), (owner, []))[1].append(step)
    if not by_pair:
        return PASSED
    dead = _dead(case)
    return [
        _finding(host, target, owner, steps, dead.get(target))
        for (host, target), (owner, steps) in by_pair.items()
    ]


def _owner(case: Case, step: Step, target: str) -> str | None:
    """Whose storage it is: a known registry's, or that of the registry whom the mirror stands for, which sends there too."""
    owner = by_storage(target)
    if owner is not None:
        return owner.name
    sent = next((inner for inner in step.upstream if host_of(inner.exchange.location) == target), None)
    if sent is not None:
        return sent.exchange.host
    upstream = case.mirrors[step.exchange.host].upstream
    theirs = case.storages.get(target, ()) if upstream else ()
    return upstream if any(case.steps[n - 1].exchange.host == upstream for n in theirs) else None


def _dead(case: Case) -> dict[str, Confidence]:
    """Storages that the client could not reach, and how sure that is."""
    verdict = cdn_unreachable.check(case)
    dead: dict[str, Confidence] = {}
    for finding in verdict if isinstance(verdict, list) else ():
        for piece in finding.evidence:
            location = case.steps[piece.exchange - 1].exchange.location if piece.exchange else None
            host = host_of(location)
            if host is not None:
                dead.setdefault(host, finding.confidence)
    return dead


def _finding(host: str, target: str, owner: str, steps: list[Step], dead: Confidence | None) -> Finding:
    severity = {None: Severity.NOTE, Confidence.PROVED: Severity.ERROR}.get(dead, Severity.WARNING)
    evidence: list[Evidence] = [saw_header(step, "location") for step in steps]
    evidence.append(saw(steps[0], f"{target} is the storage of {owner}"))
    server = (steps[0].exchange.response_header("server") or "").lower()
    remedy = (
        NGINX if "nginx" in server or "openresty" in server else WORKER if "cloudflare" in server else None
    )
    return RULE.finding(
        f"the mirror {host} sends the client on to {target}, the storage of {owner}",
        evidence,
        severity=severity,
        confidence=Confidence.IMPLIED if dead is Confidence.IMPLIED else Confidence.PROVED,
        remedy=remedy,
    )


RULE = Rule(
    code="redirect-leaves-mirror",
    title="a mirror serves the blobs itself",
    severity=Severity.NOTE,
    spec="OCI distribution-spec main, API (any request may be redirected), Registry Proxying",
    meaning="The mirror passes the original registry's redirects on, so manifests come through the mirror and the blobs do not."
    " Where the client can reach the storage this only costs what the mirror was to save; where it can reach the mirror alone,"
    " the layers do not come.",
    says=(
        ("docker", "nothing, while the storage can be reached; then as cdn-unreachable"),
        ("containerd", "nothing, while the storage can be reached; then as cdn-unreachable"),
        ("podman", "nothing, while the storage can be reached; then as cdn-unreachable"),
    ),
    confused_with="A registry with a storage of its own, and registry.k8s.io, whose design it is.",
    cause="The mirror passes 3xx answers on instead of following them.",
    remedy=f"Let the mirror follow. {NGINX} {WORKER}",
    check=check,
    bad=(
        ping(MIRROR),
        token(),
        *documents(MIRROR),
        redirect(CONFIG, MIRROR),
        cdn(CONFIG),
        redirect(LAYER, MIRROR),
        cdn(LAYER),
    ),
    good=HEALTHY,
)
