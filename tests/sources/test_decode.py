"""Content-Encoding undone in pieces: right, bounded, and quiet about what does not fit."""

import gzip
import hashlib
import importlib
import tracemalloc
import zlib

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.sources.decode import codings, decode

try:
    zstd = importlib.import_module("backports.zstd")
except ImportError:  # mitmproxy before 12.3
    zstd = importlib.import_module("zstandard")

BODY = b"manifest " * 1000


def raw_deflate(data):
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


@pytest.mark.parametrize(
    ("name", "coded"),
    [
        ("gzip", gzip.compress(BODY)),
        ("x-gzip", gzip.compress(BODY)),
        ("GZip", gzip.compress(BODY[:500]) + gzip.compress(BODY[500:])),
        ("deflate", zlib.compress(BODY)),
        ("deflate", raw_deflate(BODY)),
        ("br", brotli.compress(BODY)),
        ("zstd", zstd.compress(BODY)),
        ("zstd", zstd.compress(BODY[:500]) + zstd.compress(BODY[500:])),
        ("identity", BODY),
        ("identity, gzip", gzip.compress(BODY)),
        (None, BODY),
        ("", BODY),
    ],
)
def test_each_coding_is_undone(name, coded):
    told = decode(coded, name)
    assert told == (len(BODY), hashlib.sha256(BODY).hexdigest(), BODY)


@pytest.mark.parametrize(
    ("name", "coded"),
    [
        ("gzip", BODY),
        ("gzip", gzip.compress(BODY)[:-9]),
        ("deflate", zlib.compress(BODY)[:-5]),
        ("br", BODY),
        ("br", brotli.compress(BODY)[:-3]),
        ("zstd", BODY),
        ("compress", BODY),
        ("gzip, br", BODY),
        ("utf-8", BODY),
    ],
)
def test_what_does_not_fit_is_not_known(name, coded):
    assert decode(coded, name) is None


@pytest.mark.parametrize(
    ("name", "coded"),
    [
        ("gzip", lambda data: gzip.compress(data, 9)),
        ("br", lambda data: brotli.compress(data, quality=5)),
        ("zstd", zstd.compress),
    ],
)
def test_a_bomb_is_measured_and_not_kept(name, coded):
    body = bytes(40 * 1024 * 1024)
    packed = coded(body)
    tracemalloc.start()
    told = decode(packed, name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * 1024 * 1024
    assert (told.size, told.sha256, told.content) == (len(body), hashlib.sha256(body).hexdigest(), None)


def test_a_body_over_the_limit_is_not_kept():
    assert decode(BODY, None, keep=10).content is None
    assert decode(gzip.compress(BODY), "gzip", keep=len(BODY)).content == BODY
    assert decode(gzip.compress(BODY), "gzip", keep=len(BODY) - 1).content is None


def test_codings_are_read_as_a_list():
    assert codings(" X-GZIP , identity,br ") == ("gzip", "br")
    assert codings(None) == ()


@given(data=st.binary(max_size=200), name=st.sampled_from(["gzip", "deflate", "br", "zstd"]))
@settings(deadline=None, derandomize=True, max_examples=100)
def test_any_bytes_are_decoded_or_not_known(data, name):
    told = decode(data, name)
    assert told is None or told.size >= 0
