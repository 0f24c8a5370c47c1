"""Undoes a Content-Encoding piece by piece, within bounds. Knows the codings of RFC 9110 §8.4.1, br and zstd.

Must not know: flows, hashes. Peers' bytes may be broken or a bomb: then the answer is "cannot tell", never an exception
that leaves this file, and never more than a few MiB of memory.
"""

import contextlib
import importlib
import zlib
from collections.abc import Callable, Iterator
from typing import Any

PIECE = 1 << 20
"""Most bytes of decoded content that are handed out at once."""

SLICE = 64
"""Bytes of input fed at once to decoders that know no output limit: zstd's best ratio makes 2 MiB of them."""

BOMB_SIZE = 256 << 20
BOMB_RATIO = 100
"""Beyond this size *and* this ratio the rest is not worth the time that it takes from other bodies."""

WINDOW_ZSTD = 8 << 20
"""RFC 9659 §3: a zstd body may ask for a window of 8 MB and no more."""


class Undecodable(Exception):  # noqa: N818 - an answer, not a fault
    """The coding is unknown, the bytes do not fit it, they break off, or they are a bomb."""


class Decoder:
    """One body's decoder. Feed it in order; after ``Undecodable`` it is of no more use."""

    def __init__(self, coding: str) -> None:
        """``coding`` is the field's value in any case; raises Undecodable for one that is not known, or several."""
        make = CODINGS.get(coding.strip().lower())
        if make is None:
            raise Undecodable(f"coding {coding[:40]!r}")
        try:
            self._engine = make()
        except ImportError as error:
            raise Undecodable(str(error)) from error
        self._in = 0
        self._out = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what ``data`` decodes to, in pieces; raises Undecodable."""
        self._in += len(data)
        try:
            for piece in self._engine.feed(data):
                self._out += len(piece)
                self._check_growth()
                yield piece
        except Undecodable:
            raise
        except Exception as error:  # each library has its own kinds; none may reach the traffic
            raise Undecodable(str(error)) from error

    def _check_growth(self) -> None:
        if self._out > BOMB_SIZE and self._out > BOMB_RATIO * self._in:
            raise Undecodable("it grows without end")

    def finish(self) -> None:
        """Raises Undecodable when the coded stream has not come to its end."""
        if not self._engine.ended():
            raise Undecodable("it breaks off")


def _slices(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), SLICE):
        yield data[start : start + SLICE]


class _Zlib:
    """gzip (also of several members, RFC 1952 §2.2) and deflate (zlib, or raw as some servers send it)."""

    def __init__(self, *, raw_too: bool) -> None:
        self._raw_too = raw_too
        self._make: Callable[[], Any] = lambda: zlib.decompressobj(zlib.MAX_WBITS | (0 if raw_too else 16))
        self._now = self._make()
        self._fed = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._now.eof:
                self._now = self._make()
            try:
                piece = self._now.decompress(data, PIECE)
            except zlib.error:
                if self._fed or not self._raw_too:
                    raise
                self._now = zlib.decompressobj(-zlib.MAX_WBITS)
                piece = self._now.decompress(data, PIECE)
            self._fed = True
            data = self._now.unconsumed_tail or self._now.unused_data
            if piece:
                yield piece
        # What does not fit into PIECE may still be inside when the input is used up.
        while not self._now.eof and (piece := self._now.decompress(b"", PIECE)):
            yield piece

    def ended(self) -> bool:
        return bool(self._now.eof) or not self._fed


class _Zstd:
    """zstd through the library that mitmproxy 12.2 brings; frames in a row are one content (RFC 8878 §3)."""

    def __init__(self, library: Any) -> None:
        self._context: Any = library.ZstdDecompressor(max_window_size=WINDOW_ZSTD)
        self._now: Any = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        for part in _slices(data):
            rest = part
            while rest:
                if self._now is None:
                    self._now = self._context.decompressobj()
                if piece := self._now.decompress(rest):
                    yield piece
                rest = b""
                if self._now.eof:
                    rest, self._now = self._now.unused_data, None

    def ended(self) -> bool:
        return self._now is None


class _ZstdOfPython:
    """zstd through Python 3.14's module or its backport, which mitmproxy brings from 12.3 on."""

    def __init__(self, library: Any) -> None:
        window = {library.DecompressionParameter.window_log_max: WINDOW_ZSTD.bit_length() - 1}
        self._make: Callable[[], Any] = lambda: library.ZstdDecompressor(options=window)
        self._now: Any = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._now is None:
                self._now = self._make()
            piece = self._now.decompress(data, PIECE)
            while piece:
                yield piece
                piece = b"" if self._now.eof or self._now.needs_input else self._now.decompress(b"", PIECE)
            data = b""
            if self._now.eof:
                data, self._now = self._now.unused_data, None

    def ended(self) -> bool:
        return self._now is None


def _zstd() -> _Zstd | _ZstdOfPython:
    for name in ("compression.zstd", "backports.zstd", "zstandard"):
        with contextlib.suppress(ImportError):
            library = importlib.import_module(name)
            return _Zstd(library) if name == "zstandard" else _ZstdOfPython(library)
    raise Undecodable("no library for zstd")


class _Brotli:
    def __init__(self) -> None:
        import brotli  # type: ignore[import-untyped]  # comes with mitmproxy

        self._now = brotli.Decompressor()
        self._fed = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._fed = self._fed or bool(data)
        bounded = hasattr(self._now, "can_accept_more_data")  # brotli 1.2; before it there is no output limit
        for rest in [data] if bounded else _slices(data):
            more = rest
            while True:
                piece = (
                    self._now.process(more, output_buffer_limit=PIECE) if bounded else self._now.process(more)
                )
                if piece:
                    yield piece
                # A decoder that takes more input may still hold output: only an empty answer says that it is dry.
                if not bounded or self._now.is_finished() or (not piece and self._now.can_accept_more_data()):
                    break
                more = b""

    def ended(self) -> bool:
        return not self._fed or bool(self._now.is_finished())


CODINGS: dict[str, Callable[[], Any]] = {
    "gzip": lambda: _Zlib(raw_too=False),
    "x-gzip": lambda: _Zlib(raw_too=False),
    "deflate": lambda: _Zlib(raw_too=True),
    "zstd": _zstd,
    "br": _Brotli,
}
