"""The command line: what there is, how it ends, and that asking for help loads nothing heavy."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from inspector.cli import main as cli
from inspector.cli.main import COMMANDS, run


@pytest.fixture(name="fake")
def fixture_fake(monkeypatch):
    """A command ``fake`` that does what the test says."""

    def put(callback, *parameters):
        module = type(sys)("tests_fake_command")
        module.command = click.Command("command", callback=callback, params=list(parameters))
        monkeypatch.setitem(sys.modules, "tests_fake_command", module)
        monkeypatch.setitem(cli.COMMANDS, "fake", ("tests_fake_command", "Pretend."))

    return put


def raising(error):
    def callback():
        raise error

    return callback


def test_help_lists_every_command(capsys):
    assert run(["--help"]) == 0
    printed = capsys.readouterr().out
    for name, (_, short_help) in COMMANDS.items():
        assert name in printed
        assert short_help in printed


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_documents_itself(name, capsys):
    assert isinstance(importlib.import_module(COMMANDS[name][0]).command, click.Command)
    assert run([name, "--help"]) == 0
    assert f"pull-inspector {name}" in capsys.readouterr().out


def test_help_loads_neither_mitmproxy_nor_any_command():
    code = (
        "import sys; from inspector.cli.main import run; run(['--help']); "
        "print([m for m in sys.modules if m == 'mitmproxy' or m.startswith('inspector.')], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "['inspector.cli', 'inspector.cli.main']"


def test_version_names_what_a_bug_report_needs(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("pull-inspector ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope"], "No such command 'nope'"),
        (["--nope"], "No such option"),
        (["path"], "Missing argument 'NAME'"),
    ],
)
def test_a_usage_error_is_one_line_and_status_2(arguments, said, capsys):
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("pull-inspector: ")
    assert said in err
    assert "--help" in err


def test_without_a_command_it_says_what_there_is():
    with pytest.raises(SystemExit) as ended:
        run([])
    assert ended.value.code == 2


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (7, 7), ("text", 0)])
def test_what_a_command_returns_is_the_status(fake, returned, status):
    fake(lambda: returned)
    assert run(["fake"]) == status


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (click.ClickException("the file\nis no capture"), 2),
        (click.UsageError("the file is no capture"), 2),
        (click.FileError("x", "the file is no capture"), 1),
        (click.exceptions.Exit(5), 5),
        (click.Abort(), 130),
        (KeyboardInterrupt(), 130),
    ],
)
def test_how_a_command_ends(fake, error, status):
    fake(raising(error))
    assert run(["fake"]) == status


def test_a_command_s_own_error_is_one_line_too(fake, capsys):
    fake(raising(click.ClickException("the file\nis no capture")))
    run(["fake"])
    assert capsys.readouterr().err == "pull-inspector: the file is no capture\n"


def test_an_error_of_ours_is_not_hidden(fake):
    fake(raising(ZeroDivisionError("ours")))
    with pytest.raises(ZeroDivisionError, match="ours"):
        run(["fake"])


# A command whose output is still in the buffer when it is done.
BUFFERED = """
import sys, types, click
from inspector.cli import main
sys.modules["buffered"] = types.ModuleType("buffered")
sys.modules["buffered"].command = click.Command("buffered", callback=lambda: print("x"))
main.COMMANDS["buffered"] = ("buffered", "Print.")
main.main()
"""


@pytest.mark.parametrize(
    ("code", "argument"), [("from inspector.cli.main import main; main()", "--help"), (BUFFERED, "buffered")]
)
def test_a_reader_that_has_enough_is_no_error(code, argument, monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [sys.executable, "-c", code, argument]
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, check=False)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("command", ["explain", "explain body-truncated", "--version"])
def test_a_full_disk_is_one_line(command):
    with open("/dev/full", "wb") as full:
        words = [sys.executable, "-c", "from inspector.cli.main import main; main()", *command.split()]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, check=False, text=True)
    assert done.returncode == 2
    assert done.stderr == "pull-inspector: the output could not be written: No space left on device.\n"


def test_an_error_of_another_kind_is_not_taken_for_a_full_disk(fake):
    fake(raising(OSError(5, "ours")))
    with pytest.raises(OSError, match="ours"):
        run(["fake"])


def test_a_closed_standard_output_is_one_line(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert run(["explain"]) == 2
    assert capsys.readouterr().err == "pull-inspector: standard output is closed.\n"


@pytest.mark.parametrize("command", ["report", "check"])
def test_a_closed_standard_input_is_no_matter_where_a_file_is_read(command):
    capture = Path(__file__).parents[2] / "captures" / "docker-pull" / "pull.flow"
    line = [sys.executable, "-c", "from inspector.cli.main import main; main()", command, str(capture)]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *line], capture_output=True, check=False, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", [["check", "-"], ["diff", "-", "x"], ["report", "-"]])
def test_a_closed_standard_input_that_is_asked_for_is_one_line(command, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", None)
    assert run(command) == 2
    assert capsys.readouterr().err == "pull-inspector: -: standard input is closed.\n"
