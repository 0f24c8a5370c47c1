"""platform-missing: the index has no image for the client's platform."""

from msgspec.structs import replace

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Content, Outcome, Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw
from inspector.rules.example import DOCKER
from inspector.rules.rule import NOT_APPLICABLE, PASSED, CannotTell, Rule, Verdict
from inspector.rules.sample import HEALTHY, INDEX, fetch, ping, resolve, token
from inspector.wire.document import Descriptor, is_attestation
from inspector.wire.mediatypes import DOCKER_LIST, is_index

_ON_S390X = DOCKER.replace("arch/amd64", "arch/s390x")
# An index alone is a look (`podman manifest inspect`), or a pull that found nothing: they end alike.
_SILENT = frozenset({"containers", "podman", "buildah", "skopeo", "cri-o"})
_ALSO = {
    "arm64": frozenset({"arm64", "arm"}),
    "amd64": frozenset({"amd64", "386"}),
    "386": frozenset({"386"}),
}


def check(case: Case) -> Verdict:
    """A whole index, of which nothing was asked afterwards, in a pull that failed, or by a client that mostly pulls."""
    indexes = [
        step for step in case.at(Stage.MANIFEST) if step.content is Content.INDEX and step.exchange.document
    ]
    if not indexes:
        return NOT_APPLICABLE
    last = indexes[-1]
    document = last.exchange.document
    children = {child.digest for child in document.manifests} if document is not None else set()
    asked = any(step.digest in children for step in case.steps if step.n > last.n)
    failed = case.pull.outcome is Outcome.FAILED
    looked = case.pull.outcome is Outcome.INSPECTED and case.client in _SILENT
    if document is None or asked or not (failed or looked) or last.n in case.fatal:
        return (
            PASSED
            if asked or case.arrived
            else CannotTell("nothing of the index was asked for, and nothing says why")
        )
    offered = [
        child
        for child in document.manifests
        if not is_attestation(child) and child.platform != "unknown/unknown"
    ]
    platform = case.pull.client.platform
    if looked or platform is None:
        return [_left(last, offered, None, looked=looked)]
    if any(fits(child, platform) for child in offered):
        if not is_index(last.exchange.response_header("content-type")) or last.verified is False:
            return CannotTell(
                "the index has an entry for the client's platform, and may not have been accepted"
            )
        return [_left(last, offered, platform)]
    return [_finding(last, offered, platform)]


def fits(child: Descriptor, platform: str) -> bool:
    """Whether a client of ``platform`` takes the entry: one without a platform, its own, or an older one that it runs."""
    if child.platform is None:
        return True
    system, _, rest = child.platform.partition("/")
    own_system, _, own = platform.partition("/")
    architecture, wanted = rest.partition("/")[0], own.partition("/")[0]
    return system == own_system and architecture in _ALSO.get(wanted, {wanted})


def _finding(step: Step, offered: list[Descriptor], platform: str) -> Finding:
    evidence = [
        _offers(step, offered),
        saw(step, f"user-agent: {step.exchange.request_header('user-agent')}"),
    ]
    return RULE.finding(
        f"the index has no image for {platform}, only for {_names(offered)}",
        evidence,
        remedy=_remedy(offered),
    )


def _left(step: Step, offered: list[Descriptor], platform: str | None, *, looked: bool = False) -> Finding:
    """Which platform was wanted is not told. One that its user named may be another than the client's own."""
    why = (
        f"though it has one for {platform}: another was asked for"
        if platform
        else f"it offers {_names(offered)}"
    )
    if looked:
        why = f"it only looked, or found none for its platform among {_names(offered)}"
    return RULE.finding(
        f"the client took nothing of the index; {why}",
        [_offers(step, offered)],
        severity=Severity.NOTE if looked else Severity.WARNING,
        confidence=Confidence.IMPLIED,
        remedy=_remedy(offered),
    )


def _offers(step: Step, offered: list[Descriptor]) -> Evidence:
    return saw(step, f"platforms in the index: {_names(offered)}")


def _names(offered: list[Descriptor]) -> str:
    return ", ".join(dict.fromkeys(child.platform or "any" for child in offered)) or "none"


def _remedy(offered: list[Descriptor]) -> str | None:
    first = next((child.platform for child in offered if child.platform), None)
    return RULE.remedy.replace("`--platform`", f"`--platform {first}`") if first else None


RULE = Rule(
    code="platform-missing",
    title="the index has an image for the client's platform",
    severity=Severity.ERROR,
    spec="OCI image-spec, image index (platform)",
    meaning="The tag stands for an index, a list of images by platform, and none of them is for the platform of this client."
    " The client reads the index, finds nothing, and stops: no further request is made. Either the image was never built for"
    " it, or a mirror holds only a part of the index.",
    says=(
        ("docker", "no matching manifest for linux/arm64/v8 in the manifest list entries"),
        ("containerd", "no match for platform in manifest: not found"),
        ("podman", 'no image found in image index for architecture "arm64", variant "v8", OS "linux"'),
    ),
    confused_with="blob-unknown (the index names an image that the registry does not have). Entries of unknown/unknown are"
    " attestations and no platform.",
    cause="The image was not built for this platform, or was copied for one platform only.",
    remedy="Ask for a platform that is there with `--platform`, or build and mirror the whole index (`skopeo copy --all`,"
    " `crane copy`).",
    check=check,
    bad=tuple(
        replace(turn, agent=_ON_S390X) for turn in (ping(), token(), resolve(), fetch(INDEX, DOCKER_LIST))
    ),
    good=HEALTHY,
)
