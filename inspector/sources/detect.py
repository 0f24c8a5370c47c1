"""What kind of capture a file is, by its first bytes, and the reader for it.

Knows: how flow files, HAR files and what is mistaken for them begin. Must not know: what is in them.
"""

import io
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple

from inspector.core.report import Source
from inspector.sources.errors import CaptureError
from inspector.sources.flowfile import FlowFile
from inspector.sources.har import HarFile
from inspector.sources.redact import Redactor

type Progress = Callable[[int, int | None], None]

_READ = 256 * 1024
_BOM = b"\xef\xbb\xbf"
_HINT = "Give a file that `mitmdump -w` or this tool wrote, or a HAR file."

_PACKED = (
    (b"\x1f\x8b", "gzip", "gunzip"),
    (b"\x28\xb5\x2f\xfd", "zstd", "unzstd"),
    (b"BZh", "bzip2", "bunzip2"),
    (b"\xfd7zXZ\x00", "xz", "unxz"),
    (b"PK\x03\x04", "zip", "unzip"),
)
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


class Capture(NamedTuple):
    """An open capture: ``format`` is ``flow`` or ``har``; iterate ``events`` once, then ``source`` is right."""

    format: str
    events: FlowFile | HarFile
    source: Source


def open_capture(path: str, redactor: Redactor, progress: Progress | None = None) -> Capture:
    """Open a capture by its path (``-`` for standard input). An empty file is a flow file without flows.

    Raises CaptureError, in one sentence, for a file that is not there, cannot be read, or is neither format.
    """
    stream, name = _open(path, redactor), redactor.file_name(path)
    try:
        head = stream.peek(512)[:512]
    except OSError as error:
        raise CaptureError(f"{name}: cannot be read: {error.strerror or 'read error'}.") from None
    if head.removeprefix(_BOM).lstrip()[:1] == b"{":
        har = HarFile(stream, redactor, name=path, progress=progress)
        return Capture("har", har, har.source)
    if not head or head[:1].isdigit():
        flows = FlowFile(stream, redactor, name=path, progress=progress)
        return Capture("flow", flows, flows.source)
    if path != "-":
        stream.close()
    for magic, kind, tool in _PACKED:
        if head.startswith(magic):
            raise CaptureError(f"{name}: compressed with {kind}. Unpack it first, with {tool}.")
    if head.startswith(_ZLIB):
        raise CaptureError(f"{name}: compressed, such as mitmproxy's .zhar is. Save it as .har instead.")
    raise CaptureError(f"{name}: not a capture: neither a mitmproxy flow file nor HAR. {_HINT}")


def _open(path: str, redactor: Redactor) -> io.BufferedReader:
    if path == "-":
        if sys.stdin is None:
            raise CaptureError("-: standard input is closed.")
        return _buffered(sys.stdin.buffer)
    name = redactor.file_name(path)
    try:
        if not stat.S_ISDIR(Path(path).stat().st_mode):
            return io.BufferedReader(io.FileIO(path), _READ)
    except FileNotFoundError:
        raise CaptureError(f"{name}: there is no such file.") from None
    except PermissionError:
        raise CaptureError(
            f"{name}: may not be read by this user. Captures are their owner's only: run as the owner."
        ) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "not a file name"
        raise CaptureError(f"{name}: cannot be opened: {why}.") from None
    raise CaptureError(f"{name}: a folder. Give a capture that is in it.")


def _buffered(stream: BinaryIO) -> io.BufferedReader:
    return stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[arg-type]
