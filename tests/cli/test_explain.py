"""``pull-inspector explain``: every code that a report names can be asked about."""

import pytest
from click.testing import CliRunner

from inspector.cli.explain import command
from inspector.cli.main import run
from inspector.rules import catalogue


def test_a_code_is_explained_with_cause_fix_and_spec():
    result = CliRunner().invoke(command, ["digest-mismatch", "--width", "100"])
    assert result.exit_code == 0
    assert result.output.startswith("digest-mismatch  error")
    for part in ("what clients print", "cause", "fix", "often taken for", "spec"):
        assert f"\n{part}\n" in result.output


def test_without_a_code_all_are_listed():
    result = CliRunner().invoke(command, ["--width", "100"])
    assert {line[2:].split()[0] for line in result.output.splitlines()} == {
        rule.code for rule in catalogue.rules()
    }


def test_an_unknown_code_is_one_line_with_the_nearest_one(capsys):
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(run(["explain", "digest-missmatch"]))
    assert ended.value.code == 2
    assert (
        capsys.readouterr().err
        == "pull-inspector: no code 'digest-missmatch'; did you mean digest-mismatch?\n"
    )
