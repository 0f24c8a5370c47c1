"""media-type-mismatch: a manifest's Content-Type is not what the document, its parent or the client's Accept says."""

from msgspec.structs import replace

from inspector.core.events import header_all
from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import is_html, saw, saw_header
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, INDEX, fetch
from inspector.wire.digest import parse_digest
from inspector.wire.mediatypes import OCI_INDEX, accepts, base_type

GENERIC = frozenset({"text/plain", "application/json", "application/octet-stream", "binary/octet-stream"})

_STATIC = (
    "Keep the upstream's Content-Type with each manifest: nginx: no `proxy_hide_header Content-Type;`, no `add_header Content-Type`."
    " Without an upstream the type of each file is configured: nginx: `default_type {};` in its location."
)


def check(case: Case) -> Verdict:
    """Every 200 to GET or HEAD of a manifest."""
    answered = [
        step
        for step in case.at(Stage.RESOLVE, Stage.MANIFEST)
        if step.exchange.status == 200 and not is_html(step)
    ]
    if not answered:
        return NOT_APPLICABLE
    by_host: dict[str, list[tuple[Step, Evidence]]] = {}
    for step in answered:
        for piece in _wrong(step):
            by_host.setdefault(step.exchange.host, []).append((step, piece))
    return [_finding(host, found) for host, found in by_host.items()] or PASSED


def _wrong(step: Step) -> list[Evidence]:
    """The catalogue's (a) to (d); a document without mediaType is legal in OCI, and parameters do not count."""
    exchange = step.exchange
    told = base_type(exchange.response_header("content-type"))
    if not told:
        return []
    found: list[Evidence] = []
    document = exchange.document
    if document is not None and document.media_type and base_type(document.media_type) != told:
        found.append(saw(step, f"mediaType in the document: {document.media_type}"))
    accept = header_all(exchange.request.headers, "accept")
    if accept and not accepts(accept, told):
        found.append(saw(step, f"accept: {', '.join(accept)}"))
    # A descriptor that shares the digest is the same content only when it was asked for by digest.
    expected = step.expected.media_type if step.expected is not None and _by_digest(step) else None
    if expected and base_type(expected) != told:
        found.append(saw(step, f"mediaType in the descriptor: {expected}"))
    if not found and told in GENERIC:
        found.append(saw(step, "no media type of a manifest"))
    return [saw_header(step, "content-type"), *found] if found else []


def _by_digest(step: Step) -> bool:
    route = step.exchange.route
    return route is not None and parse_digest(route.reference or "") is not None


def _finding(host: str, found: list[tuple[Step, Evidence]]) -> Finding:
    told = base_type(found[0][0].exchange.response_header("content-type"))
    static = told in GENERIC
    own = next(
        (doc.media_type for step, _ in found if (doc := step.exchange.document) and doc.media_type), None
    )
    return RULE.finding(
        f"{host} sends a manifest as {told}, which it is not",
        [piece for _, piece in found],
        cause=None if static else "The registry or a proxy on the way names another type than the document has.",
        remedy=_STATIC.format(own or OCI_INDEX) if static else "Let the mirror pass the upstream's Content-Type on unchanged, and"
        " keep it with the cached document.",
    )  # fmt: skip


RULE = Rule(
    code="media-type-mismatch",
    title="a manifest's Content-Type is its own and was accepted",
    severity=Severity.ERROR,
    spec="OCI distribution-spec 1.1, Pulling manifests (Content-Type should match mediaType; the client should reject otherwise)",
    meaning="A client decides by Content-Type whether it got an index, an image manifest or something else. Here the type is"
    " not that of the document, not one that the client accepts, or not the one that the parent index names. docker and oras"
    " stop; containerd takes the type from HEAD and may go on.",
    says=(
        ("docker", "unsupported manifest media type and no default available: application/json"),
        ("docker 20.10", "missing signature key"),
        ("oras", "mismatch response Content-Type"),
        ("containerd", "unexpected media type text/plain for sha256:…: not found"),
    ),
    confused_with="html-answer (the body is a page), schema1 (the type is right and too old).",
    cause="A static file server, object store or cache that does not know the type and sends its default.",
    remedy=_STATIC.format(OCI_INDEX),
    check=check,
    bad=(
        *HEALTHY[:3],
        replace(fetch(INDEX, "application/json"), give=("content-type: application/json",)),
    ),
    good=HEALTHY,
)
