"""What the registries of one pull are let do: recognised by what each host sent, asked once a host.

Knows: quirks, one pull's steps. Must not know: rules.
"""

from collections.abc import Iterable

from inspector.core.pull import Step
from inspector.quirks import known
from inspector.quirks.registry import Registry, signs_of


class Allowed:
    """``reasons``: why each code that was let pass was, a sentence without its full stop; the list of checks repeats it."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self.reasons: dict[str, str] = {}
        self._steps = steps
        self._at: dict[str, list[Step]] | None = None
        self._known: dict[str, tuple[Registry, ...]] = {}

    def relaxed(self, host: str, code: str) -> bool:
        """Whether the registry at ``host`` does by design what ``code`` is about."""
        reason = known.reason(self.registries(host), code)
        if reason is not None:
            self.reasons.setdefault(code, reason)
        return reason is not None

    def registries(self, host: str) -> tuple[Registry, ...]:
        """Whose ways this host shows."""
        if host not in self._known:
            if self._at is None:
                self._at = {}
                for step in self._steps:
                    self._at.setdefault(step.exchange.host, []).append(step)
            self._known[host] = known.shown_by(signs_of(host, self._at.get(host, ())))
        return self._known[host]
