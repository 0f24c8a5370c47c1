r"""Whole lines, safe to print: the promise that no control character, no markup and no link comes out of data."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from inspector.report import lines as under_test
from inspector.report.lines import (
    Lines,
    Stack,
    crop,
    crop_middle,
    fitted,
    fold,
    packed,
    pad,
    plain_ascii,
    safe,
    shortened,
)

type Draw = Callable[..., str]


class Said(Lines):
    """Says what it is told."""

    def __init__(self, *said: str) -> None:
        self.said = said

    def lines(self, width: int) -> Iterator[Text]:
        return (Text(one, style="bold") for one in self.said)


HOSTILE = [
    "\x1b[2Jgone", "\x1b]52;c;aGVsbG8=\x07", "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\", "a\u202eb", "a\u200bb",
    "tab\there", "cr\rlf\n", "\x9b31m", "\x00",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_commands_a_terminal_comes_out_as_visible_text(text: str, draw: Draw) -> None:
    drawn = draw(Said(text), 80)
    assert drawn.count("\n") == 1
    assert all(character.isprintable() for character in drawn.rstrip("\n"))
    assert "\\x" in drawn or "\\u" in drawn


@pytest.mark.parametrize(
    "text", ["[bold]x[/bold]", "[/x]", "[link=https://evil.example]x[/link]", ":smile:", "[red on blue]"]
)
@pytest.mark.parametrize("colour", [None, "truecolor"])
def test_markup_is_text(text: str, colour: str | None, draw: Draw) -> None:
    assert text in draw(Said(text), 80, colour=colour)


def test_no_link_in_colour_either(draw: Draw) -> None:
    drawn = draw(Said("https://registry.example/v2/ [link=x]y[/link]"), 80, colour="truecolor")
    assert "\x1b]8" not in drawn
    assert drawn.startswith("\x1b[1m")


def test_without_colour_there_is_no_escape(draw: Draw) -> None:
    assert "\x1b" not in draw(Said("plain", "✔ good"), 80)


@pytest.mark.parametrize("text", ["x" * 10_000, "界" * 5_000, "e\u0301" * 3_000, "a " * 5_000])
def test_a_long_line_is_cut_at_the_width(text: str, draw: Draw) -> None:
    drawn = draw(Said(text), 80)
    assert drawn.count("\n") == 1
    assert cell_len(drawn.rstrip("\n")) <= 80
    assert drawn.endswith("…\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_unicode_gets_ascii_in_the_same_columns(encoding: str, draw: Draw) -> None:
    drawn = draw(Said("│ ✔ ok → ‹token A› …", "日本 x"), 80, encoding=encoding)
    assert drawn == "| + ok > <token A> ~\n???? x\n"


def test_cropping_keeps_to_cells() -> None:
    assert crop("production.cloudflare.docker.com", 18) == "production.cloudf…"
    assert crop_middle("production.cloudflare.docker.com", 21) == "production…docker.com"
    assert crop_middle("short", 21) == "short"
    assert crop("界界界", 4) == "界…"
    assert pad("界", 4) == "界  "
    assert pad("7", 3, right=True) == "  7"
    assert crop("x", 0) == ""


@given(st.text(), st.integers(1, 60))
def test_cropped_and_padded_text_has_the_width_or_less(text: str, width: int) -> None:
    text = safe(text)
    assert cell_len(crop(text, width)) <= width
    assert cell_len(crop_middle(text, width)) <= width


@given(st.text(), st.integers(8, 60))
def test_folding_loses_no_character_but_spaces(text: str, width: int) -> None:
    lines = fold(text, width)
    assert "".join(lines).replace(" ", "") == "".join(safe(text).split())
    assert all(cell_len(line) <= width for line in lines)


def test_folding_breaks_between_words() -> None:
    assert fold("the quick brown fox", 10) == ["the quick", "brown fox"]
    assert fold("see https://a.example/" + "x" * 20, 16) == [
        "see https://a.ex",
        "ample/xxxxxxxxxx",
        "xxxxxxxxxx",
    ]
    assert fold("", 10) == [""]


def test_packing_keeps_parts_together() -> None:
    assert packed("realm auth.example · scope a : pull", 22) == ["realm auth.example", "scope a : pull"]
    assert packed("a · b · c", 22) == ["a · b · c"]


def test_ascii_is_cell_for_cell() -> None:
    text = "▕░█▓▏ ├─▶ ╰ ◌ ↻ – “x” 界"
    assert plain_ascii(text).isascii()
    assert len(plain_ascii(text)) == cell_len(text)


def test_a_stack_has_an_empty_line_between_parts_that_speak(draw: Draw) -> None:
    assert draw(Stack(Said("a"), Said(), Said("b"), Said("c")), 80) == "a\n\nb\n\nc\n"


def test_a_digest_gives_way_before_a_name_does() -> None:
    digest = "sha256:588475207102" + "0" * 52
    reference = f"docker.io/library/hello-world@{digest}"
    assert shortened(f"{digest} and {digest}") == "sha256:588475207102… and sha256:588475207102…"
    assert shortened("sha256:" + "z" * 64 + " and 588475207102") == "sha256:" + "z" * 64 + " and 588475207102"
    assert fitted(reference, 101) == reference
    assert fitted(reference, 60) == "docker.io/library/hello-world@sha256:588475207102…"
    assert cell_len(fitted(reference, 30)) == 30


def test_a_list_without_spaces_is_broken_behind_its_commas() -> None:
    challenge = (
        'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:x:pull"'
    )
    assert fold(challenge, 46) == [
        'Bearer realm="https://auth.docker.io/token",',
        'service="registry.docker.io",',
        'scope="repository:x:pull"',
    ]
    assert fold(challenge, 40) == [
        "Bearer",
        'realm="https://auth.docker.io/token",',
        'service="registry.docker.io",',
        'scope="repository:x:pull"',
    ]


def test_a_long_word_is_not_measured_anew_for_each_line(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = []
    monkeypatch.setattr(under_test, "cell_len", lambda text: measured.append(len(text)) or cell_len(text))
    assert "".join(fold("ü" * 16_000, 80)) == "ü" * 16_000
    assert sum(measured) < 16_000 * 20
