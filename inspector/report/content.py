"""The content tree: index, platform manifests, config and layers, and what became of each.

Knows: the pull's graph. Must not know: how it was put together. A node that was not asked for is told apart by where it
stands: another platform was skipped, a layer of the chosen manifest was already there, a failed pull never got to it.
"""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from inspector.core.pull import Content, Node, Outcome, Pull, Stage
from inspector.report.lines import Lines, crop, pad, safe
from inspector.report.style import BAD, DOT, FAILED, FAINT, GOOD, OK, OPEN, STRONG, WARN
from inspector.report.units import count, size
from inspector.report.wording import platform
from inspector.wire.digest import short

_STATES = {
    "fetched": (OK, GOOD, "fetched"),
    "failed": (FAILED, BAD, "failed"),
    "partial": (OPEN, WARN, "partial"),
}
_GONE_WELL = frozenset({Outcome.COMPLETE, Outcome.UP_TO_DATE})
MOST = 400  # nodes drawn


class ContentTree(Lines):
    """The tree of a pull, one line a node."""

    def __init__(self, pull: Pull) -> None:
        self.pull = pull

    def lines(self, width: int) -> Iterator[Text]:
        """Root first, children in the order in which their parent names them."""
        yield Text.assemble(("Content", STRONG))
        root = self.pull.root
        if root is None:
            yield Text("  No manifest was read.", style=FAINT)
            return
        drawn = list(self._walk(root))
        rows = [
            (lead, self._named(node, parent, place), node, parent)
            for lead, node, parent, place in drawn[:MOST]
        ]
        name = max(cell_len(lead) + cell_len(text) for lead, text, _, _ in rows)
        name = min(name, width - 46 if width >= 80 else width // 2)
        for lead, text, node, parent in rows:
            yield self._line(lead, text, node, parent, name, width)
        if len(drawn) > MOST:
            yield Text(f"  … {len(drawn) - MOST:,} more", style=FAINT)
        yield from self._sum(drawn)

    def _walk(self, root: Node) -> Iterator[tuple[str, Node, Node | None, str]]:
        """(lines to the left, node, parent, place among its kind), without recursion: a graph may be deep."""
        waiting: list[tuple[str, str, Node, Node | None, str]] = [("", "", root, None, "")]
        while waiting:
            lead, below, node, parent, place = waiting.pop()
            yield lead, node, parent, place
            layers = [child for child in node.children if child.content is Content.LAYER]
            numbers = {id(child): f" {at}/{len(layers)}" for at, child in enumerate(layers, 1)}
            for at, child in reversed(list(enumerate(node.children))):
                last = at == len(node.children) - 1
                waiting.append((
                    below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "), child, node, numbers.get(id(child), ""),
                ))  # fmt: skip

    def _named(self, node: Node, parent: Node | None, place: str) -> str:
        where = platform(node.descriptor)
        word = str(node.content or "manifest")
        if where and node.content is Content.MANIFEST:
            word = where
        elif node.content is Content.ATTESTATION and parent is not None and parent.content is Content.INDEX:
            word = "attestation"
        return safe(f"{word}{place}")

    def _state(self, node: Node, parent: Node | None) -> tuple[str, str, str]:
        if node.state in _STATES:
            return _STATES[node.state]
        if parent is not None and parent.content is Content.INDEX:
            return "–", FAINT, "skipped"
        if parent is not None and parent.state != "fetched":
            return "–", FAINT, "skipped"
        if self.pull.outcome in _GONE_WELL:
            return DOT, GOOD, "already there"
        if self.pull.outcome is Outcome.INSPECTED:
            return "–", FAINT, "not needed"
        return OPEN, WARN, "not reached"

    def _line(self, lead: str, text: str, node: Node, parent: Node | None, name: int, width: int) -> Text:
        symbol, style, word = self._state(node, parent)
        described = node.descriptor.size if node.descriptor else None
        known = described if described is not None else next(
            (self.pull.step(n).size for n in node.steps if self.pull.step(n).exchange.method == "GET"), None)  # fmt: skip
        faint = FAINT if symbol == "–" else ""
        line = Text.assemble(
            "  ", (lead, FAINT), (pad(text, max(name - cell_len(lead), 6)), faint), "  ", (pad(short(node.digest), 12), faint), " ",
            (pad(size(known), 7, right=True), faint), "  ", (f"{symbol} {word}", style),
        )  # fmt: skip
        tail = self._tail(node)
        line.append(crop(tail, max(0, width - cell_len(line.plain))), FAINT)
        return line

    def _tail(self, node: Node) -> str:
        gets = [
            n
            for n in node.steps
            if self.pull.step(n).exchange.method == "GET" and self.pull.step(n).stage is not Stage.REDIRECT
        ]
        verified = {self.pull.step(n).verified for n in gets}
        said = "verified" if True in verified else "differs" if False in verified else ""
        steps = (
            f"step {gets[0]}"
            if len(gets) == 1
            else f"steps {', '.join(map(str, gets[:4]))}{'…' if len(gets) > 4 else ''}"
            if gets
            else ""
        )
        return "".join(f" · {part}" for part in (said, steps) if part)

    def _sum(self, drawn: list[tuple[str, Node, Node | None, str]]) -> Iterator[Text]:
        groups: dict[str, list[Node]] = {}
        for _, node, parent, _ in drawn:
            groups.setdefault(self._state(node, parent)[2], []).append(node)
        said = [f"{len(nodes):,} {word}{_bytes(nodes)}" for word, nodes in groups.items()]
        yield Text("  " + ", ".join(said), style=FAINT)
        twice = self._twice()
        if twice:
            total = size(sum(extra for _, extra in twice))
            yield Text(f"  ▲ {total} came more than once: {', '.join(short(d) for d, _ in twice[:4])}"
                       f"{f' and {count(len(twice) - 4, 'other')}' if len(twice) > 4 else ''}", style=WARN)  # fmt: skip

    def _twice(self) -> list[tuple[str, int]]:
        """Digests of which more bytes came than they have: fetched twice, or begun anew after a cut."""
        came: dict[str, int] = {}
        whole: dict[str, int] = {}
        for step in self.pull.steps:
            if (
                step.digest
                and step.size
                and step.exchange.method == "GET"
                and step.exchange.status in {200, 206}
            ):
                came[step.digest] = came.get(step.digest, 0) + step.size
                if step.expected is not None and step.expected.size is not None:
                    whole[step.digest] = step.expected.size
        return [(digest, came[digest] - size_) for digest, size_ in whole.items() if came[digest] > size_]


def _bytes(nodes: list[Node]) -> str:
    known = [node.descriptor.size for node in nodes if node.descriptor and node.descriptor.size is not None]
    return f" ({size(sum(known))})" if known else ""
