"""The fault addon's options: their names, defaults and help, and what their values mean.

Knows: strings that a user typed, mitmproxy's filter expressions. Must not know: flows, how a fault is carried out.
A value that makes no sense raises ValueError with a sentence that names the option and what it takes.
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mitmproxy import flowfilter

from inspector.faults.absent import ABSENT
from inspector.faults.catalogue import faults
from inspector.faults.plan import Entry, Plan

HELP = frozenset({"help", "list"})
_MOST_TIMES = 10**9


class Option(NamedTuple):
    """One option as mitmproxy declares it."""

    name: str
    kind: type
    default: str | Sequence[str]
    help: str


OPTIONS = (
    Option(
        "fault",
        list,
        (),
        "What to break: NAME, NAME:TIMES, or several, separated by commas or the option repeated. Without TIMES: "
        "always. Each request is struck by the first that fits it and is not used up. help: print the list and end.",
    ),
    Option(
        "fault_filter",
        str,
        "",
        "Break only what this filter expression of mitmproxy fits, such as “~d registry.test & ~u layer”.",
    ),
    Option(
        "fault_after",
        str,
        "",
        "Bytes of a body that pass before body-truncated, stalled or digest-mismatch strikes. Empty: half of it.",
    ),
)


def wants_help(words: Iterable[str]) -> bool:
    """Whether the list is asked for."""
    return any(name in HELP for name, _ in _split(words))


def parse(words: Iterable[str], filter_text: str, after: str) -> Plan:
    """The plan that the options' values mean. Raises ValueError."""
    entries = [_entry(name, times) for name, times in _split(words) if name not in HELP]
    return Plan(entries, chosen=_filter(filter_text), after=_bytes(after))


def _split(words: Iterable[str]) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    for one in (part.strip() for word in words for part in word.split(",")):
        name, colon, times = one.partition(":")
        if one:
            found.append((name.strip(), times.strip() if colon else None))
    return found


def _entry(name: str, times: str | None) -> Entry:
    known = faults()
    fault = known.get(name.lower())
    if fault is None:
        raise ValueError(_unknown(name, list(known)))
    if times is None:
        return Entry(fault)
    count = int(times) if times.isascii() and times.isdigit() and len(times) < 10 else 0
    if not 0 < count < _MOST_TIMES:
        raise ValueError(f"fault={name}:TIMES takes a number from 1 on, as in {name}:2, not {times!r}")
    return Entry(fault, count)


def _unknown(name: str, known: list[str]) -> str:
    if reason := ABSENT.get(name):
        return f"fault={name} cannot be brought about in transit: {reason.rstrip('.')}"
    words = set(name.split("-"))
    near = difflib.get_close_matches(name, known, 1, 0.5) or sorted(
        (one for one in known if words & set(one.split("-"))),
        key=lambda one: -len(words & set(one.split("-"))),
    )
    hint = f"did you mean {near[0]}?" if near else "fault=help lists them"
    return f"there is no fault {name!r}: {hint}"


def _filter(text: str) -> flowfilter.TFilter | None:
    if not text.strip():
        return None
    try:
        return flowfilter.parse(text)
    except ValueError as error:
        raise ValueError(
            f"fault_filter is a filter expression of mitmproxy such as “~d registry.test”, not {text!r}"
        ) from error


def _bytes(text: str) -> int | None:
    if not text.strip():
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise ValueError(f"fault_after is a number of bytes, not {text!r}")
    return int(text)
