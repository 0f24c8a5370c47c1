"""The diagram holds nothing but its own grammar. (The labels below were put through Mermaid's own parser by hand.)"""

import re

import pytest

from inspector.export.mermaid import MOST, diagram, label
from inspector.report.names import Names

LINE = re.compile(
    r"sequenceDiagram|    participant \w+ as .+|    (?:c->>\w+|\w+-->>c|\w+--xc): .+|    rect rgba\(220, 50, 50, 0\.15\)"
    r"|    end|    Note over c: \d+ more steps"
)


def test_a_pull_is_drawn_with_what_went_wrong_marked(pulled) -> None:
    pull = pulled("body-truncated")
    lines = list(diagram(pull, Names(pull)))
    assert lines[0] == "sequenceDiagram"
    assert "    participant c as docker 28.1.1" in lines
    assert "    participant h3 as production.cloudflare.docker.com<br/>CDN" in lines
    assert lines[-4:] == [
        "    rect rgba(220, 50, 50, 0.15)",
        "    c->>h3: 9 GET layer 1/1 77a3ff1676ad",
        "    h3--xc: 200, broken off",
        "    end",
    ]
    assert all(LINE.fullmatch(line) for line in lines)


@pytest.mark.parametrize(
    "hostile",
    ["end", "x; end", "a\nend\nb", "%%{init: {'theme':'dark'}}%%", "#59; x", "<img src=x onerror=alert(1)>", "`x`", "a|b",
     "$$\\frac{1}{2}$$", "[x](y)", '"q"', "@{ type }", "\u2028end", "\x1b[2J"],
)  # fmt: skip
def test_a_label_has_nothing_that_mermaid_reads(hostile: str) -> None:
    said = label(hostile)
    assert not set(said) & set('#;%{}<>"`\\|[]$\n\r\x1b\u2028')
    assert not re.search(r"(?<!\()\bend\b", said, re.IGNORECASE)
    assert said


def test_recorded_names_cannot_break_out(pulled) -> None:
    pull = pulled("tag-not-found")
    pull.client = type(pull.client)(name="end\nrect x", version="; %%{init}%%")
    lines = list(diagram(pull, Names(pull)))
    assert "    participant c as (end) rect x _ ___init___" in lines
    assert all(LINE.fullmatch(line) for line in lines)


def test_labels_are_short_and_a_long_pull_shows_both_ends(pulled) -> None:
    assert len(label("x" * 1000)) == 60
    pull = pulled()
    pull.steps = [step for _ in range(20) for step in pull.steps]
    lines = list(diagram(pull, Names(pull)))
    assert f"    Note over c: {len(pull.steps) - MOST} more steps" in lines
    assert sum("c->>" in line for line in lines) == MOST


def test_a_pull_without_steps_has_none(pulled) -> None:
    pull = pulled()
    pull.steps = []
    assert list(diagram(pull, Names(pull))) == []
