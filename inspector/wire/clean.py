r"""Text that is safe to print: what a terminal would obey, or an eye would miss, becomes a visible escape.

Knows: which code points control a terminal, reorder text, or cannot be seen. Must not know: who prints. Markup of
any renderer stays as it is; renderers take the text literally.
"""

import re

_MARK = "…"

# Go through the list by hand when Unicode gains a format character that reorders or hides text:
# C0, DEL, C1; soft hyphen; Arabic letter mark; Mongolian vowel separator; zero-width and directional marks;
# line and paragraph separator, bidi embeddings; word joiner, invisible operators, bidi isolates, deprecated formats;
# surrogates; byte order mark; interlinear annotation; tag characters (which can carry hidden ASCII).
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_NOT_PLAIN = re.compile(r"[^ -~]")


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def clean(text: str, limit: int = 4096) -> str:
    r"""``text`` with every control, bidi, invisible or surrogate code point as ``\x1b``, ``\u202e``, ``\U000e0041``.

    At most ``limit`` characters come back (one at least); the last one is ``…`` where more was there. Cleaning twice
    changes nothing more.
    """
    limit = max(limit, 1)
    if len(text) <= limit and _NOT_PLAIN.search(text) is None:
        return text
    # Only so much is looked at as can be shown: an escape is never shorter than what it stands for.
    shown = _UNSAFE.sub(_escape, text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + _MARK
