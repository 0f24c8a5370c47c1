"""blob-unknown: the registry lacks something that its own manifest names."""

from msgspec.structs import replace

from inspector.core.finding import Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import is_html, saw, saw_status, short
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, LAYER, error_body, serve, until_layer

_ASKS = (Stage.BLOB, Stage.MANIFEST, Stage.RESOLVE, Stage.CDN)


def check(case: Case) -> Verdict:
    """Every request for a digest that a manifest of this pull names, or that a HEAD of it announced."""
    announced = {step.digest: step for step in case.at(Stage.RESOLVE) if step.exchange.ok and step.digest}
    named = [
        s for s in case.at(*_ASKS) if s.expected is not None or (s.digest in announced and _by_digest(s))
    ]
    if not named:
        return NOT_APPLICABLE
    missing = [step for step in named if step.exchange.status == 404 and _counts(case, step)]
    by_host: dict[str, list[Step]] = {}
    for step in missing:
        by_host.setdefault(step.exchange.host, []).append(step)
    return [_finding(host, steps) for host, steps in by_host.items()] or PASSED


def _by_digest(step: Step) -> bool:
    route = step.exchange.route
    return route is not None and route.is_digest


def _counts(case: Case, step: Step) -> bool:
    if not case.final(step) or is_html(step) or case.allowed.relaxed(step.exchange.host, RULE.code):
        return False
    if step.expected is not None and step.expected.urls:
        return False  # a foreign layer need not be in the registry
    mirror = (
        step.exchange.host in case.fallbacks or step.exchange.response_header("oci-namespace") is not None
    )
    return not (mirror and case.overcome(step))


def _finding(host: str, steps: list[Step]) -> Finding:
    first = steps[0]
    digests = list(dict.fromkeys(step.digest for step in steps))
    what = first.content.value if first.content else "content"
    more = f" and {len(digests) - 1} more" if len(digests) > 1 else ""
    evidence = [saw_status(step) for step in steps]
    evidence.append(saw(first, f"{first.digest} is named by a manifest of this pull"))
    return RULE.finding(
        f"{host} does not have the {what} {short(first.digest)}{more}, which the image needs", evidence
    )


RULE = Rule(
    code="blob-unknown",
    title="everything that the manifests name is there",
    severity=Severity.ERROR,
    spec="OCI distribution-spec 1.1, Pulling blobs and Pulling manifests (404)",
    meaning="The registry gave a manifest, and does not have a part that this manifest names. The image is broken there: no client"
    " can pull it, whatever its settings.",
    says=(
        ("docker", "unknown blob"),
        ("containerd", "could not fetch content descriptor sha256:… from remote: not found"),
        ("podman", "fetching blob: blob unknown to registry"),
    ),
    confused_with="tag-not-found (what the user named is missing), media-type-mismatch (a manifest taken for a blob). A mirror's"
    " miss that the original then serves is none.",
    cause="Garbage collection removed the blob, a replication was done by half, or replicas of the registry are out of step.",
    remedy="Push or replicate the image again; on distribution run garbage collection only while nothing is pushed; purge the"
    " mirror's manifest so that it fetches all anew.",
    check=check,
    bad=(
        *until_layer(),
        replace(serve(LAYER), status=404, body=error_body("BLOB_UNKNOWN", "blob unknown to registry")),
    ),
    good=HEALTHY,
)
