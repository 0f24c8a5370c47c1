"""accept-too-narrow: the manifest is there, in a form that the request's Accept does not admit."""

from msgspec.structs import replace

from inspector.core.events import header_all
from inspector.core.finding import Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw_request_header, saw_status
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, bearer, error_body, resolve
from inspector.wire.mediatypes import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, accepts

PROXY = "Pass the client's Accept on as it is: nginx: no `proxy_set_header Accept`; a Worker: copy all lines of the request."
_ALL = (OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST)
_WORDS = ("accept header does not support",)


def check(case: Case) -> Verdict:
    """Every final 404 and 406 of a manifest, by the registry's own words or the status."""
    asked = case.at(Stage.RESOLVE, Stage.MANIFEST)
    if not asked:
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in asked:
        if _says_so(step) and case.final(step):
            by_host.setdefault(step.exchange.host, []).append(step)
    return [_finding(host, steps) for host, steps in by_host.items()] or PASSED


def _finding(host: str, steps: list[Step]) -> Finding:
    evidence = [piece for step in steps for piece in (saw_request_header(step, "accept"), saw_status(step))]
    if not all(_takes_all(step) for step in steps):
        return RULE.finding(
            f"{host} has the manifest, and in no form that the client's Accept names", evidence
        )
    return RULE.finding(
        f"{host} says that the Accept names too little, and the client's names all: a proxy on the way changes it",
        evidence,
        cause="A proxy on the way drops the client's Accept or sends one of its own.",
        remedy=PROXY,
    )


def _takes_all(step: Step) -> bool:
    accept = header_all(step.exchange.request.headers, "accept")
    return bool(accept) and all(accepts(accept, kind) for kind in _ALL)


def _says_so(step: Step) -> bool:
    if step.exchange.status == 406:
        return True
    error = step.exchange.registry_error
    message = (error.message or "").lower() if error is not None else ""
    return step.exchange.status == 404 and any(words in message for words in _WORDS)


RULE = Rule(
    code="accept-too-narrow",
    title="the client's Accept admits what is there",
    severity=Severity.ERROR,
    spec="OCI distribution-spec 1.1, Pulling manifests (Accept); RFC 9110 §12.5.1",
    meaning="The registry has the manifest, but in a form that the request does not accept, so it answers 404 or 406 as if it were"
    " not there. Tools that know only Docker's types meet it with OCI images, and tools that know no indexes with multi-platform"
    " ones.",
    says=(
        ("docker", "manifest unknown: OCI index found, but accept header does not support OCI indexes"),
        ("podman", "manifest unknown: OCI index found, but accept header does not support OCI indexes"),
        ("containerd", "not found (it accepts all types; a proxy may cut its Accept)"),
    ),
    confused_with="tag-not-found (it is really not there).",
    cause="The client, or a proxy on the way, sends an Accept with too few types.",
    remedy="Send all four types: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json,"
    " application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json."
    f" {PROXY}",
    check=check,
    bad=(
        *HEALTHY[:2],
        replace(
            resolve(),
            method="GET",
            ask=(bearer(), f"accept: {DOCKER_MANIFEST}"),
            status=404,
            give=(),
            body=error_body(
                "MANIFEST_UNKNOWN", "OCI index found, but accept header does not support OCI indexes"
            ),
        ),
    ),
    good=HEALTHY,
)
