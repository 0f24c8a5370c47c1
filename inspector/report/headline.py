"""The headline: what was pulled, by whom, over which path, how it ended, what it cost.

Knows: a pull as a whole. Must not know: single steps' rows.
"""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from inspector.core.pull import Content, Outcome, Pull, Stage, Step
from inspector.report.behind import summary
from inspector.report.lines import Lines, crop_middle, fitted, safe
from inspector.report.names import Names
from inspector.report.sizes import could_be_verified, received
from inspector.report.style import OUTCOMES, STRONG
from inspector.report.units import count, elapsed
from inspector.report.wording import margin, platform, refused
from inspector.wire.digest import short


class Headline(Lines):
    """Three or four lines that answer: did it work?"""

    def __init__(self, pull: Pull, names: Names | None = None) -> None:
        self.pull = pull
        self.names = names or Names(pull)

    def lines(self, width: int) -> Iterator[Text]:
        """Reference and outcome; client and content; cost; hosts."""
        symbol, style, word = OUTCOMES[self.pull.outcome]
        end = f"{word} in {elapsed(self.pull.elapsed)}"
        name = fitted(safe(title(self.pull)), width - cell_len(end) - 4)
        gap = max(2, width - 2 - cell_len(name) - cell_len(end))
        yield Text.assemble((symbol, style), " ", (name, STRONG), " " * gap, (end, style))
        yield from joined(self._who(), width)
        yield from joined([count_line(self.pull, self.names), *self._verified(), self._credential()], width)
        yield from joined(self._path(), width)
        yield from joined(summary(self.pull), width)

    def _who(self) -> list[str]:
        pull = self.pull
        client = " ".join(
            word for word in (pull.client.name or "unknown client", pull.client.version) if word
        )
        said = [f"{client} from {pull.address}" if pull.address else client]
        stopped = stopped_at(pull)
        return [*said, stopped] if stopped else [*said, *_content(pull)]

    def _verified(self) -> list[str]:
        right = {step.digest for step in self.pull.steps if step.verified}
        wrong = {step.digest for step in self.pull.steps if step.verified is False} - right
        unsure = (
            {step.digest for step in self.pull.steps if could_be_verified(step.exchange, step.stage)}
            - right
            - wrong
        )
        total = len(right) + len(wrong) + len(unsure)
        return [f"{len(right)} of {count(total, 'digest')} verified"] if total else []

    def _credential(self) -> str:
        return f"token: {whose(self.pull)}"

    def _path(self) -> list[str]:
        return [f"{host.name} ({', '.join(host.roles)})" for host in self.names.hosts.values()]


def title(pull: Pull) -> str:
    """The reference; where the traffic names none, what it was about."""
    if pull.reference:
        return pull.reference
    if pull.repository:
        return (
            f"{pull.registry or 'unknown registry'}/{pull.repository}" if pull.registry else pull.repository
        )
    first = pull.steps[0].exchange.host if pull.steps else None
    return pull.registry or first or (pull.broken[0].host if pull.broken else None) or "no reference"


def count_line(pull: Pull, names: Names) -> str:
    """``311 kB in 9 requests over 9 connections to 3 hosts``."""
    said = f"{received(pull.steps).in_words()} in {count(len(pull.steps), 'request')}"
    if names.connections:
        said += f" over {count(names.connections, 'connection')}"
    said += f" to {count(len(names.hosts), 'host')}"
    if pull.broken:
        said += f", {count(len(pull.broken), 'connection')} failed"
    return said


def whose(pull: Pull) -> str:
    """Whose leave it was: anonymous, an account's, none at all."""
    asked = [step.exchange for step in pull.steps if step.stage is Stage.TOKEN]
    basic = [
        step.exchange for step in pull.steps if (step.exchange.credential or "").lower().startswith("basic")
    ]
    if any(exchange.method == "POST" or exchange in basic for exchange in asked):
        return "of an account"
    if asked:
        return "anonymous"
    if basic:
        return "none, Basic credentials"
    return "from before the recording" if any(step.exchange.bearer for step in pull.steps) else "none"


def stopped_at(pull: Pull) -> str | None:
    """Where a failed pull ended: ``stopped at the config: 3 requests refused with 400``."""
    if pull.outcome is not Outcome.FAILED:
        return None
    bad = [step for step in pull.steps if margin(step)[0] and step.content is not Content.SIGNATURE]
    if not bad:
        return _last_word(pull.steps[-1]) if pull.steps else "no request got through"
    last = bad[-1]
    what = str(last.content or last.stage)
    alike = [step for step in bad if step.stage is last.stage and step.content is last.content]
    if refused(last):
        same = sum(1 for step in alike if step.exchange.status == last.exchange.status)
        return f"stopped at the {what}: {count(same, 'request')} refused with {last.exchange.status}"
    if last.verified is False:
        return f"stopped at the {what}: the content is not what its digest says"
    if last.exchange.status is None:
        silent = sum(1 for step in alike if step.exchange.status is None)
        return f"stopped at the {what}: {count(silent, 'request')} without an answer"
    return f"stopped at the {what}: {count(len(alike), 'transfer')} broke off"


def _last_word(step: Step) -> str:
    """Where a pull stopped in which nothing was plainly refused: turned away with its token, or content not to its taste."""
    if step.stage is Stage.CHALLENGE and step.exchange.credential:
        return f"stopped at step {step.n}: its credentials are not enough ({step.exchange.status})"
    return f"stopped after the {step.content or step.stage} of step {step.n}"


def _content(pull: Pull) -> list[str]:
    root = pull.root
    if root is None:
        return [f"digest {short(pull.digest)}"] if pull.digest else []
    kinds = (step.content for step in pull.steps if step.digest == root.digest and step.content)
    said = f"{root.content or next(kinds, 'manifest')} {short(root.digest)}"
    chosen = [
        child
        for child in root.children
        if child.state != "not-asked" and child.content is not Content.ATTESTATION
    ]
    if root.content is Content.INDEX and chosen:
        first = chosen[0]
        said += f" → {platform(first.descriptor) or 'manifest'} {short(first.digest)}"
        said += f" and {len(chosen) - 1} more" if len(chosen) > 1 else ""
        root = first
    layers = [node for node in root.children if node.content is Content.LAYER]
    return [said + (f", {count(len(layers), 'layer')}" if layers else "")]


def joined(parts: list[str], width: int, indent: int = 2) -> Iterator[Text]:
    """Parts with dots between them, on as many lines as it takes, none of them broken if it fits a line."""
    line = ""
    room = width - indent
    for part in parts:
        text = crop_middle(safe(part), room)
        if line and cell_len(line) + 3 + cell_len(text) > room:
            yield Text(" " * indent + line)
            line = text
        else:
            line = f"{line} · {text}" if line else text
    if line:
        yield Text(" " * indent + line)
