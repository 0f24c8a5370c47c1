"""Flow files: whole, cut at any byte, damaged, foreign, old and new; in constant memory."""

import io
import os
import threading
import tracemalloc

import pytest
from mitmproxy import version
from mitmproxy.io import tnetstring
from mitmproxy.test import tflow

from inspector.core.events import Ended, RequestHead
from inspector.sources.copy import redacted_copy
from inspector.sources.errors import CaptureError
from inspector.sources.flowfile import FlowFile, read_flow_file


@pytest.fixture
def read(redactor):
    def told(data: bytes):
        file = FlowFile(io.BytesIO(data), redactor, name="pull.flow")
        return file, list(file)

    return told


def ids(events):
    return [event.id for event in events if isinstance(event, RequestHead)]


def test_whole_records_are_read_wherever_the_file_is_cut(make_flow, saved, read):
    flows = [make_flow() for _ in range(3)]
    records = [saved(flow) for flow in flows]
    data = b"".join(records)
    ends = [0, len(records[0]), len(records[0] + records[1]), len(data)]
    for cut in range(0, len(data) + 1, 7):
        file, events = read(data[:cut])
        whole = sum(end <= cut for end in ends[1:])
        assert ids(events) == [flow.id for flow in flows[:whole]]
        assert file.source.complete is (cut in ends)
        assert (file.source.missing is None) is (cut in ends)


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 5])
def test_a_file_cut_in_its_first_length_is_a_cut_capture(make_flow, saved, read, cut):
    file, events = read(saved(make_flow())[:cut])
    assert events == []
    assert file.source.complete is False


def test_what_is_missing_is_counted(make_flow, saved, read):
    one, two = saved(make_flow()), saved(make_flow())
    file, _ = read(one + two[:-100])
    assert (
        file.source.missing
        == f"The file is cut: of its last record {len(two) - 100:,} bytes are there, 100 bytes are missing."
    )


def test_a_damaged_place_ends_the_reading_and_says_where(make_flow, saved, read):
    one = saved(make_flow())
    file, events = read(one + b"rubbish, and more of it")
    assert len(ids(events)) == 1
    assert (
        file.source.missing
        == f"The file is damaged at byte {len(one):,}: the last 23 bytes could not be read."
    )
    file, events = read(one + b"5:12345;" + one)
    assert (len(ids(events)), file.source.complete) == (1, False)


def test_an_empty_file_is_a_capture_without_flows(read):
    file, events = read(b"")
    assert (events, file.source.complete, file.source.missing, file.source.redaction) == (
        [],
        True,
        None,
        None,
    )


@pytest.mark.parametrize("data", [b"hello", b"\x00\x01", b"12hello", b"99999999999999:x", b":", b"3:abc,"])
def test_what_is_no_flow_file_is_refused_in_one_sentence(read, data):
    with pytest.raises(CaptureError, match=r"^pull\.flow: not a capture") as caught:
        read(data)
    assert "\n" not in str(caught.value)


def test_a_first_record_that_is_no_flow_is_refused(read):
    with pytest.raises(CaptureError, match="no mitmproxy flow"):
        read(tnetstring.dumps({"a": 1}))


def test_a_newer_mitmproxys_file_is_refused_with_the_way_out(make_flow, read):
    state = make_flow().get_state()
    state["version"] = version.FLOW_FORMAT_VERSION + 1
    with pytest.raises(CaptureError, match=r"newer mitmproxy.*Update mitmproxy"):
        read(tnetstring.dumps(state))


def test_an_older_format_is_read(make_flow, read):
    flow = make_flow()
    state = flow.get_state()
    state["version"] = 20
    file, events = read(tnetstring.dumps(state))
    assert ids(events) == [flow.id]
    assert file.damaged == 0


def test_flows_of_other_protocols_are_counted(make_flow, saved, read):
    file, events = read(saved(tflow.ttcpflow(), make_flow(), tflow.tudpflow(), tflow.tdnsflow()))
    assert (file.foreign, len(ids(events)), file.source.complete) == (3, 1, True)


