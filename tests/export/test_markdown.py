"""Markdown for an issue: what was recorded is shown, and never read as Markdown or HTML."""

import io

import pytest

from inspector.core.report import Report, Source
from inspector.export.markdown import MarkdownWriter, block, code, prose
from inspector.gate.policy import Judge, Policy
from inspector.gate.slo import Limit


def written(pulls, report: Report | None = None, judge: Judge | None = None) -> str:
    out = io.BytesIO()
    with MarkdownWriter(judge) as writer:
        for pull in pulls:
            writer.add(pull)
        writer.write_to(out, report or Report())
    return out.getvalue().decode()


def outside_of_code(text: str) -> str:
    """What a renderer reads as Markdown: without blocks and spans (CommonMark: a span ends at a run of the same length)."""
    kept, fence = [], ""
    for line in text.splitlines():
        run = line[: len(line) - len(line.lstrip("`"))]
        if fence:
            fence = "" if line == fence else fence
        elif len(run) >= 3 and "`" not in line[len(run) :]:
            fence = run
        else:
            kept.append(without_spans(line))
    assert not fence
    return "\n".join(kept)


def without_spans(line: str) -> str:
    said = ""
    while line:
        run = line[: len(line) - len(line.lstrip("`"))]
        if run:
            parts = line[len(run) :].split(run)
            for at in range(1, len(parts)):
                if not parts[at].startswith("`") and not parts[at - 1].endswith("`"):
                    line = run.join(parts[at:])
                    break
            else:
                said, line = said + run, line[len(run) :]
            continue
        said, line = said + line[0], line[1:]
    return said


def test_verdict_evidence_diagram_and_the_rest(pulled) -> None:
    text = written(
        [pulled("body-truncated")],
        Report(sources=[Source(file="secret/folder/a.flow", format="flow", redaction="default")]),
    )
    assert text.startswith("## ✘ `docker.io/library/app:latest`: failed in ")
    assert "**✘ error `body-truncated`** (proved): " in text
    assert "▶ content-length: " in text
    assert "**Fix**: nginx: `proxy_buffering off;` or " in text
    assert "```mermaid\nsequenceDiagram\n" in text
    assert text.count("<details") == text.count("</details>") == 3
    assert "`a.flow` (flow), redacted: default" in text
    assert "secret/folder" not in text


def test_a_healthy_pull_says_so_with_its_diagram_folded(pulled) -> None:
    text = written([pulled()])
    assert text.startswith("## ✔ ")
    assert "No findings." in text
    assert "<details open>" not in text


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", "</details>", "![x](https://evil.test/a.png)", "[x](javascript:1)", "@somebody", "#12",
     "https://evil.test/", "www.evil.test", "| a | b |", "``` \n# head", "`", "a`b``c", "**bold** _it_ ~~x~~", "&lt;b&gt;",
     "\n## head\n- x\n", "\u202e", ":tada:", "owner/repo#1"],
)  # fmt: skip
def test_recorded_text_is_shown_and_not_read(pulled, hostile: str) -> None:
    pull = pulled("body-truncated")
    pull.reference = pull.findings[0].summary = pull.findings[0].cause = f"x {hostile} y"
    text = written([pull], Report(sources=[Source(file=f"x {hostile}".replace("/", ""), format="flow")]))
    read = outside_of_code(text)
    for sign in (
        "script",
        "](",
        "@somebody",
        "#12",
        "evil",
        "| a",
        "## head",
        "~~",
        "&lt;",
        "\u202e",
        ":tada",
        "repo#1",
    ):
        assert sign not in read
    assert read.count("</details>") == 3


def test_code_spans_hold_any_run_of_backticks() -> None:
    assert code("plain") == "`plain`"
    assert code("a`b``c") == "```a`b``c```"
    assert code("`x") == "`` `x ``"
    assert code("a\nb") == "`a\\x0ab`"
    assert code("") == "` `"
    assert block(["a", "````"])[0] == "`````text"


def test_prose_keeps_plain_words_and_puts_the_rest_in_code() -> None:
    said = prose("nginx: `proxy_buffering off;`, at docker.io/x:1, 60 s (RFC 9112 §8).")
    assert said == "nginx: `proxy_buffering off;`, at `docker.io/x:1`, 60 s (RFC 9112 §8)."
    assert without_spans(prose("an odd ` one <b>")).strip() == "an odd   one"


def test_the_same_evidence_is_shown_once(pulled) -> None:
    pull = pulled("body-truncated")
    pull.findings = [pull.findings[0], pull.findings[0]]
    text = written([pull])
    assert text.count("▶ content-length: ") == 1
    assert "**Evidence**: as above" in text


def test_a_check_adds_its_verdict_and_what_took_too_long(pulled) -> None:
    judge = Judge(Policy(ignored={"body-truncated": "the cache is small"}, limits=(Limit("total", 1e-6),)))
    text = written([pulled("body-truncated")], judge=judge)
    assert "(ignored: the cache is small)" in text
    assert "**✘ slo `total`**: " in text
    assert "**check failed: 1 of 1 pull, total too long in 1 pull; 1 ignored**" in text
