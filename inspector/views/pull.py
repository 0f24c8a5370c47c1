"""The pull that a flow belongs to, as text: the flows that mitmproxy holds, put together by the engine.

Knows: the engine, rules, the report. Must not know: windows. Nothing is kept: it is worked out when it is asked for.
"""

import io
from collections.abc import Iterable

from mitmproxy import flow as flows
from mitmproxy import http
from rich.console import Console

from inspector.core.engine import Engine
from inspector.core.pull import Pull
from inspector.report.render import pull_lines
from inspector.rules.diagnosis import diagnose
from inspector.sources.flow import Connections, events_of
from inspector.sources.redact import Redactor

_WIDTH = 100


def pull_of(wanted: flows.Flow, held: Iterable[flows.Flow]) -> Pull | None:
    """The pull with ``wanted`` among its steps, with its findings; None when that flow is part of no pull."""
    engine, redactor, connections = Engine(), Redactor(), Connections()
    for flow in sorted(_exchanges(held), key=_ended):
        for event in events_of(flow, redactor, connections):
            engine.feed(event)
    for pull in engine.finish():
        if any(step.exchange.id == wanted.id for step in pull.steps):
            diagnose(pull)
            return pull
    return None


def text_of(pull: Pull, width: int = _WIDTH) -> str:
    """The pull's report without colours, as it is in a pipe."""
    out = io.StringIO()
    Console(file=out, width=width, highlight=False, color_system=None).print(pull_lines(pull))
    return out.getvalue()


def _exchanges(held: Iterable[flows.Flow]) -> list[http.HTTPFlow]:
    return [flow for flow in held if isinstance(flow, http.HTTPFlow) and (flow.response or flow.error)]


def _ended(flow: http.HTTPFlow) -> float:
    """As a recorder meets them: in the order in which they end."""
    ends = [flow.error.timestamp] if flow.error else []
    if flow.response is not None and flow.response.timestamp_end is not None:
        ends.append(flow.response.timestamp_end)
    return max(ends, default=flow.timestamp_created)
