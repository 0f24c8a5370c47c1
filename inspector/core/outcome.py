"""How a pull ended, told by the traffic (report-json.md, "outcome").

Knows: the steps of one pull, and what came of each digest. Must not know: findings.
"""

import re

from inspector.core.draft import Draft
from inspector.core.graph import layers_fetched
from inspector.core.pull import Content, Outcome, Stage, Step
from inspector.core.roles import Roles
from inspector.wire.document import foreign_type
from inspector.wire.mediatypes import base_type
from inspector.wire.useragent import Product

# Tools that look at images without running them; with these a pull without layers was an inspection.
_INSPECTORS = frozenset({"skopeo", "crane", "regclient", "regctl", "curl", "wget"})
# Daemons that never fetch an index only to look at it.
_RUNTIMES = frozenset({"docker", "containerd"})
_MAJOR_MINOR = re.compile(r"(\d{1,4})\.(\d{1,4})")
_IMAGES_ONLY = frozenset({"docker", "containers", "podman", "cri-o"})
# Who shows the head of an answer, whatever stands in it.
_SHOWS_HEADS = frozenset({"curl", "wget", "regclient", "regctl"})
# Who gives up a HEAD without Content-Length (catalogue part 2); containerd and its like go on with GET.
_NEED_LENGTH = frozenset({"docker", "crane", "go-containerregistry", "kaniko", "oras", "oras-go"})
_LOOKED_AT = (
    (Stage.SEARCH, Outcome.SEARCHED),
    (Stage.TAGS, Outcome.INSPECTED),
    (Stage.CATALOG, Outcome.INSPECTED),
)
# What a manifest may not be served as: every client of catalogue.md's part 2 refuses or misreads these.
_NO_MANIFEST = frozenset({"text/plain", "text/html", "application/json", "application/octet-stream"})
_ANSWERS = frozenset({Stage.RESOLVE, Stage.MANIFEST, Stage.BLOB})
# Content whose absence stops nobody (catalogue.md, rule 9).
_OPTIONAL = frozenset({Content.ATTESTATION, Content.SIGNATURE})


def outcome(draft: Draft, steps: list[Step], roles: Roles, known: dict[str, str]) -> Outcome:
    """The outcome of a pull, push, login, search or look-up."""
    told = _by_exchanges(draft, steps, roles, known)
    if told is Outcome.INCOMPLETE and not any(step.exchange.open for step in steps):
        # What was offered was taken up after all, if the client went there and the connection failed.
        tried = any((event.host or "").lower() in draft.named_hosts for event in draft.broken)
        return Outcome.FAILED if tried else told
    return told


def _by_exchanges(draft: Draft, steps: list[Step], roles: Roles, known: dict[str, str]) -> Outcome:
    if draft.pushing:
        return _of_push(draft, steps)
    if not draft.has_reference:
        return _without_reference(steps, known)
    resolving = [s for s in steps if _about_reference(s, draft)]
    served = [s for s in resolving if s.exchange.served]
    if not served:
        return _unresolved(steps)
    if any(s.exchange.open for s in steps):
        return Outcome.INCOMPLETE
    if all(_is_page(s) for s in served):
        return Outcome.FAILED  # whatever was asked for on the strength of it
    needed = [
        s for s in steps if s.content not in _OPTIONAL and s.stage not in (Stage.SIGNATURE, Stage.REFERRERS)
    ]
    verdict = _broken(needed, known, roles)
    if verdict is not None:
        return verdict
    if layers_fetched(needed, known, roles.layers):
        return Outcome.COMPLETE
    return _without_layers(draft, needed, roles)


def _about_reference(step: Step, draft: Draft) -> bool:
    """Whether a step asked for the reference itself, or was sent on from one that did."""
    if step.stage not in (Stage.RESOLVE, Stage.MANIFEST, Stage.CDN, Stage.SIGNATURE, Stage.REFERRERS):
        return False
    route = step.exchange.route
    if route is not None and route.kind == "manifest":
        return route.reference in (draft.tag, draft.asked_digest)
    return step.content in (Content.INDEX, Content.MANIFEST)


