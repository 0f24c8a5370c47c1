"""not-an-image: a runtime was sent to something that it cannot run."""

from msgspec.structs import replace

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Content, Outcome, Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw, short
from inspector.rules.example import as_json, digest_of
from inspector.rules.rule import NOT_APPLICABLE, PASSED, CannotTell, Rule, Verdict
from inspector.rules.sample import CONFIG, HEALTHY, LAYER, bearer, fetch, ping, resolve, token
from inspector.wire.document import Document, foreign_type
from inspector.wire.mediatypes import OCI_MANIFEST

_RUNTIMES = frozenset({"docker", "containerd", "nerdctl", "cri-o", "containers", "podman"})
_ACCEPT = f"accept: {OCI_MANIFEST}"
_HELM = "application/vnd.cncf.helm.config.v1+json"


def check(case: Case) -> Verdict:
    """Every manifest that a runtime read, and of which it asked for nothing afterwards; containerd fetches whatever it is."""
    # The docker command, unlike its daemon, only looks: `docker manifest inspect`.
    if case.client not in _RUNTIMES or (case.pull.client.raw or "").startswith("Docker-Client/"):
        return NOT_APPLICABLE
    read = [
        step for step in case.steps if step.content is Content.MANIFEST and step.exchange.document is not None
    ]
    if not read:
        return NOT_APPLICABLE
    if case.pull.broken or case.pull.outcome is Outcome.INCOMPLETE:
        return CannotTell("what the client asked for next may not be in the capture")
    asked = {
        digest for step in case.at(Stage.BLOB, Stage.CDN, Stage.REDIRECT, Stage.CHALLENGE)
        for kind, digest in case.wanted[step.n - 1] if kind == "content"
    }  # fmt: skip
    found: dict[str, Finding] = {}
    for step in read:
        document = step.exchange.document
        kind = foreign_type(document) if document is not None else None
        if kind is None or document is None:
            continue
        if not _parts(document) & asked:
            found.setdefault(step.digest or str(step.n), _finding(case, step, kind, document))
        elif case.client == "containerd":
            found.setdefault(step.digest or str(step.n), _fetched(step, kind, document))
    return list(found.values()) or PASSED


def _parts(document: Document) -> set[str]:
    parts = [document.config, *document.layers]
    return {part.digest for part in parts if part is not None and part.digest}


def _finding(case: Case, step: Step, kind: str, document: Document) -> Finding:
    return RULE.finding(
        f"{short(step.digest)} is no image but {kind[:100]}, and {case.client} stopped there",
        [*_types(step, document), saw(step, "nothing that this manifest names was asked for afterwards")],
        confidence=Confidence.IMPLIED,
        remedy=_remedy(kind),
    )


def _fetched(step: Step, kind: str, document: Document) -> Finding:
    """What came whole may be what was wanted, as a tool by containerd's libraries wants it."""
    return RULE.finding(
        f"{short(step.digest)} is no image but {kind[:100]}: containerd fetches it, and cannot unpack or run it",
        _types(step, document),
        severity=Severity.NOTE,
        confidence=Confidence.IMPLIED,
        remedy=_remedy(kind),
    )


def _types(step: Step, document: Document) -> list[Evidence]:
    config = document.config.media_type if document.config is not None else None
    told = [saw(step, f"config.mediaType: {config or 'none'}")]
    return [*told, saw(step, f"artifactType: {document.artifact_type}")] if document.artifact_type else told


def _remedy(kind: str) -> str | None:
    helm = kind.startswith("application/vnd.cncf.helm.")
    return "`helm pull oci://HOST/NAME --version TAG`." if helm else None


_CHART = as_json(
    {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": _HELM, "size": len(CONFIG), "digest": digest_of(CONFIG)},
        "layers": [
            {
                "mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
                "size": len(LAYER),
                "digest": digest_of(LAYER),
            }
        ],
    }
)

RULE = Rule(
    code="not-an-image",
    title="what a runtime pulls is an image",
    severity=Severity.ERROR,
    spec="OCI image-spec 1.1, manifest (config.mediaType, artifactType)",
    meaning="Registries also hold Helm charts, signatures, policies and other files, each with a manifest of its own. A runtime that"
    " is told to pull one reads the manifest, sees a config that is no image's, and stops. Registry and mirror did what they were"
    " asked.",
    says=(
        ("docker", f'Encountered remote "{_HELM}"(unknown) when fetching'),
        ("docker", "unsupported media type …"),
        ("containerd", "nothing that names the type; the unpacking finds no layers"),
        ("podman", f'unsupported image-specific operation on artifact with type "{_HELM}"'),
    ),
    confused_with="platform-missing (an image, for another platform), schema1 and media-type-mismatch (an image in the wrong form).",
    cause="The reference is that of a chart or another artifact, or a tag of that name was pushed over the image's.",
    remedy="Pull it with the tool that it is for: `helm pull oci://HOST/NAME`, `oras pull HOST/NAME:TAG`.",
    check=check,
    bad=(
        ping(),
        token(),
        replace(
            resolve(),
            ask=(bearer(), _ACCEPT),
            give=(f"content-type: {OCI_MANIFEST}", f"docker-content-digest: {digest_of(_CHART)}"),
            body=_CHART,
        ),
        replace(fetch(_CHART, OCI_MANIFEST), ask=(bearer(), _ACCEPT)),
    ),
    good=HEALTHY,
)
