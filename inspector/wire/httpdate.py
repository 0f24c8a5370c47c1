"""HTTP dates: the three forms of RFC 9110 section 5.6.7, and nothing wider.

Knows: the grammar. Must not know: what time it is now.
"""

import re
from datetime import UTC, datetime

_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, 1)}

# RFC 9110 section 5.6.7
#   IMF-fixdate  = day-name "," SP date1 SP time-of-day SP GMT     ; Sun, 06 Nov 1994 08:49:37 GMT
#   rfc850-date  = day-name-l "," SP date2 SP time-of-day SP GMT   ; Sunday, 06-Nov-94 08:49:37 GMT
#   asctime-date = day-name SP date3 SP time-of-day SP year        ; Sun Nov  6 08:49:37 1994
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_FORMS = (
    re.compile(
        r"[a-z]{3}, (?P<day>[0-9]{1,2}) (?P<month>[a-z]{3}) (?P<year>[0-9]{4}) " + _TIME + " (?:gmt|utc)"
    ),
    re.compile(r"[a-z]{6,9}, (?P<day>[0-9]{2})-(?P<month>[a-z]{3})-(?P<year>[0-9]{2}) " + _TIME + r" gmt"),
    re.compile(r"[a-z]{3} (?P<month>[a-z]{3}) (?P<day>[ 0-9][0-9]) " + _TIME + r" (?P<year>[0-9]{4})"),
)
_LONGEST = 64


def parse_http_date(value: str) -> float | None:
    """Epoch seconds of a Date, Expires or Last-Modified value; None when it is no HTTP date."""
    text = value.strip().lower()
    if len(text) > _LONGEST:
        return None
    match = next((found for form in _FORMS if (found := form.fullmatch(text))), None)
    if match is None:
        return None
    year, day, hour, minute, second = (
        int(match[part]) for part in ("year", "day", "hour", "minute", "second")
    )
    if len(match["year"]) == 2:
        # The RFC takes such a year as at most 50 years ahead of now; without a clock, the epoch divides the centuries.
        year += 1900 if year >= 70 else 2000
    second = min(second, 59)  # 60 is a leap second, which datetime does not know
    try:
        return datetime(year, _MONTHS[match["month"]], day, hour, minute, second, tzinfo=UTC).timestamp()
    except (KeyError, ValueError, OverflowError):
        return None
