"""Every host that a pull touched: what to put on an allow-list, and what for.

Knows: hosts and their parts. Must not know: firewalls. The first word of each line is ``host:port``, ready to be copied.
"""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from inspector.core.pull import Pull, Step
from inspector.report.lines import Lines, crop, pad, safe
from inspector.report.names import Host, Names
from inspector.report.style import BAD, FAINT, STRONG, WARN
from inspector.report.units import count


class Hosts(Lines):
    """One line a host: address on the list, what for, how often, how much."""

    def __init__(self, pull: Pull, names: Names | None = None) -> None:
        self.names = names or Names(pull)

    def lines(self, width: int) -> Iterator[Text]:
        """The list."""
        hosts = list(self.names.hosts.values())
        yield Text.assemble(("Hosts", STRONG), "  ", ("what an allow-list needs for this pull", FAINT))
        rows = [(safe(address), host) for host in hosts for address in _addresses(host)]
        if not rows:
            return
        longest = max(cell_len(address) for address, _ in rows)
        role = max(len(", ".join(host.roles)) for _, host in rows)
        for address, host in rows:
            name = pad(address, longest)
            what = f"{pad(', '.join(host.roles), role)}  {_use(host)}"
            trouble = f"  {len(host.broken)} failed: {host.broken[0].message}" if host.broken else ""
            if 2 + longest + 2 + cell_len(what) <= width:
                line = Text.assemble(
                    "  ", (name, BAD if host.broken and not host.steps else ""), "  ", (what, FAINT)
                )
                line.append(crop(trouble, width - cell_len(line.plain)), BAD)
                yield line
            else:  # the name is never cut: what is copied must be right
                yield Text.assemble("  ", address)
                yield Text.assemble(
                    "    ", (crop(what.replace("  ", " ").strip() + trouble, width - 4), FAINT)
                )
            dialled = sorted(
                {step.exchange.request.upstream.address for step in host.steps} - {None}, key=str
            )
            if dialled and width >= 100:
                yield Text("    " + crop("dialled: " + ", ".join(map(str, dialled)), width - 4), style=FAINT)
        if any(_plain(step) for host in hosts for step in host.steps):
            yield Text("  ▲ some of it went over plain HTTP", style=WARN)


def _addresses(host: Host) -> list[str]:
    """``name:port``, the port from the name itself or by the scheme: a host may be met on both."""
    ports: dict[str, None] = {}
    for step in host.steps:
        ports.setdefault("80" if _plain(step) else "443")
    for failure in host.broken:
        if failure.port is not None:
            ports.setdefault(str(failure.port))
    if _has_port(host.name):
        return [host.name]
    return [f"{host.name}:{port}" for port in ports] or [host.name]


def _plain(step: Step) -> bool:
    return step.exchange.request.url.startswith("http:")


def _has_port(name: str) -> bool:
    return name.rpartition(":")[2].isdigit() and (name.count(":") == 1 or name.startswith("["))


def _use(host: Host) -> str:
    if not host.steps:
        return "never reached"
    return f"{count(len(host.steps), 'request')}, {host.received.in_words()}"
