"""Rules: one file = one diagnosis. This is their face: diagnose a pull, and the connections that belong to none.

Knows: where the engine of the rules is. Must not know: any rule. The imports wait for the first call, so that a command
which shows only its help does not pay for forty rules.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inspector.core.events import ConnectionFailed
    from inspector.core.finding import Finding
    from inspector.core.pull import Pull
    from inspector.rules.elsewhere import Elsewhere
    from inspector.rules.failures import Reached


def diagnose(pull: "Pull", elsewhere: "Elsewhere | None" = None) -> None:
    """Fill ``pull.findings``, root causes first with ``caused_by`` set, and ``pull.checks``, one for each rule.

    ``elsewhere``: what the other pulls of the recording show, where there are others.
    """
    from inspector.rules import diagnosis

    diagnosis.diagnose(pull, elsewhere)


def capture_findings(failed: "list[ConnectionFailed]", pulls: "Reached | Iterable[Pull]") -> "list[Finding]":
    """What is wrong with the failed connections that belong to no pull. ``pulls`` tell what worked afterwards."""
    from inspector.rules import diagnosis

    return diagnosis.capture_findings(failed, pulls)
