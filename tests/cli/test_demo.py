"""``demo`` pulls, reports and leaves a capture; and nothing else, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from inspector.cli import demo
from inspector.cli.demo import make_room, shown_again

COMMAND = [sys.executable, "-c", "from inspector.cli.main import main; main()"]


@pytest.fixture(autouse=True)
def fixture_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def start(*arguments, **more):
    environment = os.environ | {"PYTHONPATH": str(Path(demo.__file__).parents[2]), "TMPDIR": os.getcwd()}
    return subprocess.Popen(
        [*COMMAND, "demo", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def test_the_demo_pulls_reports_and_leaves_its_capture():
    with start("--output", "x.flow") as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "registry.demo.test/demo/app:latest" in out
    for host in ("auth.demo.test", "cdn.demo.test"):
        assert host in out
    assert "report x.flow" in err
    assert os.listdir() == ["x.flow"]  # TMPDIR is here too: no folder with keys is left


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_end_in_mid_pull_leaves_no_process_and_no_keys(sent, status):
    with start(start_new_session=True) as process:
        assert process.stderr is not None
        process.stderr.readline()  # "Pulling …": from here on there are processes to leave behind
        process.send_signal(sent)
        _, err = process.communicate(timeout=30)
    assert process.returncode == status, err
    assert "Traceback" not in err
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    assert set(os.listdir()) <= {"demo.flow"}


def test_the_demo_s_own_file_of_last_time_is_replaced():
    Path("demo.flow").write_text("old")
    make_room(Path("demo.flow"))
    assert not Path("demo.flow").exists()


def test_any_other_file_is_left_alone():
    Path("mine.flow").write_text("mine")
    with pytest.raises(click.UsageError, match=r"mine\.flow is there already"):
        make_room(Path("mine.flow"))
    assert Path("mine.flow").read_text() == "mine"


def test_a_place_that_cannot_be_written_is_one_sentence():
    with pytest.raises(click.UsageError, match=r"no/x\.flow cannot be written: No such file or directory\."):
        make_room(Path("no/x.flow"))


def test_shown_again_names_the_command_as_it_is_found(tmp_path, monkeypatch):
    program = tmp_path / "bin" / "pull-inspector"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(program), "demo"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shown_again(Path("demo.flow")) == "bin/pull-inspector report demo.flow"
    monkeypatch.setenv("PATH", str(program.parent))
    assert shown_again(Path("a b.flow")) == "pull-inspector report 'a b.flow'"


def test_shown_again_names_the_whole_path_from_elsewhere(tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr(sys, "argv", [f"{tmp_path}/bin/pull-inspector", "demo"])
    monkeypatch.setenv("PATH", "")
    assert shown_again(Path("demo.flow")) == f"{tmp_path}/bin/pull-inspector report demo.flow"
