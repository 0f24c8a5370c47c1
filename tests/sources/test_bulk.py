"""Records larger than memory should be: bodies are hashed in passing, everything else is read."""

import hashlib
import io
import tracemalloc

import pytest
from mitmproxy.io import tnetstring

from inspector.core.events import Body
from inspector.sources import flowfile
from inspector.sources.bulk import read_bulk
from inspector.sources.flow import events_of
from inspector.sources.flowfile import FlowFile
from inspector.sources.view import SKIPPED, Bulk

BODY = bytes(range(256)) * 20 * 1024  # 5 MiB: more than is kept


def split(data):
    head, _, rest = data.partition(b":")
    return int(head), rest


def test_a_long_body_is_hashed_and_the_rest_is_read(make_flow):
    length, rest = split(tnetstring.dumps(make_flow(content=BODY).get_state()))
    value, count, whole = read_bulk(io.BytesIO(rest), length, SKIPPED)
    assert (count, whole) == (length + 1, True)
    assert value["response"]["content"] == Bulk(len(BODY), hashlib.sha256(BODY).hexdigest())
    assert value["request"]["method"] == b"GET"
    assert value["client_conn"]["certificate_list"] is None


def test_a_large_record_tells_what_a_small_one_tells(make_flow, saved, redactor, monkeypatch):
    flow = make_flow("https://registry.test/v2/a/blobs/sha256:" + "a" * 64, content=BODY)
    told = events_of(flow, redactor)
    told_first = flow.server_conn.timestamp_start
    assert told_first
    monkeypatch.setattr(flowfile, "_LARGE", 1000)
    small = make_flow()
    file = FlowFile(io.BytesIO(saved(flow, small)), redactor)
    assert list(file) == told + events_of(small, redactor)
    assert file.source.complete


def test_a_coded_bulk_is_not_known_decoded(make_flow, saved, redactor, monkeypatch):
    monkeypatch.setattr(flowfile, "_LARGE", 1000)
    flow = make_flow(content=BODY, response=[(b"Content-Encoding", b"gzip")])
    [body] = [event for event in FlowFile(io.BytesIO(saved(flow)), redactor) if isinstance(event, Body)]
    assert (body.size, body.decoded_sha256) == (len(BODY), None)


@pytest.mark.parametrize("cut", [1, 100, 3_000_000, 5_100_000])
def test_a_large_record_that_is_cut_is_missed(make_flow, saved, redactor, monkeypatch, cut):
    monkeypatch.setattr(flowfile, "_LARGE", 1000)
    first, data = saved(make_flow()), saved(make_flow(content=BODY))
    file = FlowFile(io.BytesIO(first + data[:-cut]), redactor)
    assert len(list(file)) == 4
    assert f" {cut:,} bytes are missing" in file.source.missing


def test_rubbish_in_a_large_record_is_skipped_as_a_whole(make_flow, saved, redactor, monkeypatch):
    monkeypatch.setattr(flowfile, "_LARGE", 1000)
    good = saved(make_flow())
    bad = b"x" * 5_000_000
    file = FlowFile(io.BytesIO(good + b"%d:%s}" % (len(bad), bad) + good), redactor)
    assert len(list(file)) == 8
    assert (file.damaged, file.source.complete) == (1, True)


def test_memory_stays_flat(make_flow, redactor):
    class Long(io.RawIOBase):
        """A dictionary with one body of 200 MiB, made while it is read."""

        def __init__(self):
            size = 200 << 20
            inner = b"7:content;%d:" % size
            body = len(inner) + size + 1
            head = b"8:response;%d:" % body + inner
            self.parts = [(head, 1), (bytes(1 << 20), 200), (b",}}", 1)]
            self.length = len(head) + size + 2

        def readable(self):
            return True

        def readinto(self, buffer):
            data = b""
            while not data and self.parts:
                piece, times = self.parts[0]
                data = piece[: len(buffer)]
                rest = piece[len(data) :]
                self.parts[:1] = ([(rest, 1)] if rest else []) + ([(piece, times - 1)] if times > 1 else [])
            buffer[: len(data)] = data
            return len(data)

    stream = Long()
    tracemalloc.start()
    value, _, whole = read_bulk(io.BufferedReader(stream), stream.length, SKIPPED)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert whole
    assert value["response"]["content"].size == 200 << 20
    assert peak < 8 << 20
