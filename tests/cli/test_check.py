"""The command ``check``: what ends with which status, and what is said where."""

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import click
import pytest
from mitmproxy import http
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow

from inspector.cli import check as under_test
from inspector.cli import report
from inspector.cli.main import run
from inspector.export import formats
from inspector.gate import slo

BEGIN = 1_790_000_000.0
ERROR = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'
CAPTURES = Path(__file__).parents[2] / "captures"
HEALTHY, BROKEN = CAPTURES / "docker-pull" / "pull.flow", CAPTURES / "podman-resume-fails" / "pull.flow"
UNTRUSTED = CAPTURES / "untrusted-ca" / "pull.flow"

type Run = Callable[..., tuple[int, str, str]]


def flow(path: str, status: int | None, body: bytes, *, at: float = 0.0) -> http.HTTPFlow:
    """One exchange with a registry, as mitmproxy records it."""
    made = tflow.tflow(resp=True)
    made.request = http.Request.make(
        "GET",
        f"https://registry.test{path}",
        headers={"user-agent": "docker/27.0.1", "host": "registry.test"},
    )
    made.response = http.Response.make(status or 200, body, {"content-type": "application/json"})
    made.request.timestamp_start = made.request.timestamp_end = BEGIN + at
    made.response.timestamp_start = made.response.timestamp_end = BEGIN + at + 0.01
    return made


def recorded(path: Path, *flows: http.HTTPFlow) -> Path:
    with path.open("wb") as file:
        writer = FlowWriter(file)
        for one in flows:
            writer.add(one)
    return path


