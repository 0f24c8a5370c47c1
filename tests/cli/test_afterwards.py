"""What is said when the command has ended."""

import click
import pytest

from inspector.cli import _afterwards
from inspector.cli._afterwards import show, tell_capture
from inspector.core.report import Report


@pytest.fixture
def shown(monkeypatch, tmp_path, capsys):
    """Show a given report; gives standard output and standard error."""

    def run(report, form="text"):
        monkeypatch.setattr(_afterwards, "_read", lambda _: report)
        show(tmp_path / "x.flow", ["skopeo"], chosen=None, full=False, form=form)
        return capsys.readouterr()

    return run


def test_no_report_is_printed_where_there_is_none(shown):
    out, err = shown(Report())
    assert out == ""
    assert "nothing came through the proxy" in err


def test_connections_that_failed_are_a_report(shown):
    out, err = shown(Report(connections_failed=1))
    assert out != ""
    assert "nothing came through" not in err


def test_a_machine_gets_its_document_in_any_case(shown):
    out, err = shown(Report(), form="json")
    assert out.startswith("{")
    assert "nothing came through" in err


def test_what_was_never_written_reads_as_nothing(tmp_path):
    (tmp_path / "empty.flow").touch()
    for name in ("missing.flow", "empty.flow"):
        assert _afterwards._read(tmp_path / name) == Report()


def test_what_cannot_be_read_is_one_line(tmp_path):
    (tmp_path / "noise.flow").write_bytes(b"noise\n" * 100)
    with pytest.raises(click.ClickException, match="noise"):
        _afterwards._read(tmp_path / "noise.flow")


def test_the_capture_is_called_as_one_would_from_here(tmp_path, monkeypatch, capsys):
    (tmp_path / "pull.flow").write_text("x")
    monkeypatch.chdir(tmp_path)
    tell_capture(tmp_path / "pull.flow", kept=True)
    assert "The capture is pull.flow." in capsys.readouterr().err
    tell_capture(tmp_path / "pull.flow", kept=False)
    assert capsys.readouterr().err == ""


def test_an_empty_capture_goes(tmp_path, capsys):
    (tmp_path / "pull.flow").touch()
    tell_capture(tmp_path / "pull.flow", kept=True)
    assert "nothing was recorded" in capsys.readouterr().err
    assert not (tmp_path / "pull.flow").exists()
