"""What our mirror did behind a pull: whom it asked for which step, and how the time divides between it and them.

Knows: the calls that our mirror noted, which are the cause that it knows, not a guess, and those that were found in a
recording of a mirror's other side. Must not know: columns.
"""

from collections.abc import Iterator

import msgspec
from rich.text import Text

from inspector.core.events import Resume, UpstreamCall
from inspector.core.mirrored import receive, shares, wait
from inspector.core.pull import Pull, Step
from inspector.report.lines import packed, safe, shortened
from inspector.report.names import Role
from inspector.report.style import BAD, FAINT, WARN
from inspector.report.units import UNKNOWN, count, duration, size
from inspector.report.wording import phrase, without_scheme
from inspector.wire.routes import parse_route
from inspector.wire.url import split

MOST_CALLS = 12  # shown of one step
MOST_RESUMES = 8

_LEAST = 0.001  # seconds of the mirror's own that are worth a word


class Behind(msgspec.Struct, kw_only=True, eq=False):
    """A host that the mirror asked. ``calls`` of all steps together."""

    name: str
    role: Role
    calls: int = 0


def behind(pull: Pull) -> dict[str, Behind]:
    """The hosts that the mirror asked, by name, in order of first use."""
    found: dict[str, Behind] = {}
    for step in pull.steps:
        for call in step.exchange.calls or ():
            if call.host:
                found.setdefault(call.host, Behind(name=call.host, role=_role(call))).calls += 1
    return found


def _role(call: UpstreamCall) -> Role:
    parts = split(call.url)
    if parts is None:
        return Role.OTHER
    if parse_route(parts.path, parts.query) is not None:
        return Role.REGISTRY
    fields = {field.partition("=")[0] for field in parts.query.split("&")}
    if call.method == "POST" or ("service" in fields and not call.body) or "scope" in fields:
        return Role.TOKEN
    return Role.CDN


def summary(pull: Pull) -> list[str]:
    """For the headline: whom the mirror asked, and how long it took itself. Empty where nothing of it was recorded."""
    divided = [found for step in pull.steps if (found := shares(step.exchange)) is not None]
    mirrored = [step for step in pull.steps if step.exchange.calls is not None]
    if not mirrored:
        return _seen_from_behind(pull)
    names = list(dict.fromkeys(step.exchange.host for step in mirrored))
    said = [f"{host.name} ({host.role}, {count(host.calls, 'call')})" for host in behind(pull).values()]
    asked = (
        [f"behind {', '.join(names)}: {said[0]}", *said[1:]]
        if said
        else [f"{', '.join(names)} asked no upstream"]
    )
    own, upstream = sum(one for one, _ in divided), sum(other for _, other in divided)
    asked += _recorded(pull)
    if divided:
        asked.append(f"{duration(own)} in the mirror itself, {duration(upstream)} upstream")
    again = sum(len(step.exchange.resumes) for step in mirrored)
    return [*asked, f"resumed {count(again, 'time')}"] if again else asked


def _seen_from_behind(pull: Pull) -> list[str]:
    """The requests say that a proxy sends them on: what it then told its client, and how that went on, cannot be known."""
    for name in ("x-forwarded-for", "forwarded", "via"):
        if any(step.exchange.request_header(name) for step in pull.steps):
            return [f"sent on by a proxy ({name}), whose client's side was not recorded"]
    return []


def _recorded(pull: Pull) -> list[str]:
    """How the mirror's other side was found, where it was recorded: its clock is stated where it is not the client's."""
    said: list[str] = []
    for side in pull.behind:
        words = f"recorded on both sides, {count(side.matched, 'request')} matched"
        if side.shift:
            away = "ahead" if side.shift < 0 else "behind"
            exact = f" (to {duration(side.within)})" if side.within else ""
            words += f", the mirror's clock {duration(abs(side.shift))} {away}{exact}"
        said.append(words)
    return list(dict.fromkeys(said))


def own_time(step: Step) -> str | None:
    """``3 ms of 40 ms in the mirror itself``; None where there is nothing to tell apart."""
    divided = shares(step.exchange)
    if divided is None or divided[0] < _LEAST:
        return None
    own, upstream = divided
    if not step.exchange.calls:
        return f"{duration(own)} in the mirror itself, which asked no upstream"
    return f"{duration(own)} of {duration(own + upstream)} in the mirror itself"


def resumed(one: Resume) -> tuple[str, str]:
    """``("resumed", "at 31 MB (peer closed connection)")`` and what it was answered with, where that is no success."""
    where = f"at {size(one.at)}" if one.at else "from the start"
    answered = (
        "" if one.status in {200, 206, None} else f", answered {one.status} {phrase(one.status)}".rstrip()
    )
    # An answer that is of no use, such as one more 503, has no status here: it stands in its call, and in the next try's reason.
    unanswered = ", in vain" if one.status is None else ""
    return "resumed" if one.at else "again", f"{where} ({one.why}){answered}{unanswered}"


def call_time(call: UpstreamCall) -> str:
    """How long it took in all."""
    until = wait(call)
    return duration(None if until is None else until + (receive(call) or 0.0))


def call_url(call: UpstreamCall) -> str:
    """The URL as one says it, long digests by their beginning."""
    return safe(shortened(without_scheme(call.url)))


def call_status(call: UpstreamCall) -> tuple[str, str]:
    """Status and style; a challenge is nothing bad."""
    if call.status is None:
        return UNKNOWN, BAD if call.error else ""
    refused = call.status >= 400 and call.status != 401
    return str(call.status), BAD if refused or call.error else ""


def in_words(step: Step, width: int) -> Iterator[Text]:
    """The calls of one step as lines of their own, for where there are no columns; then resumes and the mirror's time."""
    for call in (step.exchange.calls or ())[:MOST_CALLS]:
        status, style = call_status(call)
        said = [
            f"{call.method} {call_url(call)}",
            status,
            call_time(call),
            f"to {call.address}" if call.address else "",
        ]
        said += [call.error or "", "passed on as it came" if call.body else ""]
        for at, piece in enumerate(packed(" · ".join(filter(None, said)), width - 13)):
            yield Text.assemble("  ", ("↳ upstream " if at == 0 else " " * 11, FAINT), (piece, style))
    for label, line in [resumed(one) for one in step.exchange.resumes[:MOST_RESUMES]]:
        for at, piece in enumerate(packed(line, width - 3 - len(label))):
            yield Text.assemble("  ", ((label if at == 0 else " " * len(label)) + " " + piece, WARN))
    own = own_time(step)
    if own:
        yield Text(f"  {own}", style=FAINT)
