"""``pull-inspector diff``."""

import json
import shutil
from pathlib import Path

import pytest

from inspector.cli.main import run

CAPTURES = Path(__file__).parents[2] / "captures"
GOOD, BAD = (str(CAPTURES / name / "pull.flow") for name in ("docker-resume", "podman-resume-fails"))


def test_a_failed_pull_beside_one_that_arrived(capsys):
    assert run(["diff", GOOD, BAD, "--width", "100"]) == 1
    out = capsys.readouterr().out
    assert "Why B failed where A did not" in out
    assert "body-truncated" in out


def test_the_same_recording_twice_is_the_same(capsys):
    assert run(["diff", GOOD, GOOD]) == 0
    assert "Nothing differs that matters" in capsys.readouterr().out


def test_json_and_markdown(capfdbinary):
    assert run(["diff", GOOD, BAD, "--format", "json"]) == 1
    assert json.loads(capfdbinary.readouterr().out)["failed"] == "B"
    assert run(["diff", GOOD, BAD, "--format", "markdown"]) == 1
    assert b"### Why B failed" in capfdbinary.readouterr().out


def test_two_pulls_of_one_file_are_chosen_by_number(tmp_path, capsys):
    both = tmp_path / "both.flow"
    with both.open("wb") as out:
        for path in (GOOD, BAD):
            with open(path, "rb") as part:
                shutil.copyfileobj(part, out)
    assert run(["diff", str(both), str(both), "--pull-a", "1", "--pull-b", "2"]) == 1
    assert "Why B failed where A did not" in capsys.readouterr().out
    assert run(["diff", str(both), str(both), "--pull-a", "7"]) == 2
    assert "--pull-a 7: there are 2 pulls in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("a", "said"), [("nowhere.flow", "there is no such file"), (str(CAPTURES / ".." / "README.md"), "not a capture"), ("-", "not both")]
)  # fmt: skip
def test_what_is_no_recording_is_one_line(a, said, capsys):
    assert run(["diff", a, "-" if a == "-" else GOOD]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_images_that_have_nothing_in_common_are_asked_for_by_number(tmp_path, capsys):
    both = tmp_path / "both.flow"
    hello = CAPTURES / "docker-pull" / "pull.flow"
    both.write_bytes(hello.read_bytes() + hello.read_bytes())
    assert run(["diff", str(both), GOOD]) == 2
    assert "no image in common" in capsys.readouterr().err


def test_two_images_are_compared_and_said_to_be_two(capsys):
    other = str(CAPTURES / "docker-private" / "pull.flow")
    assert run(["diff", GOOD, other]) == 1
    assert capsys.readouterr().err.endswith("are two images: that they differ is no fault.\n")
    assert run(["diff", GOOD, GOOD]) == 0
    assert capsys.readouterr().err == ""


def test_the_only_pull_of_a_file_is_one_pull(capsys):
    assert run(["diff", GOOD, GOOD, "--pull-a", "7"]) == 2
    assert "--pull-a 7: there is 1 pull in" in capsys.readouterr().err
