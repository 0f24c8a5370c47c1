"""The whole report as one value: where it came from, the pulls, and what belongs to none.

Knows: pulls and findings. Must not know: files' formats, how it is shown. It mirrors report-json.md's document.
"""

import msgspec

from inspector.core.finding import Finding
from inspector.core.pull import Pull


class Source(msgspec.Struct, kw_only=True):
    """A file that was read. ``missing`` is a sentence when it is cut; ``redaction`` is what the file says of itself."""

    file: str
    format: str
    complete: bool = True
    missing: str | None = None
    redaction: str | None = None


class Report(msgspec.Struct, kw_only=True):
    """Everything that a file, or a live run, has shown."""

    sources: list[Source] = msgspec.field(default_factory=list)
    pulls: list[Pull] = msgspec.field(default_factory=list)
    other_exchanges: int = 0
    connections_failed: int = 0
    findings: list[Finding] = msgspec.field(default_factory=list)
