"""A flow file, read from its first byte to where it ends or breaks.

Knows: how mitmproxy frames its records, which format versions there are. Must not know: what a flow means.
Memory is constant: one record at a time, and of a large record no body. What is whole before a break is told;
``source.missing`` then says how much is not.
"""

import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from mitmproxy import version
from mitmproxy.io import compat

from inspector.core.events import Event
from inspector.core.report import Source
from inspector.sources import tnet, view
from inspector.sources.bulk import read_bulk
from inspector.sources.errors import CaptureError
from inspector.sources.flow import Connections, view_events
from inspector.sources.metadata import unpack
from inspector.sources.redact import Redactor

type Progress = Callable[[int, int | None], None]
"""Called with the bytes read so far and the bytes that there are (None: not known)."""

_LARGE = 16 * 1024 * 1024
"""Bytes of a record above which its bodies are not held."""

_READ = 256 * 1024
_EVERY = 1024 * 1024  # bytes between two calls of progress
_MOST_DIGITS = 12
_DICT = ord("}")


class FlowFile:
    """The events of a flow file, to be iterated once; ``source`` and the counts are right when the iteration is over.

    ``foreign`` counts flows that are no HTTP (TCP, UDP, DNS), ``damaged`` records that are no flow. Raises CaptureError
    from the iteration when not even the first record can be read as one.
    """

    def __init__(
        self, stream: BinaryIO, redactor: Redactor, *, name: str = "-", progress: Progress | None = None
    ) -> None:
        self.source = Source(file=redactor.file_name(name), format="flow")
        self.foreign = 0
        self.damaged = 0
        self._stream = stream if hasattr(stream, "peek") else io.BufferedReader(_raw(stream), _READ)
        self._redactor = redactor
        self._connections = Connections()
        self._progress = progress
        self._size = size_of(stream)
        self._at = 0
        self._records = 0
        self._redactions: set[str | None] = set()

    def __iter__(self) -> Iterator[Event]:
        told = 0
        try:
            for state in self._states():
                yield from self._events(state)
                if self._progress is not None and self._at - told >= _EVERY:
                    told = self._at
                    self._progress(self._at, self._size)
        except OSError as error:
            self._unreadable(error)
        if self._progress is not None:
            self._progress(self._at, self._size)
        said = self._redactions
        self.source.redaction = next(iter(said)) if len(said) == 1 else "mixed" if said else None

    def close(self) -> None:
        """Close the stream, unless it is standard input."""
        if sys.stdin is None or self._stream is not sys.stdin.buffer:
            self._stream.close()

    # -- records to events -----------------------------------------------------------------------------------------

    def _events(self, state: dict[Any, Any]) -> list[Event]:
        if state.get("type", "http") != "http":
            self.foreign += 1
            return []
        seen = view.of_state(state)
        if seen is None:
            self.damaged += 1
            return []
        facts = unpack(seen.metadata)
        self._redactions.add(facts.redaction if facts else None)
        return view_events(seen, self._redactor, self._connections, facts)

    # -- bytes to records ------------------------------------------------------------------------------------------

    def _states(self) -> Iterator[dict[Any, Any]]:
        while True:
            start = self._at
            length = self._length(start)
            if length is None:
                return
            if length > _LARGE:
                value, read, whole = read_bulk(self._stream, length, view.SKIPPED)
                self._at += read
                data = b""
            else:
                data = self._stream.read(length + 1)
                self._at += len(data)
                whole = len(data) == length + 1
                value = None
            if not whole:
                self._cut(start, start + len(str(length)) + 2 + length - self._at)
                return
            if length <= _LARGE:
                if data[-1] != _DICT:
                    self._broken(start)
                    return
                value = _parsed(data[:-1])
            state = self._migrated(value, data)
            if state is not None:
                yield state

    def _length(self, start: int) -> int | None:
        """The next record's length; None at the end, or where no record begins (which is noted)."""
        digits = b""
        while True:
            byte = self._stream.read(1)
            self._at += len(byte)
            if byte == b":" and digits:
                return int(digits)
            if not byte:
                if digits:
                    self._cut(start, None)
                return None
            if not byte.isdigit() or len(digits) >= _MOST_DIGITS:
                self._broken(start)
                return None
            digits += byte

    def _migrated(self, value: object, data: bytes) -> dict[Any, Any] | None:
        """The record as a state of the format that is read here; None (and a count) when it is no flow."""
        self._records += 1
        if not isinstance(value, dict):
            return self._no_flow()
        found = value.get("version", value.get(b"version"))
        if found == version.FLOW_FORMAT_VERSION and not isinstance(found, bool):
            return value
        if isinstance(found, int) and found > version.FLOW_FORMAT_VERSION:
            raise CaptureError(
                f"{self.source.file}: written by a newer mitmproxy (flow format {str(found)[:12]}, this one reads up to "
                f"{version.FLOW_FORMAT_VERSION}). Update mitmproxy to read it."
            )
        try:  # an old format: mitmproxy's own converters want every field
            whole = tnet.parse(data[:-1], _DICT) if data else value
            return compat.migrate_flow(whole) if isinstance(whole, dict) else self._no_flow()
        except Exception:  # the converters trust their input; whatever they trip over, it is no flow
            return self._no_flow()

    def _no_flow(self) -> dict[Any, Any] | None:
        if self._records == 1:
            raise CaptureError(
                f"{self.source.file}: not a capture: its first record is no mitmproxy flow. Give a file that "
                "`mitmdump -w` or this tool wrote, or a HAR file."
            )
        self.damaged += 1
        return None

    # -- ends ------------------------------------------------------------------------------------------------------

    def _cut(self, start: int, lacking: int | None) -> None:
        here = self._at - start
        self.source.complete = False
        rest = "" if lacking is None else f", {lacking:,} bytes are missing"
        self.source.missing = f"The file is cut: of its last record {here:,} bytes are there{rest}."

    def _unreadable(self, error: OSError) -> None:
        why = error.strerror or "read error"
        if not self._records:
            raise CaptureError(f"{self.source.file}: cannot be read: {why}.") from None
        self.source.complete = False
        self.source.missing = f"The file could not be read beyond byte {self._at:,}: {why}."

    def _broken(self, start: int) -> None:
        if not self._records:
            raise CaptureError(
                f"{self.source.file}: not a capture: neither a mitmproxy flow file nor HAR. Give a file that "
                "`mitmdump -w` or this tool wrote, or a HAR file."
            )
        rest = "the rest" if self._size is None else f"the last {self._size - start:,} bytes"
        self.source.complete = False
        self.source.missing = f"The file is damaged at byte {start:,}: {rest} could not be read."


def _parsed(data: bytes) -> object:
    try:
        return tnet.parse(data, _DICT, view.SKIPPED)
    except tnet.TnetError:
        return None


def _raw(stream: BinaryIO) -> Any:
    return stream.raw if isinstance(stream, io.BufferedReader) else stream


def size_of(stream: BinaryIO) -> int | None:
    """The bytes of a regular file; None for a pipe."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, AttributeError, io.UnsupportedOperation):
        return len(stream.getbuffer()) if isinstance(stream, io.BytesIO) else None
    return found.st_size or None


def read_flow_file(
    source: BinaryIO | str | Path, redactor: Redactor, progress: Progress | None = None
) -> FlowFile:
    """The events of a flow file: a path, ``-`` for standard input, or an open binary stream.

    Raises OSError when a path cannot be opened. ``close`` closes it.
    """
    if isinstance(source, str | Path):
        if str(source) == "-":
            return FlowFile(sys.stdin.buffer, redactor, progress=progress)
        return FlowFile(
            Path(source).open("rb", buffering=_READ), redactor, name=str(source), progress=progress
        )
    return FlowFile(source, redactor, progress=progress)
