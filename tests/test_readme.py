"""The README is true: its commands and options exist, its files are there, its picture is what the tool prints."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from inspector.cli.main import COMMANDS
from inspector.recorder.settings import OPTIONS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
CALLS = sorted(set(re.findall(r"(?m)(?:^    |`)pull-inspector ([a-z]+)((?: --?[a-z]+)*)", README)))
NAMED = sorted(set(re.findall(r"(?<![\w/.])((?:captures|addons|inspector|tests)/[\w./-]*\w)", README)))


def options_of(name):
    command = importlib.import_module(COMMANDS[name][0]).command
    return {text for one in command.params if isinstance(one, click.Option) for text in one.opts}


@pytest.mark.parametrize("name", sorted({name for name, _ in CALLS}))
def test_every_command_that_it_calls_exists(name):
    assert name in COMMANDS


def test_every_option_that_it_shows_exists():
    shown = re.findall(r"pull-inspector ([a-z]+)[^\n`]*?(--[a-z][a-z-]*)", README)
    assert shown
    for name, option in shown:
        assert option in options_of(name), f"{name} {option}"


def test_every_option_of_the_addon_that_it_names_exists_and_none_is_missing():
    named = set(re.findall(r"\bregistry_[a-z]+", README))
    assert named == {option.name for option in OPTIONS}


@pytest.mark.parametrize("path", NAMED)
def test_every_file_that_it_names_is_there(path):
    assert (ROOT / path).exists()


def test_every_command_of_the_command_line_is_told():
    told = {name for name, _ in CALLS} | set(re.findall(r"make ([a-z]+)", README))
    assert set(COMMANDS) <= told


def report(flow, *options):
    code = "from inspector.cli.main import main; main()"
    call = [sys.executable, "-c", code, "report", f"captures/{flow}/pull.flow", "--width", "100", *options]
    env = {**os.environ, "TZ": "UTC"}
    return subprocess.run(call, cwd=ROOT, check=True, capture_output=True, text=True, env=env).stdout


def test_the_picture_is_what_the_tool_draws():
    assert report("docker-pull", "--svg") == (ROOT / "captures/docker-pull/report.svg").read_text()


def test_the_failed_pull_is_what_the_tool_prints():
    [shown] = re.findall(r"```\n(✘ .*?)```", README, re.DOTALL)
    lines = [line for line in shown.splitlines() if line.strip() != "…"]
    printed = {line.rstrip() for line in report("podman-resume-fails").splitlines()}
    assert len(lines) > 10
    assert [line for line in lines if line not in printed] == []


def test_the_comparison_is_what_the_tool_prints():
    [shown] = re.findall(r"```\n(Why B .*?)```", README, re.DOTALL)
    flows = [f"captures/{name}/pull.flow" for name in ("docker-resume", "podman-resume-fails")]
    code = "from inspector.cli.main import main; main()"
    call = [sys.executable, "-c", code, "diff", *flows, "--width", "100"]
    printed = subprocess.run(call, cwd=ROOT, check=False, capture_output=True, text=True).stdout.splitlines()
    lines = [line for line in shown.splitlines() if line.strip() != "…"]
    assert len(lines) == 4
    assert [line for line in lines if line not in printed] == []


def test_the_picture_needs_no_network():
    text = (ROOT / "captures/docker-pull/report.svg").read_text()
    assert set(re.findall(r"https?://[^\s\"'<)]+", text.replace("http://www.w3.org/2000/svg", ""))) <= {
        match for match in re.findall(r"https?://[^\s\"'<)]+", text) if "w3.org" in match
    }
    assert "@font-face" not in text
    assert "url(" not in text.replace("url(#", "")
