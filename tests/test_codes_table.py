"""The README's table of codes is made here, from the rules and from what tests/real declares that clients have shown.

``UPDATE_README=1 pytest tests/test_codes_table.py`` writes it; without that it is compared.
"""

import importlib.util
import os
import re
from pathlib import Path

from inspector.rules import catalogue

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- codes: made by tests/test_codes_table.py -->\n", "<!-- end of codes -->\n"


def declared():
    """The clients by code, from every ``@shows("code", "client", …)`` in tests/real; its own reader reads them."""
    spec = importlib.util.spec_from_file_location("shown", ROOT / "tests" / "real" / "stack" / "shown.py")
    shown = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shown)
    return shown.declared(ROOT / "tests" / "real")


def in_short(text):
    """The sentence that says what is so here; of a text without one the beginning. Bars would end a cell."""
    sentences = re.split(r"(?<=[.])\s+(?=[A-Z`])", " ".join(text.split()))
    here = next((one for one in sentences if one.startswith("Here ") and len(one) > 60), None)
    told = here.removeprefix("Here ") if here else " ".join(sentences[:2])
    return (told[0].upper() + told[1:]).replace("|", "\\|")


def table():
    seen = declared()
    lines = ["| code | what it means | seen with |", "| --- | --- | --- |"]
    for rule in sorted(catalogue.built_in(), key=lambda rule: rule.code):
        star = " ★" if rule.starred else ""
        clients = ", ".join(sorted(seen.get(rule.code, ()))) or "—"
        lines.append(f"| `{rule.code}`{star} | {in_short(rule.meaning)} | {clients} |")
    return "\n".join(lines) + "\n"


def test_the_table_in_the_readme_is_that_of_the_rules_and_of_what_clients_have_shown():
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    shown, _, after = rest.partition(END)
    if os.environ.get("UPDATE_README"):
        readme.write_text(before + BEGIN + table() + END + after)
        return
    assert shown == table()


def test_what_clients_have_shown_are_codes_that_there_are():
    assert set(declared()) <= {rule.code for rule in catalogue.built_in()}


def test_most_codes_were_seen_with_a_real_client():
    assert len(declared()) >= 60
