"""cdn-unreachable: the storage that the registry redirects to could not be reached."""

from inspector.core.events import Trouble
from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Stage
from inspector.rules.case import Case
from inspector.rules.evidence import saw, saw_header
from inspector.rules.example import Broken
from inspector.rules.failures import Failure, failures, left_early
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import CONFIG as _CONFIG
from inspector.rules.sample import HEALTHY, redirect
from inspector.rules.steps import is_registry_url


def check(case: Case) -> Verdict:
    """Every storage host that a redirect of this pull names."""
    if not case.storages and not case.at(Stage.CDN):
        return NOT_APPLICABLE
    seen = {step.exchange.host for step in case.steps}
    by_host: dict[str, list[Failure]] = {}
    for failure in failures(case):
        if _at_storage(case, failure):
            by_host.setdefault(failure.host, []).append(failure)
    found = [_finding(case, host, group) for host, group in by_host.items()]
    for host, redirects in case.storages.items():
        if (
            host not in seen
            and host not in by_host
            and (implied := _implied(case, host, redirects)) is not None
        ):
            found.append(implied)
    return found or PASSED


def _at_storage(case: Case, failure: Failure) -> bool:
    if failure.step is None:
        return (
            failure.host in case.storages and failure.host not in case.registries and not _came(case, failure)
        )
    step = failure.step
    return step.stage is Stage.CDN and not case.overcome(step) and not left_early(step)


def _came(case: Case, failure: Failure) -> bool:
    """Whether every content for which the client was sent to that host came after all."""
    return all(case.overcome(case.steps[n - 1]) for n in case.storages.get(failure.host, ()))


def _redirect_of(case: Case, host: str) -> list[Evidence]:
    return [saw_header(case.steps[n - 1], "location") for n in case.storages.get(host, [])[:1]]


def _finding(case: Case, host: str, group: list[Failure]) -> Finding:
    why = {
        Trouble.NAME: "its name did not resolve",
        Trouble.SERVER_TLS: "its certificate was refused",
    }.get(group[0].trouble, "the connection failed")
    return RULE.finding(
        f"the storage {host} could not be reached: {why}",
        [*_redirect_of(case, host), *(failure.evidence for failure in group)],
    )


def _implied(case: Case, host: str, redirects: list[int]) -> Finding | None:
    """Nobody was seen to go where the redirect leads: a failed CONNECT leaves nothing in a plain flow file."""
    last = case.steps[redirects[-1] - 1]
    if case.arrived or all(case.overcome(case.steps[n - 1]) for n in redirects) or last.exchange.open:
        return None
    if last.exchange.method != "GET" or is_registry_url(last.exchange.location or ""):
        return None
    again = [n for n in redirects[1:] if case.wanted[n - 1] & case.wanted[redirects[0] - 1]]
    evidence = _redirect_of(case, host)
    if again:
        evidence.append(saw(case.steps[again[-1] - 1], "the client asks the registry for the same again"))
        return RULE.finding(
            f"the client never reached the storage {host}, and asked the registry again", evidence,
            confidence=Confidence.IMPLIED,
        )  # fmt: skip
    evidence.append(saw(last, f"no request to {host} follows"))
    return RULE.finding(
        f"nothing shows that the client reached the storage {host}: it did not, or it was not recorded",
        evidence,
        severity=Severity.WARNING,
        confidence=Confidence.IMPLIED,
    )


RULE = Rule(
    code="cdn-unreachable",
    title="the storage that redirects lead to can be reached",
    severity=Severity.ERROR,
    starred=True,
    spec="OCI distribution-spec main, API (any request may be redirected)",
    meaning="Registries keep blobs in a storage or CDN and answer with a redirect. The client then needs that host too: another"
    " name, which changes now and then. Here the registry answered and the storage could not be reached, so manifests work and"
    " layers do not.",
    says=(
        ("docker", "error pulling image configuration: download failed after attempts=6: dial tcp: lookup …"),
        (
            "containerd",
            'failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://production.cloudflare.docker.com/…": dial tcp …: i/o timeout',
        ),
        ("podman", 'Get "https://production.cloudflare.docker.com/…": dial tcp: …'),
    ),
    confused_with="cdn-denied (the storage answered, and refused), body-truncated (it began to answer), realm-unreachable (the"
    " token service is missing).",
    cause="The registry's host is allowed in this network and its storage's is not, or the registry has moved to a new one.",
    remedy="Allow the host that the redirect names; or let the mirror follow the redirect: nginx `proxy_intercept_errors on;"
    " recursive_error_pages on; error_page 301 302 307 = @s;`, `location @s { set $l $upstream_http_location; proxy_set_header"
    ' Authorization ""; proxy_pass $l; }` and a resolver.',
    check=check,
    bad=(
        *HEALTHY[:5],
        redirect(_CONFIG),
        Broken(
            trouble=Trouble.NAME,
            host="production.cloudflare.docker.com",
            message="[Errno -2] Name or service not known",
        ),
    ),
    good=HEALTHY,
)
