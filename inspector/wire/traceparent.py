"""The trace that a request belongs to (W3C Trace Context, section 3.2).

Knows: the field's grammar. Must not know: what a trace is of. dockerd, BuildKit and containerd send the field when their
tracing is on: one trace is one operation of the user's.
"""

import re

# version "-" trace-id "-" parent-id "-" trace-flags; a higher version may have more behind the flags (section 3.2.4)
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")


def trace_id(value: str | None) -> str | None:
    """The trace-id, 32 hex digits; None when the field is absent or not valid (all zeros, version ff, other form)."""
    match = _TRACEPARENT.fullmatch(value.strip()) if value else None
    if match is None:
        return None
    version, trace, parent, more = match.groups()
    if version == "ff" or (version == "00" and more) or not trace.strip("0") or not parent.strip("0"):
        return None
    return trace
