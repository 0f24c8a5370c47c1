"""``path`` prints where an addon lies, and for a name that is not there which ones are."""

from pathlib import Path

import click
import pytest

from inspector.cli.main import run
from inspector.cli.path import ADDONS, addon_names, addon_path


@pytest.fixture(name="folder")
def fixture_folder(tmp_path):
    for name in ("record.py", "mirror.py", "_shared.py", "notes.txt"):
        (tmp_path / name).touch()
    return tmp_path


def test_the_names_are_the_scripts_that_are_there(folder):
    assert addon_names(folder) == ["mirror", "record"]


def test_a_name_leads_to_its_file(folder):
    assert addon_path("record", folder) == folder / "record.py"


@pytest.mark.parametrize("name", ["nope", "", "_shared", "../record", "record.py"])
def test_another_name_is_refused_with_the_names_that_there_are(folder, name):
    with pytest.raises(click.UsageError, match=r"There are: mirror, record\."):
        addon_path(name, folder)


def test_an_installation_without_addons_says_so(tmp_path):
    with pytest.raises(click.UsageError, match="install the package again"):
        addon_path("record", tmp_path)


def test_the_recorder_s_path_is_printed_alone(capsys):
    assert run(["path", "record"]) == 0
    printed = capsys.readouterr().out
    assert printed == f"{ADDONS / 'record.py'}\n"
    assert Path(printed.strip()).is_file()


def test_an_unknown_name_is_one_line_and_status_2(capsys):
    assert run(["path", "nope"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "record" in err
