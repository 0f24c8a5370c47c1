"""Redirects that wait to be followed: which request goes where a Location pointed.

Knows: URLs as keys, and the redirecting exchanges with their drafts. Must not know: stages of what follows.
A Location may be used again (a client that retries the CDN directly), but an unused one comes first: two clients
behind one address may be sent to the same URL. Bounded: the oldest keys make way.
"""

from collections import OrderedDict
from weakref import ref

import msgspec

from inspector.core.draft import Draft
from inspector.core.exchange import Exchange
from inspector.wire.url import location_key

_MOST_KEYS = 4096
_MOST_PER_KEY = 64


class Pending(msgspec.Struct, kw_only=True, eq=False):
    """One redirect. ``draft`` is None while the redirecting exchange is loose (a ping that is sent elsewhere).

    It does not keep its draft alive: a redirect is remembered longer than its pull, and a pull is a hundred times larger.
    """

    exchange: Exchange
    asked: Exchange
    weak_draft: "ref[Draft] | None"
    token: bool = False
    used: int = 0

    @property
    def draft(self) -> Draft | None:
        """The draft of the redirecting exchange; None when there is none any more."""
        return self.weak_draft() if self.weak_draft is not None else None


class Redirects:
    """Location -> the redirects that named it, oldest first."""

    def __init__(self) -> None:
        self._by_key: OrderedDict[str, list[Pending]] = OrderedDict()

    def add(self, exchange: Exchange, asked: Exchange, draft: Draft | None, *, token: bool = False) -> None:
        """Remember where ``exchange`` sends its client; ``asked`` is the head of the chain it belongs to."""
        if exchange.location is None:
            return
        key = location_key(exchange.location)
        waiting = self._by_key.setdefault(key, [])
        self._by_key.move_to_end(key)
        weak = ref(draft) if draft is not None else None
        waiting.append(Pending(exchange=exchange, asked=asked, weak_draft=weak, token=token))
        if len(waiting) > _MOST_PER_KEY:
            del waiting[0]
        if len(self._by_key) > _MOST_KEYS:
            self._by_key.popitem(last=False)

    def follow(self, exchange: Exchange) -> Pending | None:
        """The redirect that ``exchange`` follows, or None. It counts as used from now on."""
        best = self.look(exchange)
        if best is not None:
            best.used += 1
        return best

    def look(self, exchange: Exchange) -> Pending | None:
        """The redirect that ``exchange`` follows as far as is known by now, or None; it may still be another's."""
        waiting = self._by_key.get(exchange.key)
        if not waiting:
            return None
        fits = [p for p in waiting if self._fits(p, exchange)]
        if not fits:
            return None
        best = min(
            fits, key=lambda p: (p.used, p.exchange.product.raw != exchange.product.raw, p.exchange.order)
        )
        if best.used:  # a repeat: the latest redirect is the one that it repeats
            best = max(fits, key=lambda p: p.exchange.order)
        return best

    @staticmethod
    def _fits(pending: Pending, exchange: Exchange) -> bool:
        """Same client address, and not before the redirect was answered (a clock that steps back is forgiven)."""
        earlier = pending.exchange
        same = earlier.request.client.address == exchange.request.client.address
        return same and earlier is not exchange and exchange.request.time >= earlier.request.time
