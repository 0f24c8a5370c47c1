"""Two pulls side by side on a terminal."""

import io

import pytest
from msgspec.structs import replace
from rich.console import Console

from inspector.compare import compare
from inspector.report.difference import Differences
from inspector.rules import diagnose
from inspector.rules.example import build
from inspector.rules.sample import HEALTHY, HTML, LAYER, SELF_SERVED, serve

REFUSED = (*SELF_SERVED[:-1], replace(serve(LAYER), status=400, give=("content-type: text/html",), body=HTML))


def drawn(a, b, width=80, *, full=False, names=("direct.flow", "folder/mirror.flow"), colours=None):
    pulls = []
    for turns in (a, b):
        (pull,) = build(turns)[0]
        diagnose(pull)
        pulls.append(pull)
    out = io.StringIO()
    console = Console(
        width=width, highlight=False, color_system=colours, force_terminal=bool(colours), file=out
    )
    console.print(Differences(compare(*pulls), names, full=full))
    return out.getvalue()


def test_the_failure_is_explained_first_with_both_values_and_the_fix():
    text = drawn(HEALTHY, REFUSED)
    assert (
        text.index("Why B failed where A did not")
        < text.index("✘ html-answer")
        < text.index("fix:")
        < text.index("part ")
    )
    assert "layer 1 · answers  A 307, cdn 200   B 400" in text
    assert "mirror.flow" in text


def test_every_part_has_a_line_with_both_sides():
    lines = drawn(HEALTHY, REFUSED, 120).splitlines()
    layer = next(line for line in lines if line.startswith("layer 1  "))
    assert "✔ 307, cdn 200 (#8-9)" in layer
    assert "✘ 400 (#7)" in layer


def test_what_is_harmless_is_counted_and_shown_when_it_is_asked_for():
    text = drawn(HEALTHY, SELF_SERVED)
    assert "✔ Nothing differs that matters." in text
    assert "harmless: --full" in text
    assert "config, layer 1 · answers" not in text
    assert "config, layer 1 · answers" in drawn(HEALTHY, SELF_SERVED, full=True)


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(width):
    assert max(map(len, drawn(HEALTHY, REFUSED, width, full=True).splitlines())) <= width


def test_a_side_without_a_part_is_a_dash():
    lines = drawn(HEALTHY, HEALTHY[:3]).splitlines()
    assert next(line for line in lines if line.startswith("layer 1")).endswith("–")


def test_files_of_one_name_are_told_apart_by_their_folders():
    text = drawn(HEALTHY, HEALTHY, names=("captures/docker-resume/pull.flow", "captures/podman/pull.flow"))
    assert "docker-resume/pull.flow" in text
    assert "podman/pull.flow" in text
    assert "captures" not in text + drawn(HEALTHY, HEALTHY, names=("captures/a.flow", "captures/b.flow"))


def test_only_the_parts_name_is_bold(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    lines = drawn(HEALTHY, REFUSED, 120, colours="standard").splitlines()
    row = next(line for line in lines if "challenge" in line and "401" in line)
    assert row.startswith("\x1b[1mchallenge")
    assert "\x1b[32m✔ \x1b[0m401 (#1)" in row
