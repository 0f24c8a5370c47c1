"""Numbers as a person reads them: bytes, seconds, shares, counts, the time of day.

Knows: numbers. Must not know: what they measure. ``None`` is "not known" and comes out as a dash, never as 0.
"""

import math
from datetime import UTC, datetime

UNKNOWN = "–"

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def size(count: int | None) -> str:
    """Bytes with two or three digits and a decimal unit: ``404 B``, ``1.3 kB``, ``305 kB``, ``50 MB``."""
    if count is None or count < 0:
        return UNKNOWN
    value, unit = float(count), 0
    # 999.5 would be printed as 1000: the next unit says it shorter.
    while value >= (1000 if unit == 0 else 999.5) and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    if unit and value < 9.95:
        return f"{value:.1f} {_UNITS[unit]}"
    return f"{value:.0f} {_UNITS[unit]}"


def part(received: int | None, total: int | None) -> str:
    """Some of a whole, in the whole's unit where both share it: ``5.2 of 50 MB``, ``980 kB of 50 MB``."""
    if total is None or received is None:
        return size(received)
    got, whole = size(received), size(total)
    number, _, unit = got.partition(" ")
    return f"{number} of {whole}" if whole.endswith(f" {unit}") else f"{got} of {whole}"


def duration(seconds: float | None) -> str:
    """Seconds: ``<1 ms``, ``8 ms``, ``2.31 s``, ``12.3 s``, ``2 min 05 s``, ``1 h 02 min``."""
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    if seconds < 0.0005:
        return "0 ms" if seconds <= 0 else "<1 ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def elapsed(seconds: float) -> str:
    """A pull's length: seconds even when it is short, as in ``0.13 s``."""
    return f"{seconds:.2f} s" if 0.005 <= seconds < 1 else duration(seconds)


def percent(share: float) -> str:
    """A share of one: ``38 %``; a little that is there does not become 0."""
    if 0 < share < 0.005:
        return "<1 %"
    return f"{share * 100:.0f} %"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """``1 request``, ``9 requests``, ``10,000 requests``."""
    word = noun if number == 1 else plural or noun + "s"
    return f"{number:,} {word}"


def ranges(numbers: list[int], most: int = 12) -> str:
    """Numbers of steps in a word: ``step 4``, ``steps 3-7, 9``; at most so many ranges."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][-1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    said = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in parts[:most])
    return f"step{'s' if len(numbers) > 1 else ''} {said}{', …' if len(parts) > most else ''}"


def rate(count_: int | None, seconds: float | None) -> str | None:
    """Bytes a second: ``18 MB/s``; None when there is nothing to divide."""
    if not count_ or not seconds or seconds <= 0:
        return None
    return f"{size(round(count_ / seconds))}/s"


def moment(epoch: float | None) -> datetime | None:
    """The local date and time of an epoch second; None when it is not known or beyond the calendar."""
    if epoch is None or not math.isfinite(epoch):
        return None
    try:
        return datetime.fromtimestamp(epoch, tz=UTC).astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def clock(epoch: float | None) -> str:
    """The local time of day to the millisecond: ``14:31:00.123``."""
    when = moment(epoch)
    return when.strftime("%H:%M:%S.") + f"{when.microsecond // 1000:03d}" if when else UNKNOWN


def date(epoch: float | None) -> str:
    """The local date and time to the second: ``2026-11-24 14:31:00``."""
    when = moment(epoch)
    return when.strftime("%Y-%m-%d %H:%M:%S") if when else UNKNOWN
