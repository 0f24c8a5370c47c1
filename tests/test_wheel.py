"""The package works from its wheel: installed in an empty environment, used from an empty folder, far from the checkout."""

import os
import select
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def call(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **more)


@pytest.fixture(name="wheel", scope="module")
def fixture_wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet")
    done = call(*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(name="installed", scope="module")
def fixture_installed(wheel, tmp_path_factory):
    """The folder of commands of an environment that holds the wheel and what it needs; pins as in `make demo`."""
    folder = tmp_path_factory.mktemp("environment")
    assert call(sys.executable, "-m", "venv", folder).returncode == 0
    pip = (folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    done = call(*pip, "--constraint", ROOT / ".ci" / "constraints.txt", wheel)
    assert done.returncode == 0, done.stderr
    return folder / "bin"


@pytest.fixture(name="environment")
def fixture_environment(tmp_path):
    """Nothing of the checkout: no PYTHONPATH, another home."""
    return {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1"}


def test_the_wheel_holds_the_addons_and_the_package_and_nothing_else(wheel):
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert tops == {"addons", "inspector", f"{wheel.name.removesuffix('-py3-none-any.whl')}.dist-info"}


def test_path_names_the_installed_recorder(installed, environment, tmp_path):
    done = call(installed / "pull-inspector", "path", "record", cwd=tmp_path, env=environment)
    path = Path(done.stdout.strip())
    assert path.is_file(), done.stderr
    assert path.is_relative_to(installed.parent)


def test_mitmdump_starts_with_the_installed_recorder(installed, environment, tmp_path):
    script = 'exec "$0/mitmdump" --listen-port 0 -s "$("$0/pull-inspector" path record)"'
    command = ["sh", "-c", script, installed]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = []
        while select.select([process.stdout], [], [], 60)[0] and (line := process.stdout.readline()):
            said.append(line)
            if "listening" in line:
                break
        process.terminate()
        said += process.stdout.readlines()
    assert any("listening" in line for line in said), said
    assert not [line for line in said if "rror" in line or "Traceback" in line]


def test_the_demo_runs_from_an_empty_folder_and_its_hint_works(installed, environment, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    done = call(installed / "pull-inspector", "demo", cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr
    assert "registry.demo.test/demo/app:latest" in done.stdout
    assert os.listdir(folder) == ["demo.flow"]
    hint = done.stderr.partition("Show it again: ")[2].strip()
    again = call("sh", "-c", hint, cwd=folder, env=environment)
    assert (again.returncode, again.stderr) == (0, "")
    assert "registry.demo.test/demo/app:latest" in again.stdout


GOOD, BAD = (ROOT / "captures" / name / "pull.flow" for name in ("docker-resume", "podman-resume-fails"))


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["explain", "--format", "html"], 0, "@media (prefers-color-scheme: dark)"),
        (["explain", "--format", "json", "Error: unexpected EOF"], 0, '"code": "body-truncated"'),
        (["report", BAD, "--full"], 0, "error[body-truncated]"),
        (["report", BAD, "--format", "json"], 0, '"schema": "pull-inspector/report/1"'),
        (["check", GOOD], 0, "passed: 1 pull"),
        (["check", BAD, "--format", "junit"], 1, "<failure "),
        (["check", BAD, "--format", "markdown"], 1, "```mermaid"),
        (["diff", GOOD, BAD], 1, "Why B failed where A did not"),
        (["mirror", "--print"], 0, "addons/mirror.py"),
    ],
    ids=lambda value: " ".join(map(str, value[:1])) if isinstance(value, list) else None,
)
def test_every_command_finds_what_it_needs_in_the_wheel(
    installed, environment, tmp_path, words, status, said
):
    done = call(installed / "pull-inspector", *words, cwd=tmp_path, env=environment)
    assert (done.returncode, done.stderr.count("Traceback")) == (status, 0), done.stderr
    assert said in done.stdout


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("fault", ["--set", "fault=help"], "body-truncated"),
        ("views", ["--set", "confdir=.", "-n", "-r", BAD], "registry-1.docker.io"),
    ],
)
def test_mitmdump_loads_the_other_installed_addons(installed, environment, tmp_path, name, options, said):
    """views: each flow's body is drawn by a view, at the highest level of detail."""
    path = Path(
        call(installed / "pull-inspector", "path", name, cwd=tmp_path, env=environment).stdout.strip()
    )
    assert path.is_relative_to(installed.parent)
    words = [installed / "mitmdump", "-s", path, "--set", "flow_detail=4", *options]
    done = call(*words, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert (name != "views") or "# Token answer" in done.stdout