def _of_push(draft: Draft, steps: list[Step]) -> Outcome:
    if draft.pushed or any(_manifest_put(s) and s.exchange.ok for s in steps):
        return Outcome.PUSHED
    if any(s.exchange.open for s in steps):
        return Outcome.INCOMPLETE
    last = steps[-1]
    return Outcome.INCOMPLETE if last.exchange.ok else Outcome.FAILED


def _manifest_put(step: Step) -> bool:
    route = step.exchange.route
    return step.exchange.method == "PUT" and route is not None and route.kind == "manifest"


def _without_reference(steps: list[Step], known: dict[str, str]) -> Outcome:
    stages = {step.stage for step in steps}
    last = steps[-1].exchange
    if last.open:
        return Outcome.INCOMPLETE
    for stage, good in _LOOKED_AT:
        if stage in stages:
            final = [s for s in steps if s.stage is stage][-1].exchange
            return good if final.ok and steps[-1].stage is not Stage.CHALLENGE else Outcome.FAILED
    if known:
        return (
            Outcome.FAILED if "failed" in known.values() or "partial" in known.values() else Outcome.COMPLETE
        )
    return _login(steps)


def _login(steps: list[Step]) -> Outcome:
    """Ping, challenge and token only. With a credential it is a login, without one nothing came of it."""
    last = steps[-1]
    presented = any(s.exchange.credential or s.exchange.token_request.grant_type for s in steps)
    if last.stage is Stage.CHALLENGE and not last.exchange.credential:
        return Outcome.INCOMPLETE
    if not last.exchange.ok:
        return Outcome.FAILED
    if last.stage is Stage.PING:
        page = base_type(last.exchange.response_header("content-type")) == "text/html" and last.size != 0
        return Outcome.FAILED if page else Outcome.LOGIN
    if _without_token(last):
        return Outcome.FAILED
    return Outcome.LOGIN if presented else Outcome.INCOMPLETE


def _without_token(step: Step) -> bool:
    """A token service's answer in which there is none: nothing that a client could take up."""
    answer, body = step.exchange.token_answer, step.exchange.response_body
    if step.stage is not Stage.TOKEN:
        return False
    if body is not None and body.size == 0 and body.complete is True:
        return True
    return answer is not None and not (answer.token or answer.access_token)


def _unresolved(steps: list[Step]) -> Outcome:
    """The reference was never had: refused, or left alone, or the capture ends first."""
    if any(step.exchange.open for step in steps):
        return Outcome.INCOMPLETE
    content = [s for s in steps if s.stage is not Stage.PING or not s.exchange.ok] or steps
    return Outcome.INCOMPLETE if _left_alone(content[-1], steps) else Outcome.FAILED


def _left_alone(step: Step, steps: list[Step]) -> bool:
    """Whether a step is an offer (a challenge without credentials sent, a redirect, a token) that nobody took up."""
    if any(later.follows == step.n for later in steps):  # asked of one step only
        return False
    if step.stage is Stage.CHALLENGE:
        return step.exchange.credential is None
    if step.stage is Stage.TOKEN:
        return step.exchange.ok and not _without_token(step)
    return step.stage is Stage.REDIRECT


def _broken(needed: list[Step], known: dict[str, str], roles: Roles) -> Outcome | None:
    """Whether something that was needed did not come in the end; None when all of it did."""
    digests = {step.digest for step in needed} - _taken_by_tag(needed, roles)
    if any(state in ("failed", "partial") for digest, state in known.items() if digest in digests):
        return Outcome.FAILED
    followed = {s.follows for s in needed}
    dangling = [
        s
        for s in needed
        if s.stage in (Stage.REDIRECT, Stage.CHALLENGE)
        and s.n not in followed
        and s.digest is not None
        and known.get(s.digest) != "fetched"
        and s.exchange.method == "GET"
    ]
    if any(s.stage is Stage.CHALLENGE and s.exchange.credential for s in dangling):
        return Outcome.FAILED
    if any(s.stage is Stage.REDIRECT and s.exchange.location is None for s in dangling):
        return Outcome.FAILED  # it leads nowhere: nothing was offered
    if dangling:
        return Outcome.INCOMPLETE
    return Outcome.FAILED if needed and _probed_in_vain(needed[-1], known) else None


