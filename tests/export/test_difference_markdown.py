"""A comparison as Markdown."""

from msgspec.structs import replace

from inspector.compare import compare
from inspector.export.difference_markdown import encode
from inspector.rules import diagnose
from inspector.rules.example import build
from inspector.rules.sample import HEALTHY, LAYER, SELF_SERVED, cdn


def pulled(turns):
    (pull,) = build(turns)[0]
    diagnose(pull)
    return pull


def test_verdict_differences_and_parts():
    failed = (
        *HEALTHY[:-1],
        replace(cdn(LAYER), status=403, body=b"<Error><Code>AccessDenied</Code></Error>"),
    )
    text = encode(compare(pulled(HEALTHY), pulled(failed)), ("a.flow", "b.flow"))
    assert (
        text.index("### Why B failed where A did not")
        < text.index("**cdn-denied**")
        < text.index("| part | A | B |")
    )
    assert "| layer 1: answers | `307, cdn 200` | `307, cdn 403` |" in text
    assert "| layer 1 | ✔ 307, cdn 200 (8, 9)" in text


def test_harmless_differences_are_folded_away():
    text = encode(compare(pulled(HEALTHY), pulled(SELF_SERVED)), ("a", "b"))
    assert "### Nothing differs that matters" in text
    assert text.index("<details>") < text.index("| config, layer 1: answers |") < text.index("</details>")


def test_what_a_peer_sends_breaks_no_table():
    evil = "text/html|</details><script>`x`\x1b[2J"
    turn = replace(cdn(LAYER), status=403, give=(f"content-type: {evil}",), body=b"x")
    text = encode(compare(pulled(HEALTHY), pulled((*HEALTHY[:-1], turn))), ("a|b", "b"))
    [row] = [line for line in text.splitlines() if "content-type" in line]
    assert row.replace("\\|", "").count("|") == 4
    assert "\x1b" not in text


def test_the_folders_of_the_files_are_not_told():
    text = encode(
        compare(pulled(HEALTHY), pulled(SELF_SERVED)), ("secret/place/a.flow", "secret/place/b.flow")
    )
    assert "`a.flow`" in text
    assert "secret" not in text
