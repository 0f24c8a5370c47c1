"""The base of every renderable: whole lines that fit the width, safe to print, plain ASCII where the terminal needs it.

Knows: rich's protocol and what a terminal obeys. Must not know: pulls. Every character of a report passes through
``Lines.__rich_console__``; so this is the one place that makes good the promise that no control character, no markup and
no link comes out of recorded data. (Text is cleaned at the source already; this is the second lock on the door.)
"""

import re
from collections.abc import Iterable, Iterator

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from inspector.wire.clean import clean

# One cell for one cell, so that columns stay where they are.
_ASCII = str.maketrans(
    {
        "✔": "+", "✘": "x", "•": "*", "·": "-", "…": "~", "–": "-", "—": "-", "→": ">", "←": "<", "↻": "^", "×": "x",
        "‹": "<", "›": ">", "“": '"', "”": '"', "’": "'", "§": "S", "▲": "^", "⚠": "!", "◌": "o", "ℹ": "i",
        "│": "|", "┃": "|", "┊": ":", "─": "-", "━": "=", "├": "+", "┤": "+", "┼": "+", "└": "`", "┴": "+", "┬": "+",
        "╭": ".", "╰": "`", "╯": "'", "╮": ".", "▶": ">", "◀": "<", "█": "#", "▓": "=", "░": ".", "▕": "[", "▏": "]",
        "✗": "x", "≥": ">", "↳": "`", "\u00a0": " ",
    }
)  # fmt: skip
_NOT_ASCII = re.compile(r"[^\x20-\x7e]")
_DIGEST = re.compile(r"(?<![0-9a-f])([0-9a-f]{12})[0-9a-f]{52,}(?![0-9a-f])")
_LONGEST = 20_000  # no line of ours is longer; a recorded word may be


def plain_ascii(text: str) -> str:
    """The same text in ASCII, cell for cell; what has no likeness becomes a question mark for each cell."""
    return _NOT_ASCII.sub(lambda match: "?" * cell_len(match.group()), text.translate(_ASCII))


def safe(text: str) -> str:
    """Text in which nothing commands a terminal, on one line."""
    return text if text.isascii() and text.isprintable() else clean(text, _LONGEST)


def shortened(text: str) -> str:
    """The same text with each long digest in it cut to twelve digits, which say which one it is."""
    return _DIGEST.sub(r"\1…", text)


def fitted(reference: str, width: int) -> str:
    """A reference in at most ``width`` cells: its digest gives way first, then its middle."""
    return reference if cell_len(reference) <= width else crop_middle(shortened(reference), width)


def crop(text: str, width: int) -> str:
    """At most ``width`` cells, the end given up: ``production.cloudfla…``."""
    if cell_len(text) <= width:
        return text
    return "" if width < 1 else set_cell_size(text, width - 1).rstrip() + "…"


def crop_middle(text: str, width: int) -> str:
    """At most ``width`` cells, the middle given up: ``registry-1.d…oud.example:5000``."""
    if cell_len(text) <= width:
        return text
    if width < 8:
        return crop(text, width)
    head = (width - 1) // 2
    tail = ""
    for character in reversed(text):
        if cell_len(tail) + cell_len(character) > width - 1 - head:
            break
        tail = character + tail
    return set_cell_size(text, head) + "…" + tail


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Exactly ``width`` cells, cropped or filled; ``right`` puts the text at the right edge."""
    text = crop(text, width)
    fill = " " * (width - cell_len(text))
    return fill + text if right else text + fill


def fold(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` cells, broken between words, and in a word only where it is longer than a line."""
    width = max(width, 8)
    lines: list[str] = []
    line = ""
    for word in safe(text).split():
        room = width - cell_len(line) - 1 if line else width
        while _wider(word, room):
            if _wider(word, width) and room >= 8 and _begins_here(word, room, width):
                head = _head(word, room)
                line, word = (f"{line} {head}" if line else head), word[len(head) :]  # noqa: PLW2901 - the rest of it
            lines.append(line)
            line, room = "", width
        line = f"{line} {word}" if line else word
    if line or not lines:
        lines.append(line)
    return lines


def packed(text: str, width: int) -> list[str]:
    """As ``fold``, but what stands between `` · `` stays together where it fits a line."""
    lines: list[str] = []
    line = ""
    for part in safe(text).split(" · "):
        if line and cell_len(line) + 3 + cell_len(part) <= width:
            line = f"{line} · {part}"
            continue
        if line:
            lines += fold(line, width)
        line = part
    return [*lines, *fold(line, width)]


def _begins_here(word: str, room: int, width: int) -> bool:
    """Whether a word that has to be broken anyway is begun in this line: not if a line of its own breaks it better."""
    return room == width or _good_end(word[:room]) > 0 or not _good_end(word[:width])


def _good_end(head: str) -> int:
    """Where a list or a query is best broken: behind its last separator; 0 where there is none."""
    return max(head.rfind(mark) for mark in ",;&") + 1


def _head(word: str, width: int) -> str:
    """As many of the first characters as fit, up to a separator where there is one."""
    if word.isascii():
        return word[: _good_end(word[:width]) or width]
    used = at = 0
    while at < len(word) and (used := used + cell_len(word[at])) <= width:
        at += 1
    while cell_len(word[:at]) > width:  # a sign that widens the one before it
        at -= 1
    return word[: max(at, 1)]


def _wider(text: str, width: int) -> bool:
    """Whether the text takes more cells. Of a long one its start mostly tells: else folding it would be quadratic."""
    start = 4 * width
    return cell_len(text[:start]) > width or (len(text) > start and cell_len(text) > width)


class Lines:
    """A renderable that says its lines for a width. Subclasses give ``lines``; one Text is one line of output."""

    def lines(self, width: int) -> Iterable[Text]:
        """The lines, each at most ``width`` cells (a longer one is cut with an ellipsis)."""
        raise NotImplementedError

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines(options.max_width):
            yield from _finish(line, options).render(console, end="\n")


def _finish(line: Text, options: ConsoleOptions) -> Text:
    plain = line.plain
    if not plain.isascii() or not plain.isprintable():
        changed = safe(plain)
        if (
            changed != plain
        ):  # an escape is longer than what it stands for: styles would fall on the wrong cells
            line = Text(changed)
    if line.style:
        line.stylize_before(line.style)  # Text.render leaves a line's own style to its caller
    line.rstrip()
    line.truncate(options.max_width, overflow="ellipsis")
    if options.ascii_only and not line.plain.isascii():
        # translated character by character where one is one cell, so that the styles stay in place
        translated = plain_ascii(line.plain)
        line = (
            Text(translated, spans=line.spans, style=line.style)
            if len(translated) == len(line.plain)
            else Text(translated)
        )
    return line


class Stack(Lines):
    """Renderables one under the other, an empty line between those that have something to say."""

    def __init__(self, *parts: Lines) -> None:
        self.parts = parts

    def lines(self, width: int) -> Iterator[Text]:
        """All lines of all parts."""
        first = True
        for part in self.parts:
            start = True
            for line in part.lines(width):
                if start and not first:
                    yield Text()
                first = start = False
                yield line
