"""The content graph of a pull: index -> manifest -> config and layers, with what came of each.

Knows: the pull's steps and documents. Must not know: outcomes, findings.
Each digest is one node, however many parents name it, so a graph that is cyclic or diamond-shaped ends.
Of a document that names very many (an index may hold 100,000) those that were asked for are kept, and the first ones.
"""

from inspector.core.pull import Content, Node, Stage, Step
from inspector.core.roles import Roles
from inspector.wire.ranges import parse_content_range

MOST_CHILDREN = 256
MOST_NODES = 4096

_DELIVERING = frozenset({Stage.MANIFEST, Stage.BLOB, Stage.CDN, Stage.SIGNATURE, Stage.REFERRERS})


def states(steps: list[Step]) -> dict[str, str]:
    """Digest -> ``fetched``, ``partial`` or ``failed``, for everything that a GET asked for; the last answer counts.

    What came in parts is fetched when nothing of it failed, or when the parts make it whole.
    """
    found: dict[str, str] = {}
    lacking: set[str] = set()
    untold: set[str] = set()  # how much of these came is not known: nothing can be said against them
    parts: dict[str, list[tuple[int, int]]] = {}
    totals: dict[str, int] = {}
    for step in steps:
        if step.digest is None or step.exchange.method != "GET":
            continue
        state = _state(step)
        if state is None:
            continue
        if state != "fetched":
            lacking.add(step.digest)
        if not (found.get(step.digest) == "fetched" and state != "fetched"):
            found[step.digest] = state
        part = _part(step)
        if part is None and state == "partial":
            untold.add(step.digest)
        if part is not None:
            parts.setdefault(step.digest, []).append(part[:2])
            totals[step.digest] = part[2] or totals.get(step.digest, 0)
        elif state == "fetched":
            lacking.discard(step.digest)
            parts.pop(step.digest, None)
    for digest in (lacking & parts.keys()) - untold:
        if found[digest] == "fetched" and totals[digest] and not _covered(parts[digest], totals[digest]):
            found[digest] = "partial"
    return found


def _part(step: Step) -> tuple[int, int, int] | None:
    """First byte, the byte behind the last one that came, and the whole size (0: not told) of an answer in part."""
    exchange = step.exchange
    if exchange.status == 200 and not exchange.ok and step.size:
        return 0, step.size, 0
    if exchange.status != 206:
        return None
    told = parse_content_range(exchange.response_header("content-range") or "")
    if told is None or told.first is None or told.last is None:
        return None
    if step.size is None and not exchange.ok:
        return None
    came = told.last - told.first + 1 if step.size is None else step.size
    return told.first, told.first + came, told.total or 0


def _covered(parts: list[tuple[int, int]], total: int) -> bool:
    reached = 0
    for first, behind in sorted(parts):
        if first > reached:
            return False
        reached = max(reached, behind)
    return reached >= total


def _state(step: Step) -> str | None:
    exchange = step.exchange
    if step.stage is Stage.REDIRECT or exchange.status == 304:
        return None  # what it leads to decides; or the client has it already
    if step.stage is Stage.CHALLENGE and exchange.credential is None and exchange.route is not None:
        return None  # an offer, no refusal
    if exchange.ok and step.stage in _DELIVERING:
        return "failed" if step.verified is False else "fetched"
    if exchange.status in (200, 206) and step.stage in _DELIVERING:
        return "partial"
    return "failed"


def build(root: str | None, roles: Roles, steps: list[Step], known: dict[str, str]) -> Node | None:
    """The tree from ``root`` down; None when nothing is known of it."""
    asked: dict[str, list[int]] = {}
    for step in steps:
        if step.digest is not None:
            asked.setdefault(step.digest, []).append(step.n)
    if root is None or (root not in asked and root not in roles.documents):
        return None
    nodes: dict[str, Node] = {}
    top = nodes[root] = _node(root, roles, known, asked)
    todo = [top]
    while todo and len(nodes) < MOST_NODES:
        parent = todo.pop()
        for digest in _children(parent, asked):
            if digest not in nodes:
                nodes[digest] = _node(digest, roles, known, asked)
                parent.children.append(nodes[digest])
                todo.append(nodes[digest])
    return top


def _node(digest: str, roles: Roles, known: dict[str, str], asked: dict[str, list[int]]) -> Node:
    role = roles.by_digest.get(digest)
    return Node(
        digest=digest,
        content=roles.content(digest),
        descriptor=role.descriptor if role else None,
        document=roles.documents.get(digest),
        state=known.get(digest, "not-asked"),
        steps=asked.get(digest, []),
    )


def _children(parent: Node, asked: dict[str, list[int]]) -> list[str]:
    document = parent.document
    if document is None:
        return []
    named = [document.config, *document.layers, *document.manifests]
    digests = [descriptor.digest for descriptor in named if descriptor is not None and descriptor.digest]
    if len(digests) <= MOST_CHILDREN:
        return digests
    return [d for d in digests if d in asked] + [d for d in digests if d not in asked][:MOST_CHILDREN]


def layers_fetched(steps: list[Step], known: dict[str, str], layers: set[str]) -> int:
    """How many blobs that are no mere config (layers, or blobs that no known manifest names) came whole.

    ``layers``: what some manifest names as a layer. An artifact may have one empty blob as config and as layer.
    """
    counted = {
        step.digest
        for step in steps
        if step.digest is not None
        and step.stage in (Stage.BLOB, Stage.CDN)
        and (step.content in (Content.LAYER, None) or step.digest in layers)
        and step.exchange.method == "GET"
        and known.get(step.digest) == "fetched"
    }
    return len(counted)
