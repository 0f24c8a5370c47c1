"""The repository is kept in order: sizes, docstrings, a test file for each source file, nothing of one machine in it."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for folder in ("addons", "inspector") for path in (ROOT / folder).rglob("*.py"))
FILE_LINES = 300
FUNCTION_LINES = 40
TOP_LEVEL = {
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "addons",
    "captures",
    "inspector",
    "pyproject.toml",
    "tests",
}
# In pieces, so that this file does not find itself.
MACHINE = [
    r"/wo" + "rk",
    r"/ro" + "ot",
    r"/ho" + r"me(?!/(?:ada|you)\b)",
    r"/tmp/(?:l" + "ab|v" + "env|set" + "up)",
]
HOSTS = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "proxy.go" + "lang.org",
    "crates" + ".io",
]
FORBIDDEN = re.compile(
    rf"(?<![\w.~*}})-])(?:{'|'.join(MACHINE)})(?![\w-])|{'|'.join(re.escape(host) for host in HOSTS)}".encode()
)


def tracked() -> list[Path]:
    """What is in the repository or would be with the next commit; without git, everything that is no by-product."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = (
            subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
        )
        paths = [ROOT / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [
            p for p in ROOT.rglob("*") if not {".venv", ".git", "__pycache__"} & {*p.relative_to(ROOT).parts}
        ]
    return [path for path in paths if path.is_file()]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_a_source_file_opens_with_a_docstring_and_is_short(path):
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "opens with no docstring"
    assert text.count("\n") <= FILE_LINES


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_its_functions_are_short(path):
    functions = [
        n
        for n in ast.walk(ast.parse(path.read_text()))
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lengths = {f.name: (f.end_lineno or 0) - f.lineno + 1 for f in functions}
    assert {name: length for name, length in lengths.items() if length > FUNCTION_LINES} == {}


def places_for(path: Path) -> list[Path]:
    """Where a source file's tests may be: beside their like, under the module's name or its package's."""
    relative = path.relative_to(ROOT)
    parts = relative.parts[1:-1] if relative.parts[0] == "inspector" else relative.parts[:-1]
    folder = ROOT.joinpath("tests", *parts)
    names = [f"test_{path.stem}.py", f"test_{path.stem.strip('_')}.py"]
    above = [folder.parent / f"test_{parts[-1]}.py", folder / f"test_{parts[-1]}.py"] if parts else []
    return [*(folder / name for name in names), *above]


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name != "__init__.py"], ids=named)
def test_it_has_its_test_file(path):
    wanted = places_for(path)
    if not any(file.is_file() for file in wanted):
        pytest.fail(f"none of {', '.join(sorted({named(file) for file in wanted}))}", pytrace=False)


def test_the_top_level_holds_what_it_is_meant_to():
    found = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert {name for name in found if not name.startswith(".")} <= TOP_LEVEL


def test_no_folder_of_tests_is_a_package():
    packages = [path.parent for path in tracked() if path.name == "__init__.py" and "tests" in path.parts]
    assert [named(folder) for folder in packages if any(folder.glob("test_*.py"))] == []


def test_no_file_names_a_place_of_one_machine_or_a_package_registry():
    found = {
        named(path): match[0].decode() for path in tracked() if (match := FORBIDDEN.search(path.read_bytes()))
    }
    assert found == {}


def test_no_lock_file_with_addresses():
    pins = (ROOT / ".ci" / "constraints.txt").read_text().splitlines()
    lines = [line for line in pins if line and not line.startswith("#")]
    pin = re.compile(r"[\w.-]+==[\w.]+(?:; python_version (?:<|>=) \"3\.\d+\")?")
    assert [line for line in lines if not pin.fullmatch(line)] == []
    assert "mitmproxy==12.2.3" in lines
