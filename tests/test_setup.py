"""The set-up finds a Python that fits wherever one is, says in one line when there is none, and works once."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHELL = shutil.which("sh") or "/bin/sh"
REAL = '{real} "$@"'
# Runs the finder's question in this Python, with one thing about it changed.
CHANGED = "shift; exec {real} -c 'import sys, importlib.util; {change}; exec(sys.argv.pop(1))' \"$@\""
OLD = CHANGED.replace("{change}", 'sys.version_info = (3, 11, 7, "final", 0)')
NEWER = CHANGED.replace("{change}", 'sys.version_info = (3, 14, 0, "final", 0)')
NO_VENV = CHANGED.replace("{change}", "importlib.util.find_spec = lambda name: None")
NO_GIL = CHANGED.replace("{change}", 'sys.abiflags = "t"')
SHIM = "echo 'pyenv: python3.13: command not found' >&2; exit 127"
THIS = "{}.{}".format(*sys.version_info)


class Machine:
    """A home folder and a PATH with nothing on it but what the test puts there."""

    def __init__(self, folder):
        self.home = folder / "home"
        self.path = folder / "bin"
        self.path.mkdir(parents=True)
        self.environment = {"HOME": str(self.home), "PATH": str(self.path)}

    def put(self, where, script):
        """A program; its place is a name on PATH, or a path under the home folder."""
        place = self.home / where if "/" in where else self.path / where
        place.parent.mkdir(parents=True, exist_ok=True)
        # `exec -a` is not POSIX: what the finder is told is where this Python is, not where the script is.
        place.write_text(f"#!{SHELL}\n{script.replace('{real}', sys.executable)}\n")
        place.chmod(0o755)
        return place

    def find(self, *arguments, **environment):
        return subprocess.run(
            [SHELL, ROOT / ".ci" / "python", *arguments],
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(name="machine")
def fixture_machine(tmp_path):
    return Machine(tmp_path)


def assert_found(done):
    assert (done.stdout, done.stderr, done.returncode) == (f"{sys.executable}\n", "", 0)


def assert_none(done, *said):
    assert (done.stdout, done.returncode, done.stderr.count("\n")) == ("", 2, 1)
    for words in said:
        assert words in done.stderr


@pytest.mark.parametrize(
    "where",
    [
        "python3",
        "python",
        "python3.12",
        "python3.13",
        "python3.14",
        ".pyenv/versions/3.12.1/bin/python3",
        ".pyenv/versions/3.13.0/bin/python3",
        ".local/share/uv/python/cpython-3.13.1-linux-x86_64-gnu/bin/python3",
    ],
)
def test_it_is_found_wherever_it_is(machine, where):
    machine.put(where, REAL)
    assert_found(machine.find())


def test_an_old_python3_and_a_failing_shim_do_not_hide_another(machine):
    machine.put("python3", OLD)
    machine.put("python3.13", SHIM)
    machine.put(".pyenv/versions/3.13.0/bin/python3", REAL)
    assert_found(machine.find())


def test_folders_that_pyenv_and_uv_are_told_to_use(machine, tmp_path):
    machine.put("elsewhere/versions/3.12.9/bin/python3", REAL)
    assert_found(machine.find(PYENV_ROOT=str(machine.home / "elsewhere")))
    machine.put("uvs/cpython-3.12.9-linux/bin/python3", REAL)
    assert_found(machine.find(UV_PYTHON_INSTALL_DIR=str(machine.home / "uvs")))


def test_uv_is_asked_when_nothing_else_is_there(machine):
    hidden = machine.put("hidden/python", REAL)
    machine.put("uv", f'[ "$*" = "python find --no-python-downloads >=3.12" ] && echo {hidden}')
    assert_found(machine.find())


def test_a_tested_version_comes_before_a_newer_one(machine):
    machine.put("python3", NEWER.replace("exec(", 'sys.executable = "newer"; exec('))
    machine.put(f"python{THIS}", REAL)
    assert_found(machine.find())


def test_python_named_by_the_user_is_taken_and_no_other(machine):
    mine = machine.put("mine/python", REAL)
    assert_found(machine.find(PYTHON=str(mine)))
    machine.put("python3", REAL)
    old = machine.put("old/python", OLD)
    assert_none(machine.find(PYTHON=str(old)), f"PYTHON: {old} is Python 3.11.7", "3.12 or newer")
    assert_none(machine.find(PYTHON="/nowhere/python"), "PYTHON: /nowhere/python does not run")


def test_none_at_all_is_one_line_that_says_where_it_looked_and_what_to_do(machine):
    pyenv = str(machine.home / ".pyenv" / "versions")
    assert_none(machine.find(), "on PATH", pyenv, "uv/python", "uv python install", "make demo PYTHON=")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (OLD, "python3 is Python 3.11.7"),
        (NO_VENV, "without venv and ensurepip"),
        (NO_GIL, "without the GIL"),
        (SHIM, "looked for"),
        ("exit 0", "looked for"),
        ("echo nonsense", "python3 is nonsense"),
    ],
)
def test_what_does_not_fit_is_named(machine, script, said):
    machine.put("python3", script)
    assert_none(machine.find(), said)


def test_one_version_can_be_asked_for(machine):
    machine.put("python3", REAL)
    assert_found(machine.find(THIS))
    assert_none(machine.find("3.99"), "No CPython 3.99")


# A Python in small, for the set-up: it fits, makes environments that consist of itself, and notes what pip is to do.
TOY = """
case "$1 $2" in
"-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && cp "$0" "$3/bin/pull-inspector" ;;
"-m pip") echo "pip $*" >>"$NOTES"; [ -z "${PIP_FAILS:-}" ] || { echo "pip's own words"; exit 1; } ;;
"-m pytest") echo "pytest" >>"$NOTES" ;;
"demo ") echo "demo" >>"$NOTES" ;;
"-V "*) echo "Python 3.13.0" ;;
*) case "$2" in "") ;; *) echo "ok $0" ;; esac ;;
esac
"""


class Checkout:
    """A copy of what the set-up needs, with a toy for Python."""

    def __init__(self, folder):
        self.folder = folder / "a checkout"
        (self.folder / ".ci").mkdir(parents=True)
        for name in ("Makefile", "pyproject.toml", ".ci/python", ".ci/setup", ".ci/constraints.txt"):
            shutil.copy(ROOT / name, self.folder / name)
        self.toy = folder / "toy"
        self.toy.write_text(f"#!{SHELL}\n{TOY}")
        self.toy.chmod(0o755)
        self.notes = folder / "notes"
        self.notes.touch()

    def make(self, target, **more):
        environment = {"PATH": os.environ["PATH"], "PYTHON": str(self.toy), "NOTES": str(self.notes), **more}
        self.notes.write_text("")
        return subprocess.run(
            ["make", target], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def did(self, target, **more):
        done = self.make(target, **more)
        assert done.returncode == 0, done.stderr
        return [
            line.split(" ")[0] + (" [dev]" if "[dev]" in line else "")
            for line in self.notes.read_text().splitlines()
        ]


@pytest.fixture(name="checkout")
def fixture_checkout(tmp_path):
    if shutil.which("make") is None:
        pytest.skip("make is not there")
    return Checkout(tmp_path)


def test_a_second_run_does_no_work_again(checkout):
    assert checkout.did("demo") == ["pip", "demo"]
    assert checkout.did("demo") == ["demo"]


def test_the_tests_need_more_and_the_demo_then_nothing(checkout):
    assert checkout.did("demo") == ["pip", "demo"]
    assert checkout.did("test") == ["pip [dev]", "pytest"]
    assert checkout.did("test") == ["pytest"]
    assert checkout.did("demo") == ["demo"]


@pytest.mark.parametrize("name", ["pyproject.toml", ".ci/constraints.txt"])
def test_other_pins_are_installed(checkout, name):
    checkout.did("demo")
    with (checkout.folder / name).open("a") as file:
        file.write("# changed\n")
    assert checkout.did("demo") == ["pip", "demo"]


def test_an_environment_that_was_moved_or_broken_is_made_anew(checkout):
    checkout.did("demo")
    checkout.folder = checkout.folder.rename(checkout.folder.with_name("moved"))
    assert "Making .venv" in checkout.make("demo").stdout
    (checkout.folder / ".venv" / "bin" / "python").unlink()
    assert "Making .venv" in checkout.make("demo").stdout
    assert checkout.did("demo") == ["demo"]


def test_what_pip_says_is_shown_when_it_fails_and_the_next_run_tries_again(checkout):
    done = checkout.make("demo", PIP_FAILS="1")
    assert done.returncode == 2
    assert "pip's own words\npip could not install" in done.stderr
    assert checkout.did("demo") == ["pip", "demo"]


def test_the_pins_are_used(checkout):
    checkout.make("demo")
    assert "--constraint .ci/constraints.txt --editable .\n" in checkout.notes.read_text()


def test_without_a_python_the_one_line_is_what_one_sees(checkout):
    done = checkout.make("demo", PYTHON="/nowhere/python")
    assert done.returncode == 2
    assert done.stderr.startswith("PYTHON: /nowhere/python does not run")
    assert not (checkout.folder / ".venv").exists()


def test_make_alone_says_what_there_is(checkout):
    printed = checkout.make("help").stdout
    for target in ("demo", "test", "check", "clean"):
        assert f"make {target}" in printed
