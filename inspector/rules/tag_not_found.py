"""tag-not-found: the registry does not have the tag or digest that the user named."""

from msgspec.structs import replace

from inspector.core.finding import Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import codes_of, is_html, saw_status
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, error_body, ping, resolve, token
from inspector.rules.steps import asks_manifest, asks_tag, repository_of

_OTHER_CODES = frozenset({"NAME_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN"})


def check(case: Case) -> Verdict:
    """Every final 404 on the reference that the user gave. A digest that a manifest names is `blob-unknown`'s."""
    asked = [
        step
        for step in case.at(Stage.RESOLVE, Stage.MANIFEST)
        if asks_manifest(step) and step.expected is None and (asks_tag(step) or case.pull.tag is None)
    ]
    if not asked:
        return NOT_APPLICABLE
    missed = [step for step in asked if step.exchange.status == 404 and _counts(case, step)]
    if not missed:
        return PASSED
    return [_finding(missed)]


def _counts(case: Case, step: Step) -> bool:
    if (
        not case.final(step)
        or is_html(step)
        or codes_of(step) & _OTHER_CODES
        or case.allowed.relaxed(step.exchange.host, RULE.code)
    ):
        return False
    error = step.exchange.registry_error
    if error is not None and "accept header does not support" in (error.message or "").lower():
        return False  # accept-too-narrow
    mirror = (
        step.exchange.host in case.fallbacks or step.exchange.response_header("oci-namespace") is not None
    )
    return not (mirror and case.overcome(step))  # M's miss and then U's hit


def _finding(missed: list[Step]) -> Finding:
    route = missed[-1].exchange.route
    reference = (route.reference if route is not None else None) or "?"
    hosts = list(dict.fromkeys(step.exchange.host for step in missed))
    where = hosts[0] if len(hosts) == 1 else ", nor ".join(hosts)
    kind = "digest" if route is not None and route.is_digest else "tag"
    return RULE.finding(
        f"{repository_of(missed[-1])} has no {kind} {reference} at {where}",
        [saw_status(step) for step in missed],
    )


RULE = Rule(
    code="tag-not-found",
    title="the tag or digest is there",
    severity=Severity.ERROR,
    yields_to=("library-missing", "repository-denied", "accept-too-narrow"),
    spec="OCI distribution-spec 1.1, Pulling manifests (404)",
    meaning="The registry knows the repository, lets the client in, and does not have this tag. containerd learns it from the HEAD"
    " and stops; docker asks once more with GET to read the message. Behind a cache of distribution any failure of the upstream"
    " looks like this, so look at the upstream's side as well.",
    says=(
        ("docker", "manifest for X:T not found: manifest unknown: manifest unknown"),
        ("containerd", 'failed to resolve reference "X:T": X:T: not found'),
        ("podman", "reading manifest T in X: manifest unknown"),
    ),
    confused_with="repository-denied (the whole repository is refused), blob-unknown (something that a manifest names is missing),"
    " rate-limited behind a cache that hides it. Look-ups of signatures and referrers may fail, and are not meant.",
    cause="The tag was never pushed, was deleted or is misspelt; a mirror may not have it yet.",
    remedy="List the tags (`skopeo list-tags docker://HOST/REPOSITORY`, `crane ls`) and take one that is there. Behind a mirror,"
    " ask the original registry for the same tag to see which of the two lacks it.",
    check=check,
    bad=(
        ping(),
        token(),
        replace(resolve(reference="nope"), status=404, give=("content-type: application/json",), body=b""),
        replace(
            resolve(reference="nope"),
            method="GET",
            status=404,
            give=("content-type: application/json",),
            body=error_body("MANIFEST_UNKNOWN", "manifest unknown"),
        ),
    ),
    good=HEALTHY,
)
