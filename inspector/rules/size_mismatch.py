"""size-mismatch: a whole body is longer or shorter than its descriptor, or than HEAD, said."""

from msgspec.structs import replace

from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import is_html, saw, short
from inspector.rules.rule import NOT_APPLICABLE, PASSED, CannotTell, Rule, Verdict
from inspector.rules.sample import HEALTHY, LAYER, cdn

_FETCHES = (Stage.MANIFEST, Stage.BLOB, Stage.CDN)


def check(case: Case) -> Verdict:
    """Every whole 200 body against what was said of its size."""
    heads = _announced(case)
    compared = 0
    unknown = 0
    wrong: dict[str, tuple[Step, list[Evidence]]] = {}
    for step in case.at(*_FETCHES):
        if step.exchange.method != "GET" or step.exchange.status != 200 or is_html(step) or _encoded(step):
            continue
        size = _whole_size(step)
        told = _told(step, heads)
        if told is None:
            continue
        if size is None:
            unknown += 1
            continue
        compared += 1
        expected, where = told
        if size != expected:
            pieces = [*([where] if where else []), saw(step, f"{size} bytes came, {expected} were announced")]
            wrong.setdefault(step.digest or "?", (step, []))[1].extend(pieces)
    if wrong:
        return [_finding(digest, step, pieces) for digest, (step, pieces) in wrong.items()]
    if compared:
        return PASSED
    return CannotTell("no body came whole with its size") if unknown else NOT_APPLICABLE


def _encoded(step: Step) -> bool:
    return (step.exchange.response_header("content-encoding") or "identity").lower() != "identity"


def _whole_size(step: Step) -> int | None:
    body = step.exchange.response_body
    if body is None or body.complete is not True or not step.exchange.whole:
        return None
    return body.decoded_size if body.decoded_size is not None else body.size


def _announced(case: Case) -> dict[tuple[str, str], tuple[int, Step]]:
    """The Content-Length of each HEAD that was answered 200, by host and content."""
    found: dict[tuple[str, str], tuple[int, Step]] = {}
    for step in case.at(Stage.RESOLVE, Stage.BLOB):
        exchange = step.exchange
        length = exchange.response_header("content-length") or ""
        zero = length == "0"  # a server that does not know says so in this way, too
        known = length.isascii() and length.isdigit() and len(length) < 19 and not zero and not _encoded(step)
        if exchange.method == "HEAD" and exchange.status == 200 and step.digest and known:
            found[exchange.host, step.digest] = (int(length), step)
    return found


def _told(step: Step, heads: dict[tuple[str, str], tuple[int, Step]]) -> tuple[int, Evidence | None] | None:
    if step.asked_tag is not None and step.verified is False:
        return None  # the digest that was announced is not that of the body: digest-header-mismatch
    if step.expected is not None and step.expected.size is not None:
        return step.expected.size, None
    head = heads.get((step.exchange.host, step.digest or ""))
    if head is None:
        return None
    return head[0], saw(head[1], f"content-length: {head[0]}")


def _finding(digest: str, step: Step, evidence: list[Evidence]) -> Finding:
    right = step.verified is True
    what = step.content.value if step.content else "content"
    return RULE.finding(
        f"the {what} {short(digest)} from {step.exchange.host} has not the size that was announced",
        evidence,
        cause="The digest is right, so the content is; the manifest that names it tells a wrong size."
        if right
        else None,
        remedy="Build and push the image again with another tool; the registry and the mirrors are not at fault."
        if right
        else None,
    )


RULE = Rule(
    code="size-mismatch",
    title="content has the size of its descriptor",
    severity=Severity.ERROR,
    spec="OCI image-spec, descriptor (size; content that differs should be rejected); distribution-spec 1.1, Pulling blobs",
    meaning="A manifest tells the size of everything that it names, and clients refuse content of another size before they"
    " hash it. Here a body came whole, as its server believes, and is longer or shorter than announced.",
    says=(
        ("containerd", "failed size validation: A != B: failed precondition"),
        ("crane", "Content-Length header A does not match expected size B"),
        (
            "docker",
            "filesystem layer verification failed for digest sha256:… (docker does not check sizes, hashes it does)",
        ),
        ("podman", "Digest did not match, expected sha256:…, got sha256:…"),
    ),
    confused_with="body-truncated (the server had announced more than it sent), content-encoding (compressed on the way).",
    cause="A cut or empty file in a cache that is served as if it were whole, or an error page kept as a blob.",
    remedy="Purge this digest from the mirror's cache; let the mirror store only what it has received whole and verified.",
    check=check,
    bad=(*HEALTHY[:-1], replace(cdn(LAYER), body=LAYER[:100])),
    good=HEALTHY,
)
