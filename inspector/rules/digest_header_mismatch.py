"""digest-header-mismatch: Docker-Content-Digest names another content than the one asked for or delivered."""

from msgspec.structs import replace

from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import is_html, saw, saw_header, short
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, INDEX, fetch
from inspector.wire.digest import Digest, parse_digest
from inspector.wire.mediatypes import DOCKER_LIST, kind_of

HEADER = "docker-content-digest"


def check(case: Case) -> Verdict:
    """Every announced sha256 of a manifest against the digest asked for and against the body."""
    announced = [
        (step, digest)
        for step in case.at(Stage.RESOLVE, Stage.MANIFEST)
        if (digest := announced_by(step)) is not None
    ]
    if not announced:
        return NOT_APPLICABLE
    by_host: dict[str, list[tuple[Step, Evidence]]] = {}
    for step, digest in announced:
        wrong = _wrong(step, digest)
        if wrong is not None:
            by_host.setdefault(step.exchange.host, []).append((step, wrong))
    return [_finding(host, found) for host, found in by_host.items()] or PASSED


def announced_by(step: Step) -> Digest | None:
    """The digest that a 200 answer announces, where it can be compared: sha256, and no schema 1."""
    exchange = step.exchange
    if (
        exchange.status != 200
        or kind_of(exchange.response_header("content-type")) == "schema1"
        or is_html(step)
    ):
        return None
    if exchange.document is not None and exchange.document.kind == "schema1":
        return None
    digest = parse_digest(exchange.response_header(HEADER) or "")
    return digest if digest is not None and digest.algorithm == "sha256" else None


def _wrong(step: Step, announced: Digest) -> Evidence | None:
    """What the header contradicts. Where it is the digest asked for and only the body differs, it is not the header."""
    exchange = step.exchange
    route = exchange.route
    asked = parse_digest(route.reference or "") if route is not None and route.is_digest else None
    if asked is not None and asked.algorithm == announced.algorithm:
        return saw(step, f"asked for {asked}") if asked != announced else None
    body = exchange.response_body
    encoded = (exchange.response_header("content-encoding") or "identity").lower() != "identity"
    if exchange.method != "GET" or body is None or encoded or not exchange.whole or body.complete is not True:
        return None
    if body.decoded_sha256 is None or announced.hex in (body.decoded_sha256, body.sha256):
        return None
    return saw(step, f"the body is sha256:{body.decoded_sha256}")


def _finding(host: str, found: list[tuple[Step, Evidence]]) -> Finding:
    evidence = [piece for step, wrong in found for piece in (saw_header(step, HEADER), wrong)]
    first = found[0][0]
    return RULE.finding(
        f"{host} announces {short(first.exchange.response_header(HEADER))}, and that is not what was asked for or delivered",
        evidence,
    )


RULE = Rule(
    code="digest-header-mismatch",
    title="Docker-Content-Digest fits what was asked and delivered",
    severity=Severity.ERROR,
    spec="OCI distribution-spec 1.1, Pulling manifests (a client that uses the header must verify it)",
    meaning="The registry says in Docker-Content-Digest which content it delivers. Here the header names another content than"
    " the URL asks for, or than the body is. Clients that trust the header pin the wrong digest; clients that check it refuse.",
    says=(
        ("crane", 'manifest digest: "sha256:A" does not match requested digest: "sha256:B"'),
        ("containerd", "unexpected commit digest sha256:A, expected sha256:B: failed precondition"),
        ("docker", "manifest verification failed for digest sha256:…"),
    ),
    confused_with="digest-mismatch (the header is right, the body is not), tag-moved (both were right, one after the other).",
    cause="The header belongs to another representation of the content: a cache keeps head and body apart, or converts the body.",
    remedy="Let the mirror pass Docker-Content-Digest on together with the very body that it came with, or not at all.",
    check=check,
    bad=(
        *HEALTHY[:3],
        replace(
            fetch(INDEX, DOCKER_LIST), give=(f"content-type: {DOCKER_LIST}", f"{HEADER}: sha256:{'ab' * 32}")
        ),
    ),
    good=HEALTHY,
)
