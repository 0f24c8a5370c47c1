"""Takes settings out of words, and notes what is wrong, with its place, going on.

Knows: kinds of values. Must not know: which settings there are. A value that may be a password is never quoted.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

type Words = Mapping[str, Any]
type Key = tuple[str, ...]


class Mistakes(ValueError):  # noqa: N818 - reads as what it is
    """What is wrong, one line each."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Reader:
    """Takes settings out of words and notes what is wrong, with its place, going on."""

    def __init__(self, place: Callable[[Key], str], environ: Mapping[str, str], folder: Path) -> None:
        self.lines: list[str] = []
        self.environ = environ
        self.folder = folder
        self._place = place

    def wrong(self, key: Key, sentence: str) -> None:
        """Note a mistake."""
        self.lines.append(f"{self._place(key)}: {sentence}")

    def unknown(self, words: Words, allowed: frozenset[str], at: Key) -> None:
        """Note names that mean nothing."""
        for name in words:
            if name not in allowed:
                self.wrong((*at, name), f"there is no such setting; there are {', '.join(sorted(allowed))}")

    def text(self, words: Words, name: str, at: Key = ()) -> str | None:
        """A text that is not empty."""
        value = words.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            self.wrong((*at, name), "takes text")
            return None
        return value

    def texts(self, words: Words, name: str, at: Key = ()) -> tuple[str, ...]:
        """A list of texts."""
        value = words.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.wrong((*at, name), "takes a list of texts")
            return ()
        return tuple(value)

    def choice(self, words: Words, name: str, allowed: list[str], default: str) -> str:
        """One of a few words."""
        value = self.text(words, name) or default
        if value not in allowed:
            self.wrong((name,), f"is one of {', '.join(allowed)}, not {value!r}")
            return default
        return value

    def number(self, words: Words, name: str, default: float, most: float) -> float:
        """A number from 0."""
        value = words.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            self.wrong((name,), f"is a number from 0 to {most:g}, not {value!r}")
            return default
        return value

    def flag(self, words: Words, name: str, default: bool, at: Key = ()) -> bool:
        """True or false."""
        value = words.get(name, default)
        if not isinstance(value, bool):
            self.wrong((*at, name), "is true or false")
            return default
        return value

    def file(self, words: Words, name: str, at: Key = ()) -> str | None:
        """The text of a file, by its path, which is relative to the configuration's folder."""
        path = self.text(words, name, at)
        if path is None:
            return None
        try:
            return (self.folder / Path(path).expanduser()).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self.wrong(
                (*at, name), f"{path} cannot be read ({getattr(error, 'strerror', None) or 'not UTF-8'})"
            )
            return None
