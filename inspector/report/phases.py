"""One exchange's time as a stacked bar with the figures under the boundaries, as httpstat draws it.

Knows: the times of one step. Must not know: other steps.
"""

from collections.abc import Iterator

from rich.text import Text

from inspector.core.pull import Step
from inspector.report.lines import pad
from inspector.report.style import FAINT, STRONG
from inspector.report.units import duration

_COLOURS = {"connect": "blue", "TLS": "blue", "waiting": "yellow", "receiving": "green"}
_SHADES = {"connect": "░", "TLS": "░", "waiting": "█", "receiving": "▓"}
_LEAST = 12  # cells: the name and the figure of a phase must fit


def phases(step: Step) -> list[tuple[str, float]]:
    """The phases that are known, in order, in seconds. Connecting is there only where it was done for this exchange."""
    upstream = step.exchange.request.upstream
    found: list[tuple[str, float]] = []
    if upstream.connect_start is not None and upstream.connected is not None:
        found.append(("connect", max(0.0, upstream.connected - upstream.connect_start)))
        if upstream.tls_done is not None:
            found.append(("TLS", max(0.0, upstream.tls_done - upstream.connected)))
    if step.wait is not None:
        found.append(("waiting", max(0.0, step.wait)))
    if step.receive is not None:
        found.append(("receiving", max(0.0, step.receive)))
    return found


def phase_bar(step: Step, width: int) -> Iterator[Text]:
    """Three lines: names, bar, figures; the whole at the end."""
    found = phases(step)
    if not found:
        yield Text("  how long it took is not known", style=FAINT)
        return
    total = sum(seconds for _, seconds in found)
    room = max(width - 14, _LEAST * len(found))
    free = room - _LEAST * len(found)
    cells = [_LEAST + (int(free * seconds / total) if total else 0) for _, seconds in found]
    names, bar, figures = Text("  "), Text("  "), Text("  ")
    for (name, seconds), number in zip(found, cells, strict=True):
        names.append(pad(name, number), FAINT)
        bar.append(_SHADES[name] * (number - 1) + "│", _COLOURS[name])
        figures.append(pad(duration(seconds), number - 1, right=True) + " ")
    figures.append("= " + duration(total), STRONG)
    yield names
    yield bar
    yield figures
