"""Codings are undone whole, in any pieces, and hostile input is an answer, not an exception."""

import gzip
import importlib
import zlib

import brotli
import pytest

from inspector.sources import coding
from inspector.sources.coding import Decoder, Undecodable

try:
    zstd = importlib.import_module("backports.zstd")
except ImportError:  # mitmproxy before 12.3
    zstd = importlib.import_module("zstandard")

TEXT = b'{"schemaVersion": 2}' * 5000


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


CODED = {
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
    "zstd": zstd.compress(TEXT),
    "br": brotli.compress(TEXT),
}


def decode(name: str, data: bytes, step: int) -> bytes:
    decoder = Decoder(name)
    out = b"".join(piece for at in range(0, len(data), step) for piece in decoder.feed(data[at : at + step]))
    decoder.finish()
    return out


@pytest.mark.parametrize("name", CODED)
@pytest.mark.parametrize("step", [1, 7, 1 << 20])
def test_decodes_what_was_coded_in_any_pieces(name: str, step: int) -> None:
    assert decode(name, CODED[name], step) == TEXT


@pytest.mark.parametrize("step", [1, 1 << 20])
def test_deflate_without_the_zlib_frame_is_understood_too(step: int) -> None:
    assert decode("deflate", raw_deflate(TEXT), step if step > 1 else len(TEXT)) == TEXT


@pytest.mark.parametrize("name", ["gzip", "zstd"])
@pytest.mark.parametrize("step", [3, 1 << 20])
def test_several_members_in_a_row_are_one_content(name: str, step: int) -> None:
    assert decode(name, CODED[name] * 3, step) == TEXT * 3


@pytest.mark.parametrize("name", CODED)
def test_a_body_that_breaks_off_is_undecodable(name: str) -> None:
    with pytest.raises(Undecodable):
        decode(name, CODED[name][:-2], 1 << 20)


@pytest.mark.parametrize("name", CODED)
def test_bytes_that_do_not_fit_are_undecodable(name: str) -> None:
    with pytest.raises(Undecodable):
        decode(name, b"\x00\xffnothing of the kind" * 50, 1 << 20)


@pytest.mark.parametrize("name", ["identity", "compress", "gzip, br", "", "x" * 10_000])
def test_an_unknown_coding_is_undecodable(name: str) -> None:
    with pytest.raises(Undecodable):
        Decoder(name)


@pytest.mark.parametrize("name", ["gzip", "zstd", "br"])
def test_a_bomb_is_given_up(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coding, "BOMB_SIZE", 8 << 20)
    zeros = b"\x00" * (64 << 20)
    bomb = {"gzip": gzip.compress, "zstd": zstd.compress, "br": lambda d: brotli.compress(d, quality=1)}[
        name
    ](zeros)
    pieces = Decoder(name).feed(bomb)
    sizes: list[int] = []
    with pytest.raises(Undecodable, match="without end"):
        sizes.extend(map(len, pieces))
    assert max(sizes, default=0) <= 34 << 20  # what one piece of a bomb can cost
    assert sum(sizes) <= 42 << 20


def test_zstd_with_a_huge_window_is_refused_not_allocated() -> None:
    zstandard = pytest.importorskip("zstandard")
    window = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=0)
    frame = zstandard.ZstdCompressor(compression_params=window).compressobj()
    data = frame.compress(b"x" * 100_000) + frame.flush()
    with pytest.raises(Undecodable):
        decode("zstd", data, 1 << 20)


def test_brotli_that_expands_very_much_is_decoded_to_its_end():
    body = bytes(40 * 1024 * 1024)
    decoder = Decoder("br")
    assert sum(len(piece) for piece in decoder.feed(brotli.compress(body, quality=5))) == len(body)
    decoder.finish()