def test_records_of_wrong_types_are_skipped_and_counted(make_flow, saved, read):
    good = make_flow()
    bad = good.get_state()
    bad["request"]["headers"] = 5
    deep = b"0:~"
    for _ in range(3000):
        deep = b"%d:%s]" % (len(deep), deep)
    odd = [
        tnetstring.dumps(bad),
        tnetstring.dumps({"version": version.FLOW_FORMAT_VERSION, "type": "http"}),
        tnetstring.dumps({"version": 3}),
        tnetstring.dumps({"version": [0, 11]}),
        tnetstring.dumps({"version": None}),
        b"%d:%s}" % (len(deep) + 4, b"1:a;" + deep),
    ]
    file, events = read(saved(good) + b"".join(odd) + saved(good))
    assert (len(ids(events)), file.damaged, file.source.complete) == (2, len(odd), True)


def test_metadata_of_other_addons_does_not_disturb(make_flow, saved, read):
    flow = make_flow()
    flow.metadata.update({"other": {"deep": [1, [2, [3]]], "backup": b"x"}, "pull_inspector": "not ours"})
    file, events = read(saved(flow))
    assert ids(events) == [flow.id]
    assert file.source.redaction is None


def test_the_file_says_how_it_was_redacted(make_flow, saved, new_redactor, read):
    default, strict = (
        redacted_copy(make_flow(), new_redactor()),
        redacted_copy(make_flow(), new_redactor("strict")),
    )
    for flows, said in (
        ([default], "default"),
        ([strict, strict], "strict"),
        ([default, strict], "mixed"),
        ([default, make_flow()], "mixed"),
    ):
        assert read(saved(*flows))[0].source.redaction == said


def test_a_pipe_is_read(make_flow, saved, redactor, tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    data = saved(*[make_flow() for _ in range(20)])
    writer = threading.Thread(target=lambda: path.write_bytes(data))
    writer.start()
    file = read_flow_file(path, redactor)
    assert len(ids(list(file))) == 20
    writer.join()
    file.close()


def test_standard_input_is_read(make_flow, saved, redactor, monkeypatch):
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(saved(make_flow()))))
    monkeypatch.setattr("sys.stdin", stdin)
    file = read_flow_file("-", redactor)
    assert len(ids(list(file))) == 1
    file.close()
    assert not stdin.buffer.closed


def test_progress_goes_up_to_the_files_size(make_flow, saved, redactor, tmp_path):
    path = tmp_path / "a.flow"
    path.write_bytes(saved(*[make_flow(content=b"x" * 600_000) for _ in range(5)]))
    seen = []
    file = read_flow_file(path, redactor, lambda done, total: seen.append((done, total)))
    list(file)
    file.close()
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)
    assert len(seen) >= 3
    assert seen == sorted(seen)


def test_a_read_error_ends_the_reading(make_flow, saved, redactor):
    class Failing(io.RawIOBase):
        def __init__(self, data):
            self.data = data

        def readable(self):
            return True

        def readinto(self, buffer):
            if not self.data:
                raise OSError(5, "Input/output error")
            part, self.data = self.data[: len(buffer)], self.data[len(buffer) :]
            buffer[: len(part)] = part
            return len(part)

    one = saved(make_flow())
    file = FlowFile(io.BufferedReader(Failing(one)), redactor)
    assert len(ids(list(file))) == 1
    assert "Input/output error" in file.source.missing
    with pytest.raises(CaptureError, match="Input/output error"):
        list(FlowFile(io.BufferedReader(Failing(b"")), redactor))


def test_memory_does_not_grow_with_the_number_of_flows(make_flow, saved, redactor):
    class Endless(io.RawIOBase):
        def __init__(self, record, times):
            self.record, self.times, self.rest = record, times, b""

        def readable(self):
            return True

        def readinto(self, buffer):
            if not self.rest:
                if not self.times:
                    return 0
                self.times -= 1
                self.rest = self.record
            part, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
            buffer[: len(part)] = part
            return len(part)

    record = saved(make_flow(content=b"x" * 50_000))

    def peak(times):
        tracemalloc.start()
        ends = sum(
            isinstance(event, Ended)
            for event in FlowFile(io.BufferedReader(Endless(record, times)), redactor)
        )
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert ends == times
        return found

    peak(5)
    assert peak(400) < peak(20) + 100_000
