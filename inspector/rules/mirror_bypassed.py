"""mirror-bypassed: a mirror refused or failed, and the client went to the original registry."""

from msgspec.structs import replace

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw, saw_failure, saw_status, status_words
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, MIRROR, SELF_SERVED, resolve
from inspector.wire.mediatypes import base_type

_FORBID = (
    # containerd 1.6 does not heed a file without a host table
    'Repair the refusal. To forbid the detour: containerd, in the registry\'s hosts.toml `server = "https://{mirror}"`,'
    ' `[host."https://{mirror}"]`, `capabilities = ["pull", "resolve"]`; podman, in registries.conf'
    ' `[[registry]]`, `location = "{registry}"`, `blocked = true`, `[[registry.mirror]]`,'
    ' `location = "{mirror}"`; docker cannot.'
)


def check(case: Case) -> Verdict:
    """Every host that the client asked first, when another one was asked for the same afterwards."""
    found = [
        _finding(case, refusal, after)
        for host, (refusal, after) in case.fallbacks.items()
        if not (refusal.exchange.status == 404 and case.allowed.relaxed(host, RULE.code))
    ]
    found += _never_reached(case)
    if found:
        return found
    return PASSED if case.mirrors else NOT_APPLICABLE


def _finding(case: Case, refusal: Step, after: Step) -> Finding:
    miss = refusal.exchange.status == 404
    how = _failure(refusal)
    return RULE.finding(
        f"{refusal.exchange.host} did not serve the client, which went on to {after.exchange.host}",
        [how, saw(after, f"{after.exchange.method} {after.exchange.request.url}")],
        severity=Severity.NOTE if miss else Severity.WARNING,
        confidence=Confidence.IMPLIED,
        cause=f"The mirror's refusal or failure: {how.what}.",
        remedy=_remedy(case, refusal.exchange.host),
    )


def _failure(step: Step) -> Evidence:
    """What kept the client from using the answer, which may have begun well."""
    exchange = step.exchange
    if exchange.status is None or exchange.status >= 400:
        return saw_status(step)
    kind = base_type(exchange.response_header("content-type")) or "no content-type"
    why = exchange.error or ("other content than was asked for" if step.verified is False else kind)
    return saw(step, f"{status_words(exchange.status)}, {why}")


def _remedy(case: Case, mirror: str) -> str:
    """With the names that the client's own file needs."""
    registry = (case.pull.reference or "").partition("/")[0]
    return _FORBID.format(registry=registry or "docker.io", mirror=mirror)


def _never_reached(case: Case) -> list[Finding]:
    """Hosts whose connections failed before the pull's first request, and that the pull never reached."""
    if not case.registries:
        return []
    first = next(iter(case.registries.values()))[0]
    early: dict[str, Finding] = {}
    bare = {name.partition(":")[0] for name in (*case.registries, *case.realms, *case.storages)}
    for failed in case.pull.broken:
        host = (failed.host or "").lower()
        if host and host not in bare and failed.time <= first.exchange.request.time and host not in early:
            early[host] = RULE.finding(
                f"{host} could not be reached, and the client went on to {first.exchange.host}",
                [saw_failure(failed), saw(first, f"{first.exchange.method} {first.exchange.request.url}")],
                confidence=Confidence.IMPLIED,
                remedy=_remedy(case, host),
            )
    return list(early.values())


RULE = Rule(
    code="mirror-bypassed",
    title="the mirror serves what it is asked for",
    severity=Severity.WARNING,
    starred=True,
    spec="none: how clients use mirrors",
    meaning="The client asked the mirror, was refused or got nothing, and silently fetched the image from the original registry."
    " The user notices nothing, except that it is slow, or fails where the original cannot be reached. Why the mirror refused is"
    " the thing to find out; a plain 404 only means that it does not have it.",
    says=(
        ("docker", "nothing; its log says: Attempting next endpoint for pull after error: …"),
        ("containerd", "nothing; its log says: trying next host"),
        ("podman", "only when the original fails too: (Mirrors also failed: [M/…: …]): …"),
    ),
    confused_with="A mirror that redirects to the original registry, and a token that is fetched from the original's token service"
    " (realm-bypasses-mirror): there the client did what the mirror said.",
    cause="The mirror's refusal, which is the root.",
    remedy=_FORBID.format(registry="REGISTRY", mirror="MIRROR"),
    check=check,
    bad=(
        replace(resolve(MIRROR), status=503, give=("content-type: text/plain",), body=b"busy", ask=()),
        *SELF_SERVED,
    ),
    good=HEALTHY,
)
