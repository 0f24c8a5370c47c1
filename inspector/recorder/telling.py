"""What of a running recording is told, and that it is told once: what fails in two lines at once, then each pull's report.

Knows: pulls as the engine gives them, the live output. Must not know: flows, captures, the clock.
"""

from collections.abc import Iterable

from inspector.core.events import ConnectionFailed, Trouble
from inspector.core.pull import Outcome, Pull
from inspector.recorder.live import Live
from inspector.rules import capture_findings

AT_ONCE = 0.5
"""Seconds without anything new after which a pull that fails is told in two lines; its report comes when it has settled."""

_MOST_REMEMBERED = 1024


class Telling:
    """Remembers the last pulls and clients that were told, so many of them."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self._told: dict[tuple[object, ...], int] = {}

    def settled(self, pulls: Iterable[Pull]) -> None:
        """Report what was not reported yet, or has grown since."""
        for pull in pulls:
            key = ("report", *_name(pull))
            if self._told.get(key) == len(pull.steps):
                continue
            self._remember(key, len(pull.steps))
            if pull.outcome is Outcome.FAILED:
                self._brief(pull)
            self.live.pull(pull)

    def failing(self, pulls: Iterable[Pull]) -> None:
        """Tell what fails; not yet where a body broke off, for clients go on with that after a pause."""
        for pull in pulls:
            last = pull.steps[-1].exchange if pull.steps else None
            if last is None or last.whole or last.status not in (200, 206):
                self._brief(pull)

    def refused(self, event: ConnectionFailed) -> None:
        """Say once for each client what to do about a certificate that it refuses: there will be no pull to tell it with."""
        key = ("refused", event.client.address)
        if event.trouble is not Trouble.CLIENT_TLS or key in self._told:
            return
        for finding in capture_findings([event], []):
            self._remember(key, 1)
            self.live.remedy(finding)

    def _brief(self, pull: Pull) -> None:
        key = ("brief", *_name(pull))
        if key not in self._told and self.live.brief(pull):
            self._remember(key, 1)

    def _remember(self, key: tuple[object, ...], number: int) -> None:
        self._told[key] = number
        if len(self._told) > _MOST_REMEMBERED:
            self._told.pop(next(iter(self._told)))


def _name(pull: Pull) -> tuple[object, ...]:
    return pull.begin, pull.address, pull.reference, pull.repository
