"""digest-mismatch: a whole body is not the content that was asked for by digest."""

from msgspec.structs import replace

from inspector.core.finding import Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import count, is_html, saw, short
from inspector.rules.rule import NOT_APPLICABLE, PASSED, CannotTell, Rule, Verdict
from inspector.rules.sample import HEALTHY, LAYER, cdn
from inspector.wire.mediatypes import kind_of

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def check(case: Case) -> Verdict:
    """Every whole 200 body against the digest of its URL, or of the redirect that led to it."""
    fetched = [step for step in case.steps if _by_digest(case, step) and step.exchange.status == 200]
    if not fetched:
        return NOT_APPLICABLE
    wrong = [step for step in fetched if step.verified is False and not _explained(step)]
    if wrong:
        return _findings(case, wrong)
    if any(step.verified for step in fetched):
        return PASSED
    return CannotTell("no body came whole with its hash")


def _by_digest(case: Case, step: Step) -> bool:
    """Asked for by digest: a body by tag is a matter of the announced digest."""
    if step.exchange.method != "GET" or step.stage not in (
        Stage.MANIFEST,
        Stage.BLOB,
        Stage.CDN,
        Stage.SIGNATURE,
    ):
        return False
    route = step.exchange.route
    if step.stage is Stage.CDN or route is None:
        cause = case.before(step)
        route = cause.exchange.route if cause is not None else None
        return route is None or not route.is_tag
    return route.is_digest


def _explained(step: Step) -> bool:
    """Not bytes gone wrong: a page, an undone encoding, or schema 1, whose digest leaves the signature out."""
    coding = step.exchange.response_header("content-encoding")
    schema1 = kind_of(step.exchange.response_header("content-type")) == "schema1"
    return is_html(step) or schema1 or (coding is not None and coding.lower() != "identity")


def _findings(case: Case, wrong: list[Step]) -> list[Finding]:
    by_host: dict[str, list[Step]] = {}
    for step in wrong:
        by_host.setdefault(step.exchange.host, []).append(step)
    return [_finding(case, host, steps) for host, steps in by_host.items()]


def _finding(case: Case, host: str, steps: list[Step]) -> Finding:
    first = steps[0]
    got = _hash(first)
    what = first.content.value if first.content else "content"
    evidence = []
    for step in steps:
        asked = case.before(step) if step.stage is Stage.CDN else None
        if asked is not None:
            evidence.append(saw(asked, f"asked for {step.digest}"))
        evidence.append(saw(step, f"the body is sha256:{_hash(step)}, asked for was {step.digest}"))
    empty = " (the empty body)" if got == EMPTY else ""
    others = len({step.digest for step in steps}) - 1
    more = f"; {count(others, 'other')} as well" if others else ""
    return RULE.finding(
        f"the {what} {short(first.digest)} from {host} is not what its digest says: it hashes to {got[:12]}{empty}{more}",
        evidence,
        cause=f"{host} holds an empty file under this digest: a failed download that was kept."
        if got == EMPTY
        else None,
    )


def _hash(step: Step) -> str:
    body = step.exchange.response_body
    return step.exchange.wrong_content or (body.decoded_sha256 if body else None) or "?"


RULE = Rule(
    code="digest-mismatch",
    title="content hashes to the digest asked for",
    severity=Severity.ERROR,
    spec="OCI distribution-spec 1.1, Pulling manifests and Pulling blobs; image-spec descriptor, Verification",
    meaning="A digest is the content's own name. Here a whole body came, and it hashes to another name: these are other bytes"
    " than the ones that the manifest promises. Every client refuses them. Somebody between the original registry and the"
    " client changed or damaged the content: mostly a cache that kept a bad file, seldom an attacker.",
    says=(
        ("docker", "filesystem layer verification failed for digest sha256:…"),
        ("docker", "image config verification failed for digest sha256:…"),
        (
            "containerd",
            'failed commit on ref "layer-sha256:…": unexpected commit digest sha256:A, expected sha256:B: failed precondition',
        ),
        ("podman", "Digest did not match, expected sha256:…, got sha256:…"),
    ),
    confused_with="body-truncated (the body broke off: then nothing is said of its hash), content-encoding (a proxy compressed"
    " it), digest-header-mismatch (the body is right and the announced digest is not).",
    cause="A corrupt entry in a cache, a document that was written anew on the way, an error page kept as a blob, or tampering.",
    remedy="Purge this digest from the mirror or the CDN and pull again; let the mirror verify content before it stores it.",
    check=check,
    bad=(*HEALTHY[:-1], replace(cdn(LAYER), body=LAYER.replace(b"bytes", b"bites"))),
    good=HEALTHY,
)
