"""A request that may have been made for the sake of another one, and what the two show of each other.

Knows: two anchors. Must not know: rows of requests, clocks, which side is which.
"""

import msgspec

from inspector.core.anchors import Anchor
from inspector.core.clocks import Offset, Span
from inspector.core.exchange import Exchange
from inspector.core.pull import Step
from inspector.wire.useragent import REGISTRY_CLIENTS


class Made(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """For which step, of the pull at which place, a request was made; and what brings its times onto that one's clock.

    ``matched``: by the content that both ask for; else by what it follows, or by its time alone.
    """

    pull: int
    step: Step
    offset: Offset
    matched: bool = True

    def but_found(self) -> "Made":
        """The same for a request that only goes with this one."""
        return msgspec.structs.replace(self, matched=False)


class Pair(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A request that may have been made for another one, and with which offsets of the clocks."""

    inner: Anchor
    outer: Anchor
    span: Span

    def at(self, seconds: float) -> bool:
        return self.span.low <= seconds <= self.span.high

    @property
    def tied(self) -> bool:
        """By more than time and content: one bearer, or one trace."""
        inner, outer = self.inner.step.exchange, self.outer.step.exchange
        return (inner.bearer is not None and inner.bearer == outer.bearer) or (
            inner.trace is not None and inner.trace == outer.trace
        )


def may_be_a_mirror(pair: Pair) -> bool:
    """The client's own User-Agent passed on, a program that is no client of registries, or one that says it is a proxy."""
    inner, outer = pair.inner.step.exchange, pair.outer.step.exchange
    if not is_client(inner) or is_forwarding(inner):
        return True
    return inner.product.raw == outer.product.raw


def conflicting(pair: Pair) -> bool:
    """A client of registries with a token of its own: more likely a pull of its own than a mirror."""
    inner, outer = pair.inner.step.exchange, pair.outer.step.exchange
    return is_client(inner) and inner.bearer is not None and outer.bearer not in (None, inner.bearer)


def is_client(exchange: Exchange) -> bool:
    return exchange.product.name in REGISTRY_CLIENTS


def is_forwarding(exchange: Exchange) -> bool:
    return any(exchange.request_header(name) for name in ("x-forwarded-for", "forwarded", "via"))


def forwarded(pair: Pair) -> bool:
    """The client's address is passed on."""
    inner, outer = pair.inner.step.exchange, pair.outer.step.exchange
    told = inner.request_header("x-forwarded-for")
    address = outer.request.client.address
    return bool(told and address) and address in {part.strip() for part in (told or "").split(",")}
