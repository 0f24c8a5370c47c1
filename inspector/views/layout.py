"""Text in YAML's shape, which mitmproxy's windows colour: fields, lists, remarks after ``#``.

Knows: text. Must not know: registries. Everything that a peer wrote is cleaned here: a name may hold an escape sequence.
"""

from datetime import UTC, datetime

from inspector.wire.clean import clean

FITS, WRONG, OPEN = "✔", "✘", "–"
_LONGEST = 2000


def field(name: str, value: object, remark: str = "", *, deep: int = 0) -> str:
    """One line, ``name: value  # remark``; ``?`` for None."""
    text = "?" if value is None else clean(str(value), _LONGEST)
    return f"{'  ' * deep}{clean(name, 200)}: {text}{_remark(remark)}"


def item(value: object, remark: str = "") -> str:
    """One line of a list."""
    return f"- {clean(str(value), _LONGEST)}{_remark(remark)}"


def title(text: str) -> str:
    """The first line: what this is."""
    return f"# {clean(text, _LONGEST)}"


def problems(sentences: tuple[str, ...]) -> list[str]:
    """What is not as the spec has it, a remark a line."""
    return [f"# {WRONG} {clean(sentence, _LONGEST)}" for sentence in sentences]


def when(epoch: float | None) -> str | None:
    """An epoch second as RFC 3339 in UTC; None when there is none, or no calendar has it."""
    try:
        return None if epoch is None else datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        return None


def _remark(text: str) -> str:
    return f"  # {clean(text, _LONGEST)}" if text else ""
