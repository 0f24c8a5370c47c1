"""realm-bypasses-mirror: a mirror passes the original registry's token realm on to the client."""

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.quirks.known import by_host, by_realm
from inspector.rules.case import Case
from inspector.rules.evidence import saw, saw_header
from inspector.rules.failures import dead_realms
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, MIRROR, documents, ping, serve, token, until_layer
from inspector.rules.sample import LAYER as _LAYER
from inspector.rules.steps import namespace_of
from inspector.wire.url import host_of

NGINX = (
    "nginx: `proxy_hide_header WWW-Authenticate; add_header WWW-Authenticate 'Bearer"
    ' realm="https://$http_host/token",service="registry.docker.io"\' always;` and `location = /token { proxy_pass'
    " https://auth.docker.io/token; proxy_set_header Host auth.docker.io; }`."
)
WORKER = (
    "Worker: replace the realm in the challenge by its own (keep the port: `url.host`), and pass `scope` and `error` on, and answer"
    " that path by fetching the token upstream."
)


def check(case: Case) -> Verdict:
    """Every Bearer challenge of a host that the client asks of its own accord."""
    found: dict[str, Finding] = {}
    seen = False
    for host, steps in case.registries.items():
        for step in steps:
            if step.stage is not Stage.CHALLENGE or case.allowed.relaxed(host, RULE.code):
                continue
            seen = True
            why = _why(step)
            if why is not None:
                found.setdefault(host, _finding(case, step, why))
                break
    return list(found.values()) or (PASSED if seen else NOT_APPLICABLE)


def _why(step: Step) -> str | None:
    """Proof (i), the realm is known to be another registry's; (ii), U sends it; or (iii), the request named U in ns=."""
    host = step.exchange.host
    for challenge in step.exchange.challenges:
        realm = host_of(challenge.realm) if challenge.scheme == "bearer" else None
        if realm is None or realm == host:
            continue
        owner = by_realm(realm, challenge.service)
        if owner is not None and by_host(host) is not owner:
            return f"that is the token service of {owner.name}"
        sent = next((inner for inner in step.upstream if realm in _realms(inner)), None)
        if sent is not None:
            return f"{sent.exchange.host} sent this realm to the mirror (step {sent.n}), which passes it on"
        namespace = namespace_of(step)
        if namespace is not None:
            return f"the host was asked with ns={namespace}, as a mirror is"
    return None


def _realms(step: Step) -> set[str | None]:
    return {
        host_of(challenge.realm) for challenge in step.exchange.challenges if challenge.scheme == "bearer"
    }


def _finding(case: Case, step: Step, why: str) -> Finding:
    host = step.exchange.host
    realm = next(
        (r for c in step.exchange.challenges if (r := host_of(c.realm)) and r != host), "another host"
    )
    evidence: list[Evidence] = [saw_header(step, "www-authenticate"), saw(step, why)]
    evidence += [saw_header(inner, "www-authenticate") for inner in step.upstream if realm in _realms(inner)]
    fetched = next(
        (one for one in case.at(Stage.TOKEN) if one.exchange.host == realm and one.n > step.n), None
    )
    if fetched is not None:
        evidence.append(saw(fetched, f"the client fetched its token from {realm}, not through {host}"))
    dead = realm in dead_realms(case)
    return RULE.finding(
        f"the mirror {host} sends the client to {realm} for its token",
        evidence,
        severity=Severity.ERROR if dead else Severity.WARNING,
        confidence=Confidence.PROVED,
        remedy=_remedy(step),
    )


def _remedy(step: Step) -> str:
    server = (step.exchange.response_header("server") or "").lower()
    if "nginx" in server or "openresty" in server:
        return NGINX
    return WORKER if "cloudflare" in server else f"{NGINX} {WORKER}"


RULE = Rule(
    code="realm-bypasses-mirror",
    title="a mirror's challenge names the mirror's own token service",
    severity=Severity.WARNING,
    starred=True,
    spec="Docker token specification, How to authenticate; OCI distribution-spec main, Registry Proxying",
    meaning="The mirror passes the original registry's 401 on as it is, so the client goes to the original's token service by"
    " itself. The pull works wherever that host can be reached, and fails where only the mirror can: the very networks that"
    " mirrors are built for.",
    says=(
        ("docker", "nothing, while the token service can be reached; then as realm-unreachable"),
        ("containerd", "nothing, while the token service can be reached; then as realm-unreachable"),
        ("podman", "nothing, while the token service can be reached; then as realm-unreachable"),
    ),
    confused_with="A registry whose token service has another host by design (gitlab.com for registry.gitlab.com, a company's"
    " single sign-on): a foreign realm alone proves nothing, and is not reported.",
    cause="The mirror does not rewrite WWW-Authenticate.",
    remedy=f"{NGINX} {WORKER}",
    check=check,
    bad=(ping(MIRROR), token(), *documents(MIRROR), serve(_LAYER, MIRROR)),
    good=(*until_layer(), HEALTHY[-2], HEALTHY[-1]),
)