def _probed_in_vain(last: Step, known: dict[str, str]) -> bool:
    """A HEAD of a blob that was refused, and nothing after it. That a blob is not there may be what was to be learned."""
    if last.exchange.method != "HEAD" or last.stage not in (Stage.BLOB, Stage.CDN):
        return False
    status = last.exchange.status
    return (status is None or (status >= 400 and status != 404)) and known.get(last.digest or "") != "fetched"


def _taken_by_tag(needed: list[Step], roles: Roles) -> set[str | None]:
    """What came for a tag under a digest that is not its own, and was taken all the same: its parts were asked for."""
    wrong = [
        s for s in needed if s.verified is False and s.exchange.route is not None and s.exchange.route.is_tag
    ]
    asked = {s.digest for s in needed} if wrong else set()
    return {s.digest for s in wrong if asked & _parts(roles, s.digest)}


def _parts(roles: Roles, digest: str | None) -> set[str | None]:
    document = roles.documents.get(digest or "")
    named = [document.config, *document.layers, *document.manifests] if document is not None else []
    return {one.digest for one in named if one is not None and one.digest}


def _unreadable(needed: list[Step]) -> bool:
    """Whether the last that came is a page, or a body that is no manifest, where a manifest was asked for."""
    last = next((s for s in reversed(needed) if s.exchange.ok and s.stage in _ANSWERS), None)
    if last is None or last.stage is Stage.BLOB:
        return False
    if _is_page(last):
        return True
    body = last.exchange.response_body
    kept = last.exchange.status == 200 and body is not None and body.document is not None
    return last.stage is Stage.MANIFEST and kept and last.exchange.document is None


def _is_page(step: Step) -> bool:
    kind = base_type(step.exchange.response_header("content-type"))
    return kind == "text/html" and step.exchange.document is None


def _keeps_images_only(product: Product) -> bool:
    """podman keeps other artifacts too since 5.4, whose image library is 5.34: of those the traffic is that of a re-pull."""
    found = _MAJOR_MINOR.match(product.version or "") if product.name == "containers" else None
    artifacts = found is not None and (int(found[1]), int(found[2])) >= (5, 34)
    return product.name in _IMAGES_ONLY and not product.cli and not artifacts


def _unusable(draft: Draft, last: Step) -> bool:
    """A HEAD of a tag that does not tell what the tag stands for, and nothing after it: the client gave up there."""
    exchange, route = last.exchange, last.exchange.route
    if last.stage is not Stage.RESOLVE or exchange.status != 200 or draft.product.name in _SHOWS_HEADS:
        return False
    if route is not None and route.is_tag and not exchange.response_header("docker-content-digest"):
        return True
    strict = draft.product.name in _NEED_LENGTH and "containerd-client/" not in (draft.product.raw or "")
    return strict and exchange.response_header("content-length") is None


def _without_layers(draft: Draft, needed: list[Step], roles: Roles) -> Outcome:
    """No layer came: up to date, looked at, or not accepted."""
    if _unreadable(needed):
        return Outcome.FAILED
    read = [s for s in needed if s.stage in (Stage.MANIFEST, Stage.CDN) and s.digest in roles.documents]
    runtime = draft.product.name in _RUNTIMES and not draft.product.cli
    quiet = (
        Outcome.INSPECTED if draft.product.cli or draft.product.name in _INSPECTORS else Outcome.UP_TO_DATE
    )
    if not read:
        return Outcome.FAILED if needed and _unusable(draft, needed[-1]) else quiet
    last = read[-1]
    blobs = any(s.content in (Content.CONFIG, Content.LAYER) for s in needed)
    if blobs:
        return quiet
    if (
        last.verified is False
        or base_type(last.exchange.response_header("content-type") or "") in _NO_MANIFEST
    ):
        return Outcome.FAILED
    if last.content is Content.INDEX:
        return Outcome.FAILED if runtime else Outcome.INSPECTED
    document = roles.documents[last.digest or ""]
    if document.kind == "schema1" and runtime:
        return Outcome.FAILED
    if _keeps_images_only(draft.product) and foreign_type(document) is not None:
        return Outcome.FAILED  # this cannot be there already
    return quiet
