"""digest-header-missing: a manifest came without Docker-Content-Digest."""

from msgspec.structs import replace

from inspector.core.finding import Confidence, Severity
from inspector.core.pull import Outcome, Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import count, is_html, saw_header
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, resolve
from inspector.wire.mediatypes import DOCKER_LIST

HEADER = "docker-content-digest"
_STRICT = frozenset({"crane", "go-containerregistry", "kaniko", "oras"})
"""Clients that give up a HEAD without the header (catalogue part 2); the others GET and hash."""


def check(case: Case) -> Verdict:
    """Every 200 to GET or HEAD of a manifest."""
    answered = [step for step in case.at(Stage.RESOLVE, Stage.MANIFEST) if step.exchange.status == 200]
    if not answered:
        return NOT_APPLICABLE
    bare = [step for step in answered if step.exchange.response_header(HEADER) is None and not is_html(step)]
    if not bare:
        return PASSED
    severity = _severity(case, bare)
    host = bare[0].exchange.host
    return [
        RULE.finding(
            f"{host} sends manifests without Docker-Content-Digest ({count(len(bare), 'answer')})",
            [saw_header(step, HEADER) for step in bare],
            severity=severity,
            confidence=Confidence.IMPLIED if severity is Severity.ERROR else Confidence.PROVED,
        )
    ]


def _severity(case: Case, bare: list[Step]) -> Severity:
    if all(case.allowed.relaxed(step.exchange.host, RULE.code) for step in bare):
        return Severity.NOTE
    last = case.steps[-1]
    head = last in bare and last.exchange.method == "HEAD"
    if head and case.pull.outcome is Outcome.FAILED and case.client in _STRICT:
        return Severity.ERROR
    cost = any(
        step.exchange.method == "HEAD" and step.n < other.n and other.exchange.method == "GET"
        and other.exchange.request.url == step.exchange.request.url
        for step in bare[:4]
        for other in case.at(Stage.MANIFEST)
    )  # fmt: skip
    return Severity.WARNING if cost else Severity.NOTE


RULE = Rule(
    code="digest-header-missing",
    title="manifests come with Docker-Content-Digest",
    severity=Severity.NOTE,
    spec="OCI distribution-spec 1.1, Pulling manifests (SHOULD; MUST in its main)",
    meaning="A client that asks for a tag with HEAD learns from Docker-Content-Digest what the tag stands for. Without the"
    " header docker and containerd fetch the whole manifest to hash it, one request more, which Docker Hub counts; crane and"
    " oras give up.",
    says=(
        ("crane", "response did not include Docker-Content-Digest header"),
        ("oras", 'HTTP HEAD request missing required header "Docker-Content-Digest"'),
        ("docker", "nothing: it fetches the manifest and hashes it"),
        ("containerd", "nothing: it fetches the manifest and hashes it"),
    ),
    confused_with="digest-header-mismatch (it is there, and wrong). On blobs, redirects and a CDN's answers it is not expected.",
    cause="A static file server or a proxy that passes only some headers.",
    remedy="Pass the header on: nginx: no `proxy_hide_header Docker-Content-Digest;`, without which it does so by itself; a"
    " Worker must copy all headers of the upstream's answer; a static server needs it configured for each file.",
    check=check,
    bad=(*HEALTHY[:2], replace(resolve(), give=(f"content-type: {DOCKER_LIST}",)), *HEALTHY[3:]),
    good=HEALTHY,
)
