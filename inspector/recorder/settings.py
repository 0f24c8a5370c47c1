"""The recording addon's options: their names, defaults and help, and what their values mean.

Knows: strings that a user typed. Must not know: flows, files that are open, the terminal.
A value that makes no sense raises ValueError with a sentence that names the option and what it takes.
"""

import time
from pathlib import Path
from typing import NamedTuple

from mitmproxy.utils import human

from inspector.sources.redact import LEVELS

DEFAULT_CAPTURE = "pull-%Y%m%d-%H%M%S.flow"


class Option(NamedTuple):
    """One option as mitmproxy declares it. All are strings, so that a mistake is ours to explain."""

    name: str
    default: str
    help: str


OPTIONS = (
    Option(
        "registry_capture",
        DEFAULT_CAPTURE,
        "Where to write the capture, a mitmproxy flow file that only its owner can read. The file's name may hold "
        "strftime formats. A file that holds something is left alone and the next free name is taken. Empty: no "
        "capture. With -r none is written unless this is set.",
    ),
    Option(
        "registry_redact",
        "default",
        "How much is replaced before anything is stored or shown: default (secrets), strict (also addresses and "
        "details of the clients), none.",
    ),
    Option(
        "registry_live",
        "auto",
        "Print each exchange as it ends and each pull's report: on, off, or auto (in mitmdump, unless it is told to "
        "be quiet).",
    ),
    Option(
        "registry_rotate",
        "0",
        "Size at which the capture goes on in a new file (FILE.1, FILE.2, …), such as 100m. 0: never.",
    ),
)

_LIVE = {"auto": None, "on": True, "off": False, "true": True, "false": False, "yes": True, "no": False}


class Settings(NamedTuple):
    """What the options mean. ``capture`` is None for no capture, ``live`` None for "auto", ``rotate`` in bytes."""

    capture: Path | None
    redact: str
    live: bool | None
    rotate: int


def parse(capture: str, redact: str, live: str, rotate: str) -> Settings:
    """The settings that the options' values mean now (the file's name may hold the time). Raises ValueError."""
    if redact not in LEVELS:
        raise ValueError(f"registry_redact is one of {', '.join(LEVELS)}, not {redact!r}")
    if live.lower() not in _LIVE:
        raise ValueError(f"registry_live is one of auto, on, off, not {live!r}")
    return Settings(_path(capture), redact, _LIVE[live.lower()], _size(rotate))


def _path(text: str) -> Path | None:
    if not text.strip():
        return None
    if text.startswith("+"):
        raise ValueError("registry_capture does not append to a file: give the path without the +")
    path = Path(text).expanduser()
    return path.with_name(time.strftime(path.name)) if "%" in path.name else path


def _size(text: str) -> int:
    try:
        size = human.parse_size(text.strip() or "0")
    except ValueError:
        size = None
    if size is None or size < 0:
        raise ValueError(f"registry_rotate is a size such as 500k, 100m or 2g, not {text!r}")
    return size
