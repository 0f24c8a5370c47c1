"""``pull-inspector explain``: every code that a report names can be asked about."""

import io
import json

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
    *lines, last = result.output.splitlines()
    assert {line[2:].split()[0] for line in lines} == {rule.code for rule in catalogue.rules()}
    assert last == "★ met most · pull-inspector explain CODE says more"


def test_an_unknown_code_is_one_line_with_the_nearest_one(capsys):
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(run(["explain", "digest-missmatch"]))
    assert ended.value.code == 2
    assert (
        capsys.readouterr().err
        == "pull-inspector: no code 'digest-missmatch'; did you mean digest-mismatch?\n"
    )


def test_a_pasted_message_names_the_codes_behind_it():
    result = CliRunner().invoke(
        command, ["Error response from daemon: no basic auth credentials", "--width", "80"]
    )
    assert result.exit_code == 0
    assert result.output.startswith("credentials-missing  error")
    assert "docker: no basic auth credentials" in result.output
    assert "pull-inspector watch" in result.output


def test_a_message_that_no_client_prints_fails_and_says_what_to_do():
    assert run(["explain", "my cat sat on the keyboard"]) == 1


def test_a_code_in_capitals_is_the_code_and_words_need_no_quotes():
    assert CliRunner().invoke(command, ["RATE-LIMITED"]).output.startswith("rate-limited  error")
    quoted, bare = (
        CliRunner().invoke(command, words).output
        for words in (["Error: no basic auth credentials"], ["Error:", "no", "basic", "auth", "credentials"])
    )
    assert quoted == bare


def test_a_log_on_standard_input_is_read_from_its_end():
    """What went well stands before; a message with quotes in it needs none around it."""
    log = "Pulling from library/x\n" * 9000 + 'time="now" level=fatal msg="no basic auth credentials"\n\n'
    assert CliRunner().invoke(command, ["-"], input=log).output.startswith("credentials-missing  error")


def test_nothing_on_standard_input_is_the_users_mistake(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b" \n")))
    assert run(["explain", "-"]) == 2
    assert "standard input is empty" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", None)
    assert run(["explain", "-"]) == 2
    assert capsys.readouterr().err == "pull-inspector: standard input is closed.\n"


def test_one_word_can_be_a_message():
    result = CliRunner().invoke(command, ["toomanyrequests"])
    assert result.exit_code == 0
    assert result.output.startswith("rate-limited")


@pytest.mark.parametrize("what", [[], ["rate-limited"], ["Error: unexpected EOF"]])
def test_all_of_it_comes_as_json_and_as_a_page_too(what):
    as_json = CliRunner().invoke(command, [*what, "--format", "json"])
    assert all({"code", "remedy", "says"} <= set(one) for one in json.loads(as_json.output)["codes"])
    as_page = CliRunner().invoke(command, [*what, "--format", "html"])
    assert as_page.output.startswith("<!doctype html>")
    assert as_page.output.count("<article") == len(json.loads(as_json.output)["codes"])


def test_what_is_pasted_reaches_the_terminal_clean():
    result = CliRunner().invoke(command, ["no basic auth credentials \x1b[2J", "--format", "json"])
    assert "\x1b" not in result.output
