"""The drafts that are open, found by client and repository.

Knows: how many drafts may be held, and in which order they were last touched. Must not know: stages, findings.
At most ``MOST`` drafts are open; the one that was touched longest ago makes way and is handed out as finished. So the
memory of a live run, and of a file of any length, is bounded by the longest pulls, not by time.
"""

from collections import OrderedDict
from collections.abc import Iterator

from inspector.core.draft import ClientKey, Draft
from inspector.core.exchange import Exchange

MOST = 256
_LOOK_BACK = 32  # drafts of one client and repository that a new request is held against


def client_key(exchange: Exchange) -> ClientKey:
    """The client of an exchange: its address and its whole User-Agent."""
    return (exchange.request.client.address, exchange.product.raw)


def tail(repository: str) -> str:
    """The last component: a mirror may put path components before a name, but never after it."""
    return repository.rpartition("/")[2]


def same_repository(one: str | None, other: str | None) -> bool:
    """Equal, or one ends with the other at a component's border (``p/library/x`` behind a mirror's prefix)."""
    if one is None or other is None:
        return False
    return one == other or one.endswith("/" + other) or other.endswith("/" + one)


class Drafts:
    """The open drafts, least recently touched first."""

    def __init__(self) -> None:
        self._all: OrderedDict[int, Draft] = OrderedDict()
        self._index: dict[tuple[ClientKey, str], list[Draft]] = {}
        self._count = 0

    def __iter__(self) -> Iterator[Draft]:
        return iter(list(self._all.values()))

    def holds(self, draft: Draft) -> bool:
        return draft.number in self._all

    def __len__(self) -> int:
        return len(self._all)

    def new(self, exchange: Exchange, repository: str | None) -> Draft:
        """Open a draft for the client of ``exchange``."""
        self._count += 1
        draft = Draft(self._count, client_key(exchange), exchange.product)
        self._all[draft.number] = draft
        self._index.setdefault((draft.client, tail(repository or "")), []).append(draft)
        draft.index_tail = tail(repository or "")
        return draft

    def touch(self, draft: Draft) -> None:
        if draft.number in self._all:
            self._all.move_to_end(draft.number)

    def of_repository(self, exchange: Exchange, repository: str) -> list[Draft]:
        """The open drafts of this client for this repository, latest first.

        Where the client sends a trace, one operation of its user is one trace: the drafts of the same trace, else those
        of no trace at all.
        """
        found = self._index.get((client_key(exchange), tail(repository)), [])
        fits = [d for d in reversed(found[-_LOOK_BACK:]) if same_repository(d.repository, repository)]
        if exchange.trace is None:
            return fits
        return [d for d in fits if exchange.trace in d.traces] or [d for d in fits if not d.traces]

    def of_address(self, address: str | None) -> list[Draft]:
        """The open drafts of everyone behind an address, in order of their number."""
        return sorted((d for d in self._all.values() if d.client[0] == address), key=lambda d: d.number)

    def overflow(self) -> Draft | None:
        """The draft that has to make way, taken out; None while there is room."""
        if len(self._all) <= MOST:
            return None
        return self.close(next(iter(self._all.values())))

    def close(self, draft: Draft) -> Draft:
        """Take a draft out."""
        self._all.pop(draft.number, None)
        key = (draft.client, draft.index_tail)
        rest = [d for d in self._index.get(key, []) if d is not draft]
        if rest:
            self._index[key] = rest
        else:
            self._index.pop(key, None)
        return draft
