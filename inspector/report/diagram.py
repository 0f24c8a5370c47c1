"""The sequence diagram: lifelines for the client and each host, an arrow for each request and for each answer.

Knows: who spoke to whom and when. Must not know: what it means. Drawn on rows of cells; a label that does not fit its
arrow is cut, an arrow never is.
"""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from inspector.core.events import UpstreamCall
from inspector.core.pull import Pull, Stage, Step
from inspector.report.behind import MOST_CALLS, behind, call_status
from inspector.report.lines import Lines, crop, crop_middle, safe
from inspector.report.names import Host, Names
from inspector.report.sizes import size_cell
from inspector.report.style import FAINT, STAGES, STRONG
from inspector.report.units import UNKNOWN, duration
from inspector.report.wording import aims, margin
from inspector.wire.digest import short

_LEFT = 9  # cells for the time
_NARROWEST = 14  # cells from one lifeline to the next
MOST = 60  # steps drawn; a longer story shows its beginning and its end


class Diagram(Lines):
    """The lifelines of a pull. ``full`` draws every step, however many there are."""

    def __init__(self, pull: Pull, names: Names | None = None, *, full: bool = False) -> None:
        self.pull = pull
        self.names = names or Names(pull)
        self.full = full

    def lines(self, width: int) -> Iterator[Text]:
        """Heads, then two rows a step."""
        hosts = list(self.names.hosts.values())
        hosts += [
            Host(name=one.name, roles=[one.role])
            for one in behind(self.pull).values()
            if one.name not in self.names.hosts
        ]
        if not self.pull.steps:
            return
        yield Text("Sequence diagram", style=STRONG)
        canvas = _Canvas(self.pull, hosts, width)
        yield from canvas.heads()
        steps = self.pull.steps
        last = ""
        for at, step in enumerate(steps):
            if not self.full and len(steps) > MOST and MOST // 2 <= at < len(steps) - MOST // 2:
                if at == MOST // 2:
                    yield canvas.rest(f"… {len(steps) - MOST:,} more steps; --full draws them")
                continue
            time = duration(step.start) if step.start > 0 else "0 ms"
            yield canvas.request(step, "" if time == last else time)
            for call in (step.exchange.calls or ())[:MOST_CALLS]:
                yield canvas.call(step, call)
            yield canvas.answer(step)
            last = time
        yield from canvas.foot()


