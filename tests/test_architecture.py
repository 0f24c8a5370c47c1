"""The layers hold: who may import whom is written in pyproject.toml, and import-linter finds nobody who does not heed it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([program, "--no-cache"], cwd=root, capture_output=True, text=True, check=False)


def test_the_contract_is_kept():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert "3 kept, 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("core/engine.py", "import inspector.report.render"),
        ("core/engine.py", "import time"),
        ("wire/digest.py", "import asyncio"),
        ("sources/reading.py", "import inspector.cli.main"),
    ],
)
def test_a_breach_is_found(tmp_path, module, line):
    for name in ("inspector", "addons"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "inspector" / module).open("a") as file:
        file.write(f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert "BROKEN" in done.stdout
