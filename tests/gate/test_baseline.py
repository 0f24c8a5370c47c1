"""The baseline file: the same findings, the same bytes; replaced as a whole or not at all."""

import json
import os
import stat

import pytest

from inspector.gate import baseline
from inspector.gate.fingerprint import Fingerprint

ONE = Fingerprint("body-truncated", "cdn.test", "cdn", "team/app")
TWO = Fingerprint("tag-not-found", "r.test:5000", "resolve", 'a"b\n‹c›')


def test_what_was_written_is_read(tmp_path) -> None:
    path = tmp_path / "known.json"
    baseline.write(path, [TWO, ONE, TWO])
    assert baseline.read(path) == {ONE, TWO}
    assert json.loads(path.read_bytes())["schema"] == "pull-inspector/baseline/1"
    assert len(path.read_text().splitlines()) == 7  # one finding a line: a change is a line of a diff


def test_the_bytes_do_not_depend_on_the_order() -> None:
    assert baseline.encode([ONE, TWO]) == baseline.encode({TWO: 1, ONE: 2})
    assert json.loads(baseline.encode([]))["findings"] == []


def test_a_file_is_replaced_as_a_whole_with_its_rights_and_through_a_link(tmp_path) -> None:
    path, link = tmp_path / "known.json", tmp_path / "link.json"
    baseline.write(path, [ONE])
    path.chmod(0o640)
    link.symlink_to(path)
    baseline.write(link, [TWO])
    assert link.is_symlink()
    assert baseline.read(path) == {TWO}
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(one.name for one in tmp_path.iterdir()) == ["known.json", "link.json"]


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch) -> None:
    path = tmp_path / "known.json"
    baseline.write(path, [ONE])

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(baseline.BaselineError, match="No space left"):
        baseline.write(path, [TWO])
    assert baseline.read(path) == {ONE}
    assert [one.name for one in tmp_path.iterdir()] == ["known.json"]
    with pytest.raises(baseline.BaselineError, match="cannot be written"):
        baseline.write(tmp_path / "no" / "folder.json", [ONE])


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"\xff\xfe", b'{"schema":1,"findings":[]}', b"[" * 200_000, b'{"schema":"pull-inspector/baseline/1"}',
     b'{"schema":"pull-inspector/baseline/1","findings":[{"code":1}]}'],
)  # fmt: skip
def test_what_is_no_baseline_is_said_in_a_line(tmp_path, content: bytes) -> None:
    path = tmp_path / "known.json"
    path.write_bytes(content)
    with pytest.raises(baseline.BaselineError, match="is no baseline") as caught:
        baseline.read(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_a_folder_and_a_later_version_are_told_apart(tmp_path) -> None:
    with pytest.raises(baseline.BaselineError, match="--write-baseline"):
        baseline.read(tmp_path / "none.json")
    with pytest.raises(baseline.BaselineError, match="is no file"):
        baseline.read(tmp_path)
    (tmp_path / "v2").write_text('{"schema":"pull-inspector/baseline/2","findings":[]}')
    with pytest.raises(baseline.BaselineError, match="version"):
        baseline.read(tmp_path / "v2")
