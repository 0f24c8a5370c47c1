"""How a mirrored exchange's time divides: what upstream took, and what the mirror itself did.

Knows: one exchange and the calls that our mirror noted for it. Must not know: how it is shown. Seconds throughout.
"""

from inspector.core.events import UpstreamCall
from inspector.core.exchange import Exchange


def wait(call: UpstreamCall) -> float | None:
    """To the first byte of the answer; where none came, to the end. None when it is not known."""
    until = call.first_byte if call.first_byte is not None else call.end
    return _span(call.start, until)


def receive(call: UpstreamCall) -> float | None:
    """From the first byte to the last; None when there was no answer, or its times are not known."""
    return _span(call.first_byte, call.end)


def shares(exchange: Exchange) -> tuple[float, float] | None:
    """(in the mirror itself, upstream): they add up to the exchange's time. None when it was not mirrored, or is not over.

    Calls that overlap count once; a body that passes through counts as upstream's, also where the client is the slow one.
    """
    if exchange.calls is None or exchange.end is None or exchange.end.time is None:
        return None
    begin, end = exchange.request.time, exchange.end.time
    upstream, reached = 0.0, begin
    spans = [
        (call.start, call.end) for call in exchange.calls if call.start is not None and call.end is not None
    ]
    for first, last in sorted(spans):
        upstream += max(0.0, min(last, end) - max(first, reached))
        reached = max(reached, last)
    whole = max(0.0, end - begin)
    return max(0.0, whole - upstream), upstream


def _span(first: float | None, last: float | None) -> float | None:
    return None if first is None or last is None else max(0.0, last - first)
