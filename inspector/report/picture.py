"""The printed report as a picture: one SVG file that needs nothing from anywhere, neither fonts nor scripts.

Knows: rich's export, and how a dark terminal looks. Must not know: what is printed. Every text in it went through
``Lines`` or is cleaned here, and is escaped by rich: what was recorded cannot become markup.
"""

import io
import re
from collections.abc import Callable
from html import escape

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from inspector.report.lines import crop_middle, safe

_MONOSPACE = "ui-monospace, 'Cascadia Mono', 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"

_FORMAT = """\
<svg class="rich-terminal" role="img" aria-label="{{label}}" viewBox="0 0 {width} {height}" \
xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: {monospace}; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-family: {monospace}; font-size: 16px; }}
{styles}
</style>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""

_DARK = TerminalTheme(
    (22, 27, 34),
    (225, 230, 236),
    [
        (72, 79, 88), (255, 123, 114), (86, 211, 100), (227, 179, 65),
        (121, 184, 255), (219, 166, 255), (86, 212, 221), (225, 230, 236),
    ],
)  # fmt: skip
"""Background, foreground, and the eight colours: each of them reads well on the background, dimmed as well."""

# Rich clips each line against its neighbours (ours are as wide as they are), and draws the ends of lines. A quote and a
# less-than sign in a text are escaped, so neither of these is ever text.
_NEEDLESS = re.compile(r' clip-path="url\(#[\w-]+\)"|<text [^>]*>\n</text>')
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 section 2.2


def picture(draw: Callable[[Console], None], *, width: int = 100, title: str = "") -> str:
    """What ``draw`` prints at ``width`` columns, as the text of an SVG file; ``title`` stands over it."""
    console = Console(
        record=True, file=io.StringIO(), width=width, force_terminal=True, color_system="truecolor", legacy_windows=False,
        highlight=False, markup=False, emoji=False, _environ={},
    )  # fmt: skip
    draw(console)
    over = crop_middle(safe(title), max(width - 16, 8))
    form = _FORMAT.replace("{monospace}", _MONOSPACE)
    drawn = console.export_svg(title=over, theme=_DARK, code_format=form, font_aspect_ratio=0.6)
    return _NOT_XML.sub("\ufffd", _NEEDLESS.sub("", drawn).replace("{label}", escape(over), 1))
