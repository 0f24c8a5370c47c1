"""What a file is, by its first bytes; and one sentence for what it is not."""

import gzip
import io
import json
import os
import zlib

import pytest

from inspector.sources.detect import open_capture
from inspector.sources.errors import CaptureError

HAR = json.dumps({"log": {"entries": []}}).encode()


@pytest.fixture
def opened(tmp_path, redactor):
    def told(data: bytes):
        path = tmp_path / "capture"
        path.write_bytes(data)
        return open_capture(str(path), redactor)

    return told


def test_a_flow_file_is_known(make_flow, saved, opened, tmp_path):
    capture = opened(saved(make_flow()))
    assert capture.format == capture.source.format == "flow"
    assert capture.source.file == str(tmp_path / "capture")
    assert len(list(capture.events)) == 4
    capture.events.close()


@pytest.mark.parametrize("data", [HAR, b"\xef\xbb\xbf" + HAR, b" \n\t" + HAR])
def test_a_har_file_is_known(opened, data):
    capture = opened(data)
    assert capture.format == capture.source.format == "har"
    assert list(capture.events) == []
    capture.events.close()


def test_an_empty_file_is_a_flow_file_without_flows(opened):
    capture = opened(b"")
    assert (capture.format, list(capture.events)) == ("flow", [])
    capture.events.close()


def test_standard_input_is_looked_at_too(redactor, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(HAR))))
    capture = open_capture("-", redactor)
    assert (capture.format, capture.source.file) == ("har", "-")
    capture.events.close()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (gzip.compress(HAR), "compressed with gzip. Unpack it first, with gunzip"),
        (b"\x28\xb5\x2f\xfd1234", "zstd"),
        (b"PK\x03\x041234", "unzip"),
        (zlib.compress(HAR), ".zhar"),
        (b"GET / HTTP/1.1", "neither a mitmproxy flow file nor HAR"),
        (b"\x00" * 600, "neither a mitmproxy flow file nor HAR"),
        (b"[]", "neither a mitmproxy flow file nor HAR"),
    ],
)
def test_anything_else_is_refused_in_one_line(opened, data, said):
    with pytest.raises(CaptureError) as caught:
        opened(data)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_opened_is_refused_in_one_line(tmp_path, redactor):
    for path, said in (
        (tmp_path / "none", "no such file"),
        (tmp_path, "a folder"),
        ("a\0b", "cannot be opened"),
        ("x" * 5000, "cannot be opened"),
    ):
        with pytest.raises(CaptureError, match=said) as caught:
            open_capture(str(path), redactor)
        assert "\n" not in str(caught.value)
        assert "\0" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_another_user_is_refused_in_one_line(tmp_path, redactor):
    path = tmp_path / "a"
    path.write_bytes(b"")
    path.chmod(0)
    with pytest.raises(CaptureError, match="may not be read"):
        open_capture(str(path), redactor)


def test_a_secret_in_a_files_name_is_not_repeated(redactor):
    for path in ("https://bob:hunter2@a.test/x.flow", "token=hunter2.flow", "\x1b]52;c;hunter\x07"):
        with pytest.raises(CaptureError) as caught:
            open_capture(path, redactor)
        assert "hunter2" not in str(caught.value)
        assert "\x1b" not in str(caught.value)
