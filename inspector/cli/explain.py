"""The command ``explain``: what a finding's code means, and what to do about it.

Knows: click's argument. Must not know: the texts; they are the rules' own.
"""

import sys
from difflib import get_close_matches

import rich_click as click


@click.command(name="explain", short_help="Say what a finding's code means.")
@click.argument("code", required=False)
@click.option(
    "--width",
    type=click.IntRange(min=40, max=1000),
    metavar="N",
    help="Columns; else the terminal's, COLUMNS, or 80.",
)
def command(code: str | None, width: int | None) -> None:
    """Say what CODE means, what clients print, what the cause is and what to change. Without CODE: list them all."""
    from rich.console import Console

    from inspector.report.explanation import Codes, Explanation
    from inspector.rules import catalogue

    console = Console(file=sys.stdout, width=width, highlight=False)
    if code is None:
        console.print(Codes(catalogue.rules()))
        return
    rule = catalogue.rule(code)
    if rule is None:
        near = get_close_matches(code, [one.code for one in catalogue.rules()], n=1)
        hint = f"did you mean {near[0]}?" if near else "`pull-inspector explain` lists them"
        raise click.ClickException(f"no code {code[:60]!r}; {hint}")
    console.print(Explanation(rule))
