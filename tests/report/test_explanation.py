"""An explanation as it is printed."""

import io

from rich.console import Console

from inspector.report.explanation import Codes, Explanation
from inspector.rules import catalogue


def printed(renderable, width):
    out = io.StringIO()
    Console(width=width, color_system=None, file=out).print(renderable)
    return out.getvalue()


def test_no_line_is_wider_than_the_console():
    for rule in catalogue.rules():
        for width in (40, 80):
            assert max(len(line) for line in printed(Explanation(rule), width).splitlines()) <= width


def test_the_starred_codes_are_marked():
    lines = printed(Codes(catalogue.rules()), 80).splitlines()
    starred = {rule.code for rule in catalogue.rules() if rule.starred}
    assert {line[2:].split()[0] for line in lines if line.startswith("★") and " · " not in line} == starred
    assert "rate-limited" in starred
