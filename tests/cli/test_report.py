"""The command ``report``: what goes to which stream, and how it ends."""

import gc
import io
import json
import os
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from mitmproxy import http
from mitmproxy.io import FlowWriter, tnetstring
from mitmproxy.test import tflow

from inspector.cli import report as under_test
from inspector.cli.main import run
from inspector.report import render
from inspector.rules import diagnose
from inspector.sources import reading

BEGIN = 1_790_000_000.0
ERROR = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'

type Run = Callable[..., tuple[int, str, str]]


def flow(path: str, status: int, body: bytes, *, at: float = 0.0, method: str = "GET") -> http.HTTPFlow:
    """One exchange with a registry, as mitmproxy records it."""
    made = tflow.tflow(resp=True)
    made.request = http.Request.make(
        method,
        f"https://registry.test{path}",
        headers={"user-agent": "docker/27.0.1", "host": "registry.test"},
    )
    made.response = http.Response.make(status, body, {"content-type": "application/json"})
    made.request.timestamp_start = made.request.timestamp_end = BEGIN + at
    made.response.timestamp_start = made.response.timestamp_end = BEGIN + at + 0.01
    return made


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """A recording of a pull that finds no tag, in two requests."""
    path = tmp_path / "missing.flow"
    with path.open("wb") as file:
        writer = FlowWriter(file)
        writer.add(flow("/v2/", 200, b"{}"))
        writer.add(flow("/v2/team/app/manifests/nope", 404, ERROR, at=0.1))
    return path


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line; exit status, standard output, standard error."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def called(*arguments: object) -> tuple[int, str, str]:
        status = run(["report", *map(str, arguments)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return called


def test_a_report_goes_to_standard_output_and_nothing_else_is_said(call: Run, capture: Path) -> None:
    status, out, err = call(capture)
    assert (status, err) == (0, "")
    assert out.startswith("✘ registry.test/team/app:nope")
    assert "MANIFEST_UNKNOWN: manifest unknown" in out
    assert out.splitlines()[-1].startswith("Checks: ") or out.splitlines()[-2].startswith("Checks: ")
    assert "\x1b" not in out


def test_piped_it_is_80_columns_unless_told_otherwise(
    call: Run, capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(call(capture)[1].splitlines()[0]) == 80
    assert len(call(capture, "--width", 100)[1].splitlines()[0]) == 100
    monkeypatch.setenv("COLUMNS", "120")
    assert len(call(capture)[1].splitlines()[0]) == 120


def test_colour_where_it_is_forced_and_not_where_it_is_not_wanted(
    call: Run, capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[1;31m" in call(capture)[1]
    assert "\x1b" not in call(capture, "--no-color")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[1;31m" not in call(capture)[1]


def test_json_is_the_document_and_nothing_else(call: Run, capture: Path) -> None:
    status, out, err = call(capture, "--format", "json")
    assert (status, err) == (0, "")
    document = json.loads(out)
    assert document["schema"] == "pull-inspector/report/1"
    assert [pull["outcome"] for pull in document["pulls"]] == ["failed"]


def test_concise_is_a_line_a_finding(call: Run, capture: Path) -> None:
    _, out, _ = call(capture, "--format", "concise")
    assert out.splitlines()
    assert all(line.startswith(f"{capture}:1:2: ") for line in out.splitlines())


def test_one_pull_of_several_as_json_and_a_line_a_finding(call: Run, capture: Path) -> None:
    document = json.loads(call(capture, capture, "--format", "json", "--pull", "2")[1])
    assert [pull["n"] for pull in document["pulls"]] == [2]
    lines = call(capture, capture, "--format", "concise", "--pull", "2")[1].splitlines()
    assert lines
    assert all(":2:" in line for line in lines)
    assert call(capture, "--format", "json", "--pull", "2")[0] == 2


def test_sections_are_named_with_commas_between() -> None:
    context, option = click.Context(under_test.command), under_test.command.params[1]
    assert under_test.sections(context, option, None) is None
    assert under_test.sections(context, option, "Hosts, diagram") == ["hosts", "diagram"]
    assert under_test.sections(context, option, "all") == under_test.SECTIONS
    for wrong in ("nonsense", ",", "hosts,nonsense"):
        with pytest.raises(click.BadParameter):
            under_test.sections(context, option, wrong)


def test_sections_are_chosen(call: Run, capture: Path) -> None:
    out = call(capture, "--show", "hosts, content")[1]
    assert out.startswith("Content\n")
    assert "registry.test:443" in out
    assert "status" not in out
    everything = call(capture, "--show", "all")[1]
    assert "Timeline" in everything
    assert "Checks  " in everything


def test_full_is_every_section(call: Run, capture: Path) -> None:
    out = call(capture, "--full")[1]
    for sign in ("Sequence diagram", "Timeline", "Content", "Challenges and tokens", "Hosts", "Checks  "):
        assert sign in out


def test_a_section_that_is_none_is_named(call: Run, capture: Path) -> None:
    status, out, err = call(capture, "--show", "hosts,nope")
    assert (status, out) == (2, "")
    assert "no section nope; there are: headline" in err
    assert err.count("\n") == 1


def test_one_exchange_and_one_pull(call: Run, capture: Path) -> None:
    assert call(capture, "--request", 2)[1].startswith("✘ 2 manifest")
    assert call(capture, "--pull", 1)[1].startswith("✘ registry.test/team/app:nope")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--request", 3), "there is no request 3: this pull has 2"),
        (("--pull", 2), "there is no pull 2: it has 1 pull"),
    ],
)
def test_what_is_not_there(option: tuple[str, int], said: str, call: Run, capture: Path) -> None:
    assert call(capture, *option) == (2, "", f"pull-inspector: {said}\n")


def test_an_empty_file_is_a_capture_of_nothing(call: Run, tmp_path: Path) -> None:
    path = tmp_path / "empty.flow"
    path.touch()
    status, out, err = call(path)
    assert status == 0
    assert out.startswith("No pull in this recording.")
    assert err == f"pull-inspector: {path}: empty, nothing is recorded in it.\n"


def test_an_empty_file_among_others_is_named(call: Run, capture: Path, tmp_path: Path) -> None:
    path = tmp_path / "empty.flow"
    path.touch()
    status, _, err = call(capture, path)
    assert status == 0
    assert err == f"pull-inspector: {path}: empty, nothing is recorded in it.\n"


def test_a_cut_file_is_reported_as_far_as_it_goes(call: Run, capture: Path) -> None:
    capture.write_bytes(capture.read_bytes()[:-20])
    status, out, err = call(capture)
    assert status == 0
    assert "registry.test" in out
    assert err.startswith(f"pull-inspector: {capture}: The file is cut")
    assert err.count("\n") == 1


@pytest.mark.parametrize("content", [b"\x00\x01\x02junk", b"\x1f\x8b\x08\x00rest"])
def test_what_is_no_capture_ends_with_2_and_one_line(content: bytes, call: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(content)
    status, out, err = call(path)
    assert (status, out) == (2, "")
    assert err.startswith(f"pull-inspector: {path}: ")
    assert err.count("\n") == 1


def test_a_file_that_is_not_there(call: Run, tmp_path: Path) -> None:
    status, out, err = call(tmp_path / "no\x1b[2Jwhere")
    assert (status, out) == (2, "")
    assert "there is no such file" in err
    assert "\x1b" not in err
    assert err.count("\n") == 1


def test_standard_input(call: Run, capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(capture.read_bytes())))
    assert call("-")[1].startswith("✘ registry.test/team/app:nope")


def test_several_files_are_named_over_their_pulls(call: Run, capture: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.flow"
    other.write_bytes(capture.read_bytes())
    out = call(capture, other, "--width", 200)[1]
    assert out.startswith("2 pulls\n")
    assert f"── pull 2 · {other} ─" in out


def test_the_sections_are_those_of_the_report() -> None:
    assert under_test.SECTIONS == render.SECTIONS


def test_reading_shows_progress_on_a_terminal_and_clears_it(
    call: Run, capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    status, out, _ = call(capture)
    assert status == 0
    assert "reading" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[1A\x1b[2K")  # the line of the progress is gone
    assert out.startswith("✘ registry.test")


def test_importing_the_command_imports_neither_mitmproxy_nor_the_report() -> None:
    code = "import sys, inspector.cli.report; print([m for m in ('mitmproxy', 'inspector.report', 'msgspec') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("form", ["text", "json", "concise"])
def test_a_reader_that_has_gone_is_no_fault(form: str, capture: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    code = f"from inspector.cli.main import main; import sys; sys.argv = ['x', 'report', {str(capture)!r}, '--format', {form!r}]; main()"
    done = subprocess.run([sys.executable, "-c", code], stdout=write_end, stderr=subprocess.PIPE, text=True)
    os.close(write_end)
    assert done.stderr == ""
    assert done.returncode in {0, 1}


def test_a_terminal_that_has_no_unicode_gets_ascii(capture: Path) -> None:
    code = f"from inspector.cli.main import main; import sys; sys.argv = ['x', 'report', {str(capture)!r}]; main()"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert done.stdout.startswith(b"x registry.test/team/app:nope")


@pytest.mark.parametrize("form", ["text", "json", "concise"])
def test_what_cannot_be_written_is_said_in_a_line(form: str, capture: Path) -> None:
    code = f"from inspector.cli.main import main; import sys; sys.argv = ['x', 'report', {str(capture)!r}, '--format', {form!r}]; main()"
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.stderr == "pull-inspector: the report could not be written: No space left on device.\n"
    assert done.returncode == 2


@pytest.mark.parametrize("form", ["text", "json", "concise"])
def test_an_error_in_a_later_file_leaves_standard_output_empty(
    form: str, call: Run, capture: Path, tmp_path: Path
) -> None:
    status, out, err = call(capture, tmp_path / "nowhere", "--format", form)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1


def test_the_json_is_the_one_of_the_whole_report(call: Run, capture: Path) -> None:
    from inspector.export.document import encode
    from inspector.sources.reading import read

    assert call(capture, capture, "--format", "json")[1].encode() == encode(
        read([str(capture), str(capture)])
    )


def test_a_picture_goes_to_standard_output(call: Run, capture: Path) -> None:
    status, out, err = call(capture, "--svg")
    assert (status, err) == (0, "")
    assert out.startswith("<svg ")
    assert "MANIFEST_UNKNOWN" in out
    assert "1218" in out.partition("viewBox")[2][:20]  # 100 columns
    assert "1218" not in call(capture, "--svg", "--width", 120)[1].partition("viewBox")[2][:20]
    assert call(capture, "--svg", "--format", "json")[0] == 2
    assert call(capture, "--svg", "--pull", 2) == (
        2,
        "",
        "pull-inspector: there is no pull 2: it has 1 pull\n",
    )


@pytest.mark.parametrize("option", [("--show", "hosts"), ("--request", "2")])
def test_what_another_form_would_leave_aside_is_refused(
    call: Run, capture: Path, option: tuple[str, str]
) -> None:
    status, out, err = call(capture, "--format", "json", *option)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "leave --format out" in err


def test_a_pull_that_is_not_there_is_counted_in_words(call: Run, capture: Path) -> None:
    words = ("--format", "json", "--pull", "7")
    assert call(capture, *words)[2] == "pull-inspector: there is no pull 7: this file has 1 pull.\n"
    assert call(capture, capture, *words)[2].endswith("these files have 2 pulls.\n")


def test_a_closed_standard_input(call: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert call("-") == (2, "", "pull-inspector: -: standard input is closed.\n")


def test_an_empty_standard_input(call: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    status, out, err = call("-")
    assert (status, err) == (0, "pull-inspector: -: empty, nothing is recorded in it.\n")
    assert out.startswith("No pull")


def test_a_folder_and_a_newer_mitmproxy(call: Run, tmp_path: Path) -> None:
    state = flow("/v2/", 200, b"{}").get_state()
    (tmp_path / "newer.flow").write_bytes(tnetstring.dumps({**state, "version": 99}))
    for path, said in ((tmp_path, "a folder."), (tmp_path / "newer.flow", "written by a newer mitmproxy")):
        status, out, err = call(path)
        assert (status, out) == (2, "")
        assert f"{path}: {said}" in err
        assert err.count("\n") == 1


def test_a_file_that_may_not_be_read(call: Run, capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(io, "FileIO", refuse)  # root may read everything
    status, out, err = call(capture)
    assert (status, out) == (2, "")
    assert "may not be read by this user" in err
    assert err.count("\n") == 1


def test_of_many_pulls_those_that_are_not_shown_are_not_kept(
    call: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.flow"
    with path.open("wb") as file:
        writer = FlowWriter(file)
        for number in range(12):
            writer.add(flow(f"/v2/team/app{number}/manifests/x", 404, ERROR, at=number * 100.0))
    alive: list[weakref.ref[object]] = []

    def watched(pull: object, *_: object, **__: object) -> None:
        alive.append(weakref.ref(pull.steps[0].exchange))  # type: ignore[attr-defined]
        diagnose(pull)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "diagnose", watched)
    counted: list[int] = []
    monkeypatch.setattr(
        render, "print_kept", lambda *_, **__: counted.append(sum(1 for one in alive if one() is not None))
    )
    assert call(path)[0] == 0
    gc.collect()
    assert (len(alive), counted) == (12, [5])
