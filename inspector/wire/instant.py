"""Moments as JSON writes them: RFC 3339.

Knows: the grammar, and that Go writes nanoseconds and a zero value. Must not know: what time it is now.
"""

import re
from datetime import UTC, datetime, timedelta

# RFC 3339 section 5.6
#   date-time   = full-date "T" full-time
#   full-time   = time-hour ":" time-minute ":" time-second [time-secfrac] ("Z" / time-numoffset)
_DATE_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,30})?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)


def parse_rfc3339(text: str) -> float | None:
    """Epoch seconds with their fraction; None for other text, and for the year 1 that is Go's word for "not set"."""
    match = _DATE_TIME.fullmatch(text.strip()) if len(text) <= 80 else None
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(match[n]) for n in range(1, 7))
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
        if match[8]:
            offset = timedelta(hours=int(match[9]), minutes=int(match[10]))
            moment = moment - offset if match[8] == "+" else moment + offset
        seconds = moment.timestamp()
    except (ValueError, OverflowError):
        return None
    return None if year == 1 else seconds + float(match[7] or 0)
