"""A finding's fingerprint: what stays the same when the same thing is wrong in the next run.

Knows: a finding's evidence, and the exchange that it names. Must not know: files. Code, host, stage and repository; no
times, no tokens, no digests, no step numbers, no wording: those change from run to run, or with the next release.
"""

import re
from typing import NamedTuple

from inspector.core.finding import Finding
from inspector.core.pull import Pull

# How rules begin the evidence of a failed connection: ``auth.docker.io:443: refused``.
_PLACE = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::\d+)?: ")


class Fingerprint(NamedTuple):
    """Compared as a whole. ``host`` has its port as the request names it; "-" stands for what is not known."""

    code: str
    host: str
    stage: str
    repository: str


def fingerprint(finding: Finding, pull: Pull | None) -> Fingerprint:
    """The fingerprint of a finding of ``pull``, or of what belongs to no pull. Never raises."""
    host, stage = "-", "-"
    for piece in finding.evidence:
        if piece.exchange is None and (place := _PLACE.match(piece.what)):
            host, stage = place[1], "connection"
            break
        if pull is not None and piece.exchange is not None and 0 < piece.exchange <= len(pull.steps):
            step = pull.step(piece.exchange)
            host, stage = step.exchange.host, str(step.stage)
            break
    repository = (pull.repository if pull is not None else None) or "-"
    return Fingerprint(finding.code, host or "-", stage, repository)
