"""schema1: the registry served a manifest of the first, abandoned form."""

from msgspec.structs import replace

from inspector.core.events import header_all
from inspector.core.finding import Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.accept_too_narrow import PROXY
from inspector.rules.case import Case
from inspector.rules.evidence import saw, saw_header
from inspector.rules.example import as_json
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, resolve
from inspector.wire.mediatypes import DOCKER_SCHEMA1_SIGNED, accepts, kind_of

_OLD = as_json({"schemaVersion": 1, "name": "library/app", "tag": "latest", "fsLayers": [], "history": []})


def check(case: Case) -> Verdict:
    """Every 200 to GET or HEAD of a manifest, by type and by the document."""
    answered = [step for step in case.at(Stage.RESOLVE, Stage.MANIFEST) if step.exchange.status == 200]
    if not answered:
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in answered:
        if is_schema1(step):
            by_host.setdefault(step.exchange.host, []).append(step)
    return [_finding(host, steps) for host, steps in by_host.items()] or PASSED


def is_schema1(step: Step) -> bool:
    """By Content-Type, or by the document itself."""
    document = step.exchange.document
    return kind_of(step.exchange.response_header("content-type")) == "schema1" or (
        document is not None and (document.kind == "schema1" or document.schema_version == 1)
    )


def _finding(host: str, steps: list[Step]) -> Finding:
    first = steps[0]
    accept = header_all(first.exchange.request.headers, "accept")
    lists = accepts(accept, "application/vnd.docker.distribution.manifest.list.v2+json") if accept else False
    evidence = [saw_header(step, "content-type") for step in steps]
    if not lists:
        evidence.append(saw(first, f"accept: {', '.join(accept) or 'nothing'}"))
    return RULE.finding(
        f"{host} serves a schema 1 manifest, which today's clients refuse",
        evidence,
        cause="The image was pushed before 2017."
        if lists
        else "The request's Accept lacks the newer types, so an old registry converts the manifest.",
    )


RULE = Rule(
    code="schema1",
    title="manifests are not of schema 1",
    severity=Severity.ERROR,
    spec="Docker image manifest v2 schema 1 (deprecated); OCI image-spec, manifest",
    meaning="Manifest schema 1 is the form of before 2017. It names no config and no sizes, and carries a signature inside, so its"
    " digest cannot be checked as others are. docker and containerd no longer read it.",
    says=(
        (
            "docker",
            "Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed.",
        ),
        (
            "containerd",
            'media type "application/vnd.docker.distribution.manifest.v1+prettyjws" is no longer supported since containerd v2.0',
        ),
        ("podman", "nothing: it still converts them"),
    ),
    confused_with="media-type-mismatch. That schema 1 stands in the client's Accept means nothing: podman and docker 20.10 list it.",
    cause="An image from before 2017, or a registry that converts to schema 1 for a client whose Accept lacks the newer types.",
    remedy=f"Pull it with a tool that still reads it (`skopeo copy`) and push it again. For a converting registry: {PROXY}",
    check=check,
    bad=(
        *HEALTHY[:2],
        replace(resolve(), method="GET", give=(f"content-type: {DOCKER_SCHEMA1_SIGNED}",), body=_OLD),
    ),
    good=HEALTHY,
)
