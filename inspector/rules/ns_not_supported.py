"""ns-not-supported: a mirror does not bear the parameter ns= that containerd adds."""

import re

from msgspec.structs import replace

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import body_of, saw, saw_status, storage_code
from inspector.rules.example import CONTAINERD
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import ACCEPT, HEALTHY, MIRROR, SELF_SERVED, error_body, manifest_url, resolve
from inspector.rules.steps import is_refusal, namespace_of

# The parameter spoken of; an error page that repeats the request's own URL does not speak of it.
_SPEAKS = re.compile(
    rb"(?<![?&./\w-])ns(?![\w./-])|query (?:parameter|string|argument)|unknown parameter", re.IGNORECASE
)
_PASSING = frozenset({401, 408, 429, 502, 503, 504})
# 400 for another reason, which the body tells: plain-http-on-tls-port, header-too-large.
_OTHER_400 = (b"HTTP request to an HTTPS server", b"HTTP request was sent to HTTPS port", b"Too Large")
_READ = 2048


def check(case: Case) -> Verdict:
    """Every refused request with ns=."""
    named = [step for step in case.steps if namespace_of(step) is not None]
    if not named:
        return NOT_APPLICABLE
    plain = {
        (step.exchange.host, step.exchange.path): step
        for step in case.steps
        if step.exchange.ok and namespace_of(step) is None
    }
    bears = {step.exchange.host for step in named if 200 <= (step.exchange.status or 0) < 400}
    by_host: dict[str, list[tuple[Step, Evidence]]] = {}
    for step in named:
        if (
            not is_refusal(step)
            or step.stage in (Stage.SIGNATURE, Stage.REFERRERS)
            or step.exchange.status in _PASSING
        ):
            continue
        why = _why(case, step, None if step.exchange.host in bears else plain)
        if why is not None:
            by_host.setdefault(step.exchange.host, []).append((step, why))
    return [_finding(host, refusals) for host, refusals in by_host.items()] or PASSED


def _why(case: Case, step: Step, plain: dict[tuple[str, str], Step] | None) -> Evidence | None:
    """Proof (a), (b) or (c). ``plain`` is None where the host serves other requests with the parameter."""
    said = body_of(step)[:_READ]
    if plain is not None:
        served = plain.get((step.exchange.host, step.exchange.path))
        if served is not None:
            return saw(served, f"the same path without ns=: {served.exchange.status}")
        other_pull = case.elsewhere.plain(step.exchange.host, step.exchange.path, case.pull)
        if other_pull is not None:
            return Evidence(exchange=None, what=f"{other_pull.place}, without ns=")
        other = storage_code(step) is not None or any(words in said for words in _OTHER_400)
        if step.exchange.status == 400 and not other and case.final(step):
            return saw_status(step)
    if _SPEAKS.search(said) and case.final(step):
        return saw_status(step)
    return None


def _finding(host: str, refusals: list[tuple[Step, Evidence]]) -> Finding:
    first = refusals[0][0]
    evidence: list[Evidence] = []
    for step, why in refusals:
        evidence += [saw(step, f"{step.exchange.method} {step.exchange.request.url}"), saw_status(step)]
        evidence += [why] if why != evidence[-1] else []
    wordless = all(
        why.exchange == step.n and not _SPEAKS.search(body_of(step)[:_READ]) for step, why in refusals
    )
    server = (first.exchange.response_header("server") or "").lower()
    return RULE.finding(
        f"{host} refuses requests with ns={namespace_of(first)}",
        evidence,
        confidence=Confidence.IMPLIED if wordless else Confidence.PROVED,
        remedy=NGINX
        if "nginx" in server or "openresty" in server
        else WORKER
        if "cloudflare" in server
        else None,
    )


NGINX = (
    'nginx: `set $args "";` before its proxy_pass, and $uri instead of $request_uri in its proxy_cache_key.'
)
WORKER = 'A Worker: `url.searchParams.delete("ns")` before it signs, caches or fetches.'

RULE = Rule(
    code="ns-not-supported",
    title="a mirror bears the parameter ns=",
    severity=Severity.ERROR,
    spec="OCI distribution-spec main, Registry Proxying (ns= may be ignored)",
    meaning="containerd and BuildKit tell a mirror for which registry they ask: they add ns=docker.io to each request, and have no"
    " switch for it. A mirror may ignore that, and must not refuse it. This one does.",
    says=(
        ("containerd", "unexpected status from HEAD request to https://M/v2/…?ns=docker.io: 400 Bad Request"),
        (
            "docker with the containerd store",
            "unexpected status from HEAD request to https://M/v2/…?ns=docker.io: 400 Bad Request",
        ),
        ("podman", "nothing: it adds no ns="),
    ),
    confused_with="A mirror's plain 404 (it does not have the image) and its 401 (the normal challenge).",
    cause="The mirror, or a storage or firewall behind it, checks the query, or takes it into a signature.",
    remedy=f"Let the mirror drop the parameter, and leave it out of cache keys and signatures. {NGINX} {WORKER}",
    check=check,
    bad=(
        replace(
            resolve(MIRROR),
            url=f"{manifest_url('latest', MIRROR)}?ns=docker.io",
            ask=(ACCEPT,),
            status=400,
            give=("content-type: application/json",),
            body=error_body("UNSUPPORTED", "unknown query parameter ns"),
            agent=CONTAINERD,
        ),
        *(replace(turn, agent=CONTAINERD) for turn in SELF_SERVED),
    ),
    good=HEALTHY,
)
