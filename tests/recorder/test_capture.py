"""The capture file is whole, private, never overwrites, and ends quietly when the disk is full."""

import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from mitmproxy.io import FlowReader
from mitmproxy.test import tflow

from inspector.recorder.capture import Capture, CaptureError


def flow(size: int = 0):
    made = tflow.tflow(resp=True)
    made.response.raw_content = b"x" * size
    return made


def read(path: Path) -> list:
    with path.open("rb") as file:
        return list(FlowReader(file).stream())


def test_records_are_readable_by_mitmproxy_as_soon_as_they_are_added(tmp_path: Path) -> None:
    capture = Capture(tmp_path / "pull.flow")
    flows = [flow(), flow(100)]
    for record in flows:
        capture.add(record)
    capture.flush()
    assert [f.id for f in read(capture.path)] == [f.id for f in flows]
    capture.close()


def test_the_file_is_its_owners_alone_whatever_the_mask(tmp_path: Path) -> None:
    (tmp_path / "made.flow").touch(mode=0o644)
    mask = os.umask(0)
    try:
        captures = [Capture(tmp_path / "new.flow"), Capture(tmp_path / "made.flow")]
    finally:
        os.umask(mask)
    assert [stat.S_IMODE(capture.path.stat().st_mode) for capture in captures] == [0o600, 0o600]


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    wanted = tmp_path / "pull.flow"
    wanted.write_bytes(b"something")
    capture = Capture(wanted)
    capture.add(flow())
    capture.close()
    assert capture.path == tmp_path / "pull-2.flow"
    assert wanted.read_bytes() == b"something"


def test_two_recordings_of_one_moment_do_not_share_a_file(tmp_path: Path) -> None:
    first, second = Capture(tmp_path / "pull.flow"), Capture(tmp_path / "pull.flow")
    assert {first.path.name, second.path.name} == {"pull.flow", "pull-2.flow"}


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "pull.flow").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CaptureError, match=r"pull\.flow"):
        Capture(tmp_path / "pull.flow")
    assert not (tmp_path / "elsewhere").exists()


def test_a_fifo_and_a_folder_are_refused_in_one_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name in ("fifo", ""):
        with pytest.raises(CaptureError) as caught:
            Capture(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_a_new_file_begins_at_the_wanted_size_and_no_record_is_torn(tmp_path: Path) -> None:
    capture = Capture(tmp_path / "pull.flow", rotate=20_000)
    sent = [flow(6_000) for _ in range(5)]
    for record in sent:
        capture.add(record)
    capture.close()
    names = ["pull.flow", "pull.flow.1", "pull.flow.2"]
    assert sorted(p.name for p in tmp_path.iterdir()) == names[: capture.files]
    assert capture.files == 3
    assert [f.id for name in names for f in read(tmp_path / name)] == [f.id for f in sent]
    assert all((tmp_path / name).stat().st_size <= 20_000 for name in names)


def test_a_record_larger_than_the_wanted_size_stands_alone(tmp_path: Path) -> None:
    capture = Capture(tmp_path / "pull.flow", rotate=100)
    capture.add(flow(1000))
    capture.close()
    assert capture.files == 1
    assert len(read(capture.path)) == 1


@pytest.mark.skipif(not os.access("/dev/full", os.W_OK), reason="no /dev/full here")
def test_a_full_disk_ends_the_recording_with_one_sentence() -> None:
    said: list[str] = []
    capture = Capture(Path("/dev/full"), say=said.append)
    for _ in range(3):
        capture.add(flow())
    capture.close()
    assert len(said) == 1
    assert "No space left" in said[0]
    assert capture.records == 0


FILL = """
import resource, signal, sys
from pathlib import Path
from mitmproxy.test import tflow
from inspector.recorder.capture import Capture
limit = 20_000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
capture = Capture(Path(sys.argv[1]))
while capture.stopped is None:
    flow = tflow.tflow(resp=True)
    flow.response.raw_content = b"x" * 3000
    capture.add(flow)
    capture.flush()
print(capture.records)
"""


def test_what_a_failed_write_left_behind_is_cut_off(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 20_000
    path = tmp_path / "pull.flow"
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", FILL, path],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert len(read(path)) == int(done.stdout) > 2


def test_an_unused_file_goes_away_only_when_it_may(tmp_path: Path) -> None:
    for keep in (True, False):
        capture = Capture(tmp_path / f"{keep}.flow", keep_empty=keep)
        capture.close()
        capture.close()
        assert capture.path.exists() is keep
        capture.add(flow())  # too late, and no harm
