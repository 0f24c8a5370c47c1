"""Both sides of a mirror in one pull: which request it made upstream while it answered which of its client's.

What the mirror asks for a client is asked within the time in which the client waits: the same content, of another host,
begun after and answered before. Knows: a case. Must not know: rules.
"""

from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.steps import Key


def upstream(case: Case) -> dict[int, list[Step]]:
    """Number of a step at a mirror -> the steps that it made for it, in order. Empty where one side only was recorded.

    Where the two sides were told apart (``core.joined``) the steps upstream have numbers behind those of the case's own.
    """
    if case.pull.behind:
        return {step.n: step.upstream for step in case.steps if step.upstream}
    found: dict[int, list[Step]] = {}
    waiting: dict[Key, list[Step]] = {}
    for step in case.steps:
        if step.stage in (Stage.TOKEN, Stage.CDN):
            continue
        for key in case.wanted[step.n - 1]:
            outer = waiting.setdefault(key, [])
            # Requests come in order of their begin: what has ended by now can hold no later one.
            while outer and outer[-1].exchange.last_time < step.exchange.request.time:
                outer.pop()
            if outer and _within(step, outer[-1]):
                found.setdefault(outer[-1].n, []).append(step)
            outer.append(step)
    return found


def _within(inner: Step, outer: Step) -> bool:
    a, b = inner.exchange, outer.exchange
    return (
        a.host != b.host
        and a.last_time <= b.last_time
        and inner.follows != outer.n  # sent on by a redirect: the client's own next request
    )