@pytest.fixture
def missing(tmp_path: Path) -> Path:
    """A recording of a pull that finds no tag."""
    return recorded(
        tmp_path / "missing.flow",
        flow("/v2/", 200, b"{}"),
        flow("/v2/team/app/manifests/nope", 404, ERROR, at=0.1),
    )


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line; exit status, standard output, standard error."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def called(*arguments: object) -> tuple[int, str, str]:
        status = run(["check", *map(str, arguments)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return called


# -- exit status ---------------------------------------------------------------------------------------------------------


def test_a_healthy_pull_passes_in_two_lines(call: Run) -> None:
    status, out, err = call(HEALTHY)
    assert (status, err) == (0, "")
    assert [line.partition("  ")[0] for line in out.splitlines()] == [
        "✔ docker.io/library/hello-world:latest", "passed: 1 pull",
    ]  # fmt: skip


def test_an_error_fails_with_what_is_wrong_and_what_to_change(call: Run) -> None:
    status, out, err = call(HEALTHY, BROKEN)
    assert (status, err) == (1, "")
    assert "error[body-truncated]" in out
    assert "fix      nginx: `proxy_buffering off;`" in out
    assert out.splitlines()[-1] == "failed: 1 of 2 pulls, 1 error"


def test_what_comes_before_any_pull_fails_too(call: Run) -> None:
    status, out, _ = call(UNTRUSTED)
    assert status == 1
    assert out.startswith("✘ before any pull\n")


def test_a_warning_fails_where_it_is_asked_for(call: Run) -> None:
    resumed = CAPTURES / "docker-resume" / "pull.flow"
    assert call(resumed)[0] == 0
    assert " below --fail-on error" in call(resumed)[1]
    assert call(resumed, "--fail-on", "warning")[0] == 1
    assert call(resumed, "--fail-on", "note")[0] == 1


def test_ignored_with_a_reason_it_passes_and_is_told(call: Run) -> None:
    status, out, _ = call(
        BROKEN, "--ignore", "body-truncated=the cache is small", "--ignore", "stalled=slow line"
    )
    assert status == 0
    assert "body-truncated  ignored: the cache is small" in out
    assert "ignored but not found: stalled" in out
    assert "1 ignored" in out.splitlines()[-1]


def test_a_baseline_is_written_and_lets_the_same_pass_but_nothing_new(
    call: Run, tmp_path: Path, missing: Path
) -> None:
    file = tmp_path / "known.json"
    status, out, err = call(BROKEN, "--write-baseline", file)
    assert status == 0
    assert "holds 1 finding now" in err
    assert json.loads(file.read_text())["findings"][0]["code"] == "body-truncated"
    status, out, _ = call(BROKEN, "--baseline", file)
    assert status == 0
    assert "body-truncated  in the baseline" in out
    assert call(BROKEN, missing, "--baseline", file)[0] == 1
    assert "not found: 1 finding" in call(HEALTHY, "--baseline", file)[1]


def test_a_threshold_of_time_that_is_broken_fails(call: Run) -> None:
    assert call(HEALTHY, "--slo", "total=1h,ttfb=1h", "--slo", "blob=1h")[0] == 0
    status, out, _ = call(HEALTHY, "--slo", "total=1ms")
    assert status == 1
    assert "slo[total]" in out
    assert "allowed 1 ms" in out


@pytest.mark.parametrize("required", [False, True])
def test_no_pull_at_all_fails_where_one_is_required(call: Run, tmp_path: Path, required: bool) -> None:
    empty = tmp_path / "empty.flow"
    empty.touch()
    status, out, err = call(empty, *(["--require-pull"] if required else []))
    assert status == (1 if required else 0)
    assert f"{empty}: empty" in err
    assert (f"no pull in {empty}" in " ".join(out.split())) is required


def test_a_pull_that_is_cut_before_its_end_is_none(call: Run, tmp_path: Path) -> None:
    asked = flow("/v2/team/app/manifests/1", 200, b"{}")
    asked.response = None
    begun = recorded(tmp_path / "begun.flow", flow("/v2/", 200, b"{}"), asked)
    status, out, _ = call(begun, "--require-pull")
    assert status == 1
    assert "came to its end" in " ".join(out.split())
    assert call(begun)[0] == 0
    assert call(begun, HEALTHY, "--require-pull")[0] == 0


# -- what the user may get wrong -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--ignore", "redirect-to-http"], "redirect-to-http needs a reason"),
        (["--ignore", "redirect-to-htp=x"], "did you mean redirect-to-http?"),
        (["--slo", "total=30"], "total needs a time"),
        (["--slo", "totl=30s"], "did you mean total?"),
        (["--baseline", "no/such.json"], "there is no such file"),
        (["--baseline", str(HEALTHY)], "is no baseline"),
        (["--write-baseline", "no/such/folder.json"], "cannot be written"),
        (["--fail-on", "eror"], "'error', 'warning', 'note'"),
        (["--format", "sarif"], "'junit'"),
        (["no-such.flow"], "no-such.flow"),
        ([str(CAPTURES / "README.md")], "not a capture"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(call: Run, options: list[str], said: str) -> None:
    status, _, err = call(HEALTHY, *options)
    assert status == 2
    assert said in err
    assert len(err.splitlines()) == 1


# -- formats -------------------------------------------------------------------------------------------------------------


def test_both_commands_have_every_format() -> None:
    assert report.FORMATS == formats.NAMES
    for one in (under_test.command, report.command):
        [form] = [option for option in one.params if option.name == "form"]
        assert isinstance(form.type, click.Choice)
        assert tuple(form.type.choices) == formats.NAMES


def test_every_measure_is_named_in_the_help() -> None:
    [option] = [option for option in under_test.command.params if option.name == "slo"]
    assert all(name in option.help for name in slo.NAMES)


@pytest.mark.parametrize("form", formats.NAMES)
def test_the_status_is_the_same_in_every_format(call: Run, form: str) -> None:
    assert call(HEALTHY, "--format", form)[0] == 0
    assert call(BROKEN, "--format", form)[0] == 1
    assert call(BROKEN, "--format", form, "--ignore", "body-truncated=known")[0] == 0


def test_what_machines_read_stands_alone_on_standard_output(call: Run) -> None:
    document = json.loads(call(BROKEN, "--format", "json")[1])
    assert document["check"]["fails"]
    assert document["pulls"][0]["check"]["findings"][0]["fate"] == "counts"
    _, out, err = call(BROKEN, "--format", "junit")
    assert ET.fromstring(out).get("failures") == "1"
    assert err == "pull-inspector: failed: 1 of 1 pull, 1 error\n"
    assert all(line.startswith("::") for line in call(BROKEN, "--format", "github")[1].splitlines())


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_asked(call: Run, width: int) -> None:
    out = call(BROKEN, UNTRUSTED, HEALTHY, "--width", width, "--slo", "total=1ms,ttfb=1ms")[1]
    assert max(len(line) for line in out.splitlines()) <= width
