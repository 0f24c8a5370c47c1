"""A pull as a Mermaid sequence diagram: text that GitHub, GitLab and many editors draw.

Knows: who spoke to whom. Must not know: Markdown, widths. Labels hold nothing of Mermaid's grammar: what may stand in one is
listed, and everything else becomes ``_``. So no host, tag or path can end a line, open a block or give a directive.
"""

import re
from collections.abc import Iterator

from inspector.core.pull import Pull, Stage, Step
from inspector.report.names import Host, Names
from inspector.report.wording import aims, refused

MOST = 40
"""Steps that are drawn: a longer pull shows its beginning and its end."""

_MOST_HOSTS = 8
_LONGEST = 60

# Letters, digits and what has no meaning in Mermaid. Not there: $ # ; % { } < > " ` \ | [ ] and line ends.
_NOT_PLAIN = re.compile(r"[^\w ./:,=+()?&@~*!'…→·‹›–-]")
_END = re.compile(r"\bend\b", re.IGNORECASE)


def label(text: str) -> str:
    """The text as a label: one line, no more than 60 characters, nothing in it that Mermaid reads."""
    plain = _NOT_PLAIN.sub("_", " ".join(text.split()))
    plain = _END.sub(
        lambda match: f"({match[0]})", plain
    )  # the manual's own advice for the word that ends a block
    return (plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…") or "_"


def diagram(pull: Pull, names: Names) -> Iterator[str]:
    """The lines of the diagram; none for a pull without steps."""
    if not pull.steps:
        return
    hosts = list(names.hosts.values())
    lanes = {host.name: f"h{at}" for at, host in enumerate(hosts[:_MOST_HOSTS], 1)}
    yield "sequenceDiagram"
    client = " ".join(word for word in (pull.client.name or "client", pull.client.version) if word)
    yield f"    participant c as {label(client)}"
    for host in hosts[:_MOST_HOSTS]:
        yield f"    participant {lanes[host.name]} as {_head(host)}"
    if len(hosts) > _MOST_HOSTS:
        yield f"    participant more as {len(hosts) - _MOST_HOSTS} more hosts"
    steps = pull.steps
    left = len(steps) - MOST
    for at, step in enumerate(steps):
        if left > 0 and MOST // 2 <= at < len(steps) - MOST // 2:
            if at == MOST // 2:
                yield f"    Note over c: {left} more steps"
            continue
        yield from _arrows(step, lanes.get(step.exchange.host, "more"))


def _head(host: Host) -> str:
    return f"{label(host.name)}<br/>{host.role}"


def _arrows(step: Step, lane: str) -> Iterator[str]:
    asked = next(iter(aims(step)), step.exchange.method)
    bad = refused(step) or step.verified is False or not step.exchange.whole
    if bad:
        yield "    rect rgba(220, 50, 50, 0.15)"
    yield f"    c->>{lane}: {label(f'{step.n} {asked}')}"
    yield f"    {lane}-{'-x' if bad else '->>'}c: {label(_answer(step))}"
    if bad:
        yield "    end"


def _answer(step: Step) -> str:
    exchange = step.exchange
    if exchange.status is None:
        return "no answer"
    if step.verified is False:
        return f"{exchange.status}, wrong content"
    if not exchange.whole:
        return f"{exchange.status}, broken off"
    words = {Stage.CHALLENGE: " challenge", Stage.REDIRECT: " redirect"}
    return f"{exchange.status}{words.get(step.stage, '')}{', verified' if step.verified else ''}"
