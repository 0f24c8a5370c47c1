"""A HAR file, as browsers, proxies and mitmproxy write it.

Knows: HAR 1.2 and where its writers differ: null anywhere, -1 for unknown times and sizes, bodies as text or base64, or
left out. Must not know: pulls. What a writer leaves out is unknown here, never empty: mitmproxy, for one, writes 0 bytes
for a body that it streamed.

JSON cannot be read in pieces with the tools at hand: the whole file is in memory once, and one entry of it decoded at a
time. So a HAR file of more than 512 MiB is refused; a flow file has no such limit.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from inspector.core.events import Event
from inspector.core.report import Source
from inspector.sources.errors import CaptureError
from inspector.sources.flow import view_events
from inspector.sources.flowfile import size_of
from inspector.sources.harentry import view_of_entry
from inspector.sources.harsalvage import salvage
from inspector.sources.redact import Redactor

LIMIT = 512 * 1024 * 1024
"""Bytes of a HAR file that are read."""

_BOM = b"\xef\xbb\xbf"
_EVERY = 200  # entries between two calls of progress

type Progress = Callable[[int, int | None], None]


class _Log(msgspec.Struct):
    entries: list[msgspec.Raw]


class _File(msgspec.Struct):
    log: _Log


class HarFile:
    """The events of a HAR file, to be iterated once; ``source`` is right when the iteration is over.

    ``damaged`` counts entries that are no exchange. Raises CaptureError from the iteration for what is no HAR.
    """

    def __init__(
        self, stream: BinaryIO, redactor: Redactor, *, name: str = "-", progress: Progress | None = None
    ) -> None:
        self.source = Source(file=redactor.file_name(name), format="har")
        self.foreign = 0
        self.damaged = 0
        self._stream = stream
        self._redactor = redactor
        self._progress = progress or (lambda _done, _total: None)

    def __iter__(self) -> Iterator[Event]:
        data = self._data()
        entries = self._entries(data)
        size = len(data)
        del data
        for number, entry in enumerate(entries):
            view_and_facts = None
            if isinstance(value := _decoded(entry), dict):
                view_and_facts = view_of_entry(value, number)
            if view_and_facts is None:
                self.damaged += 1
                continue
            view, facts = view_and_facts
            yield from view_events(view, self._redactor, None, facts)
            if number % _EVERY == 0:
                self._progress(size * number // len(entries), size)
        self._progress(size, size)

    def close(self) -> None:
        """Close the stream, unless it is standard input."""
        if sys.stdin is None or self._stream is not sys.stdin.buffer:
            self._stream.close()

    def _data(self) -> bytes:
        try:
            known = size_of(self._stream)  # a file that is too large is not even read
            data = b"" if known is not None and known > LIMIT else self._stream.read(LIMIT + 1)
        except OSError as error:
            raise CaptureError(
                f"{self.source.file}: cannot be read: {error.strerror or 'read error'}."
            ) from None
        if max(len(data), known or 0) > LIMIT:
            raise CaptureError(
                f"{self.source.file}: this HAR file is larger than {LIMIT >> 20} MiB, which is as much as is read. Save "
                "less in one file, or record a flow file with `mitmdump -w`."
            )
        return data.removeprefix(_BOM)

    def _entries(self, data: bytes) -> list[msgspec.Raw] | list[Any]:
        try:
            return msgspec.json.decode(data, type=_File).log.entries
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            wrong_shape = isinstance(error, msgspec.ValidationError)
        found = None if wrong_shape else salvage(data)
        if found is None:
            raise CaptureError(
                f"{self.source.file}: JSON, but not HAR: there is no log with entries in it. Give a HAR file, or a flow "
                "file that `mitmdump -w` or this tool wrote."
            )
        entries, rest = found
        if rest:
            self.source.complete = False
            self.source.missing = f"The file is cut or damaged: the last {rest:,} bytes could not be read."
        return entries


def _decoded(entry: Any) -> object:
    """An entry as plain values; None when it is no JSON."""
    if not isinstance(entry, msgspec.Raw):
        return entry
    try:
        return msgspec.json.decode(entry)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = salvage(b'{"log":{"entries":[' + bytes(entry) + b"]}}")
        return found[0][0] if found and found[0] else None


def read_har(source: BinaryIO | str | Path, redactor: Redactor, progress: Progress | None = None) -> HarFile:
    """The events of a HAR file: a path, ``-`` for standard input, or an open binary stream.

    Raises OSError when a path cannot be opened.
    """
    if isinstance(source, str | Path):
        if str(source) == "-":
            return HarFile(sys.stdin.buffer, redactor, progress=progress)
        return HarFile(Path(source).open("rb"), redactor, name=str(source), progress=progress)
    return HarFile(source, redactor, progress=progress)