class _Canvas:
    def __init__(self, pull: Pull, hosts: list[Host], width: int) -> None:
        self.to_cdn = {step.follows for step in pull.steps if step.stage is Stage.CDN}
        room = width - _LEFT - 2
        fit = max(1, room // _NARROWEST)
        self.shown = hosts[:fit] if len(hosts) <= fit else hosts[: fit - 1] or hosts[:1]
        self.merged = hosts[len(self.shown) :]
        lanes = len(self.shown) + (1 if self.merged else 0)
        self.gap = max(8, min(room // max(lanes, 1), 46))
        # the name over a lifeline is centred on it: the last needs room to its right
        self.gap = max(8, min(self.gap, (room - 8) // max(lanes, 1))) if lanes > 1 else min(self.gap, 40)
        self.column = {host.name: _LEFT + (at + 1) * self.gap for at, host in enumerate(self.shown)}
        for host in self.merged:
            self.column[host.name] = _LEFT + lanes * self.gap
        self.lanes = [_LEFT + at * self.gap for at in range(lanes + 1)]
        self.client = safe(pull.client.name or "client")
        self.width = width

    def heads(self) -> Iterator[Text]:
        """Names and parts over the lifelines."""
        names = [self.client, *(host.name for host in self.shown)]
        roles = ["client", *(str(host.role) for host in self.shown)]
        if self.merged:
            names.append(f"{len(self.merged)} more")
            roles.append("")
        for row, style in ((names, STRONG), (roles, FAINT)):
            cells = [" "] * self.width
            free = 0
            for at, name in enumerate(row):
                lane = self.lanes[at]
                half = (self.gap - 2) // 2
                most = 2 * half + 1 if at else self.gap - 2
                shown = crop_middle(name, min(most, max(2 * (self.width - lane) - 1, 8)))
                begin = max(free, min(lane - cell_len(shown) // 2, self.width - cell_len(shown)), 0)
                _write(cells, begin, shown)
                free = begin + cell_len(shown) + 1
            yield Text("".join(cells), style=style)
        yield Text("".join(self._blank()), style=FAINT)

    def _blank(self) -> list[str]:
        cells = [" "] * self.width
        for lane in self.lanes:
            if lane < self.width:
                cells[lane] = "│"
        return cells

    def call(self, step: Step, call: UpstreamCall) -> Text:
        """What the mirror did in between: its arrow to an upstream, with the answer."""
        start, end = self._lane(step), self.column.get(call.host, self.lanes[-1])
        cells = self._blank()
        if start == end:  # no lane of its own: there are too many hosts
            return Text("".join(cells), style=FAINT)
        status, style = call_status(call)
        if start < end:
            cells[start] = "├"
            self._arrow(cells, start + 1, end - 1, f"─{call.method} {status}", right=True)
        else:
            cells[start] = "┤"
            self._arrow(cells, end + 1, start - 1, f"{call.method} {status}─", right=False)
        text = Text("".join(cells), style=FAINT)
        text.stylize(style, min(start, end) + 1, max(start, end))
        return text

    def _lane(self, step: Step) -> int:
        return self.column.get(step.exchange.host, self.lanes[-1])

    def request(self, step: Step, time: str) -> Text:
        """The arrow from the client."""
        cells = self._blank()
        _write(cells, _LEFT - 1 - len(time), time)
        start, end = self.lanes[0], self._lane(step)
        cells[start] = "├"
        room = min(end, self.lanes[1]) - start - 3  # before the next lifeline: a label does not run over one
        said = [f"─{step.n} {words}" for words in aims(step)]
        label = next((words for words in said if cell_len(words) <= room), said[-1])
        self._arrow(cells, start + 1, end - 1, crop(label, room + 1), right=True)
        return self._styled(cells, start, end, step)

    def answer(self, step: Step) -> Text:
        """The arrow back."""
        cells = self._blank()
        start, end = self.lanes[0], self._lane(step)
        cells[end] = "┤"
        self._arrow(cells, start + 1, end - 1, self._answer_label(step) + "─", right=False)
        return self._styled(cells, start, end, step)

    def _answer_label(self, step: Step) -> str:
        symbol, _ = margin(step)
        status = step.exchange.status
        sign = f"{symbol} " if symbol else ""
        if status is None:
            return f"{sign}no answer"
        word = ""
        if step.stage is Stage.CHALLENGE:
            word = " challenge"
        elif step.stage is Stage.TOKEN and status == 200:
            word = " token"
        elif step.stage is Stage.REDIRECT:
            word = " to CDN" if step.n in self.to_cdn else " redirect"
        elif step.stage is Stage.RESOLVE and status == 200 and step.digest:
            word = f" {short(step.digest)}"
        elif (came := size_cell(step)) != UNKNOWN:
            word = f" · {came}"
        return f"{sign}{status}{word}"

    def _arrow(self, cells: list[str], first: int, last: int, label: str, *, right: bool) -> None:
        crossed = {lane for lane in self.lanes if first < lane < last}
        for cell in range(first, last + 1):
            cells[cell] = "┼" if cell in crossed else "─"
        if right:
            cells[last] = "▶"
            _write(cells, first, crop(label, last - first))
        else:
            cells[first] = "◀"
            shown = crop(label, last - first)
            _write(cells, last + 1 - cell_len(shown), shown)

    def _styled(self, cells: list[str], start: int, end: int, step: Step) -> Text:
        text = Text("".join(cells))
        text.stylize(FAINT, 0, start)
        if cell_len(text.plain) == len(text.plain):
            symbol, style = margin(step)
            text.stylize(style if symbol else STAGES[step.stage], start + 1, end)
            for lane in self.lanes:
                text.stylize(FAINT, lane, lane + 1)
        return text

    def rest(self, said: str) -> Text:
        """A row without an arrow, for what is not drawn."""
        cells = self._blank()
        _write(cells, self.lanes[0] + 2, said)
        return Text("".join(cells), style=FAINT)

    def foot(self) -> Iterator[Text]:
        """The names that had no room over their lifeline."""
        cut = [host for at, host in enumerate(self.shown) if cell_len(host.name) > self.gap - 2]
        for host in cut[:12]:
            yield Text(f"  {host.role}: {host.name}", style=FAINT)
        if self.merged:
            yield Text(
                "  " + crop("drawn as one: " + ", ".join(host.name for host in self.merged), self.width - 4),
                style=FAINT,
            )


def _write(cells: list[str], begin: int, text: str) -> None:
    """Put text over the cells from ``begin``; a wide character takes two of them."""
    at = max(begin, 0)
    for character in text:
        wide = cell_len(character)
        if wide == 0:
            continue
        if at + wide > len(cells):
            return
        cells[at] = character
        if wide == 2:
            cells[at + 1] = ""
        at += wide
