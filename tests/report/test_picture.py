"""The report as an SVG picture: well-formed, inert, and in need of nothing from anywhere."""

import re
from xml.dom import minidom

import pytest
from rich.console import Console

from inspector.core.pull import Pull, Stage
from inspector.report.picture import picture
from inspector.report.render import print_pull

HOSTILE = "\x1b[2J\x07\x00\ufffe\ud800]]>&amp;<script>alert(1)</script><image href='http://evil.test/'/>\"' clip-path=\"url(#x)\" {label}\u202e"


def of_pull(pull: Pull, **how: object) -> str:
    return picture(lambda console: print_pull(console, pull, full=True), **how)  # type: ignore[arg-type]


def words(svg: str) -> str:
    """What a reader sees, its lines run together."""
    return " ".join(
        node.firstChild.data.replace("\u00a0", " ")
        for node in minidom.parseString(svg).getElementsByTagName("text")
    )


@pytest.mark.parametrize("width", [60, 100, 160])
def test_it_needs_nothing_from_the_network(width: int, refused_pull: Pull) -> None:
    svg = of_pull(refused_pull, width=width, title="pull-inspector report pull.flow")
    markup = re.sub(r">[^<]*<", "><", svg)  # a host's name in a text is no address
    assert markup.replace('xmlns="http://www.w3.org/2000/svg"', "").count("http") == 0
    for sign in ("@font-face", "@import", "url(", "<image", "<script", "<use", "href"):
        assert sign not in svg


def test_the_report_is_in_it(refused_pull: Pull) -> None:
    said = words(of_pull(refused_pull, title="what was typed"))
    for part in (
        "what was typed",
        "docker.io/library/hello-world:latest",
        "cdn-rejects-authorization",
        "Checks",
    ):
        assert part in said


def test_colours_are_kept(refused_pull: Pull) -> None:
    svg = of_pull(refused_pull)
    assert "#ff7b72" in svg  # red
    assert "font-weight: bold" in svg


def test_the_width_is_the_pictures(refused_pull: Pull) -> None:
    def width(svg: str) -> float:
        return float(minidom.parseString(svg).documentElement.getAttribute("viewBox").split()[2])

    assert width(of_pull(refused_pull, width=160)) > 1.5 * width(of_pull(refused_pull, width=100))


def test_hostile_text_is_inert(talk: "Conversation") -> None:  # noqa: F821 - of conftest
    talk.add(
        Stage.MANIFEST, "GET", f"https://r.test/v2/{HOSTILE}/manifests/x", 403, at=0.0, size=3, error=HOSTILE
    )
    svg = of_pull(talk.pull(reference=HOSTILE, repository=HOSTILE), title=HOSTILE)
    elements = {node.tagName for node in minidom.parseString(svg).getElementsByTagName("*")}
    assert elements == {"svg", "style", "rect", "g", "circle", "text"}
    assert "\x1b" not in svg
    assert "\u202e" not in svg
    assert "{label}" in words(svg)


def test_the_same_report_is_the_same_picture(docker_pull: Pull) -> None:
    assert of_pull(docker_pull) == of_pull(docker_pull)


def test_environment_and_terminal_change_nothing(docker_pull: Pull, monkeypatch: pytest.MonkeyPatch) -> None:
    before = of_pull(docker_pull)
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb"), ("COLUMNS", "40")):
        monkeypatch.setenv(name, value)
    assert of_pull(docker_pull) == before


def test_what_is_drawn_is_drawn_once() -> None:
    consoles: list[Console] = []
    picture(consoles.append)
    assert len(consoles) == 1
