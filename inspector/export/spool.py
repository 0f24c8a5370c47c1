"""A place for output that has to wait: in memory while it is small, in a temporary file when it is not.

Knows: bytes. Must not know: what they say. A document names its sources before its pulls, and what it says of them is
only known when all of them were read; and nothing may be printed of a report that ends in an error.
"""

import tempfile
from shutil import copyfileobj
from types import TracebackType
from typing import BinaryIO, Self

IN_MEMORY = 4 * 1024 * 1024
"""Bytes that are held without a file."""


class Spool:
    """Bytes in, the same bytes out, once. The file has no name and is gone with the object."""

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=in_memory)  # noqa: SIM115 - __exit__ closes it

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, data: bytes) -> None:
        """Add to what waits. Raises OSError with the folder's name when the file system is full."""
        try:
            self._file.write(data)
        except OSError as error:
            raise OSError(
                error.errno, f"no room for a temporary file: {error.strerror}", tempfile.gettempdir()
            ) from error

    def copy_to(self, out: BinaryIO) -> None:
        """Write out everything that waits."""
        self._file.seek(0)
        copyfileobj(self._file, out, 256 * 1024)
