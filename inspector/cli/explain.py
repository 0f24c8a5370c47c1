"""The command ``explain``: what a finding's code means, what to do about it, and which codes a client's line can mean.

Knows: click's argument, and how the outputs are chosen. Must not know: the texts; they are the rules' own.
"""

import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING

import rich_click as click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspector.rules.messages import Match
    from inspector.rules.rule import Rule

EXIT_UNKNOWN_MESSAGE = 1
LONGEST = 2000
"""Of a pasted message this many characters are shown again."""
MOST_READ = 64 * 1024
LAST_LINES = 3
"""Of standard input so many lines count, from the end: before them a client tells of what went well."""


@click.command(name="explain", short_help="Say what a finding's code, or a client's message, means.")
@click.argument("words", nargs=-1, metavar="[CODE|MESSAGE]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help="html is one page that needs no network.",
)
@click.option(
    "--width",
    type=click.IntRange(min=40, max=1000),
    metavar="N",
    help="Columns; else the terminal's, COLUMNS, or 80.",
)
def command(words: tuple[str, ...], form: str, width: int | None) -> int:
    """Say what CODE means, what clients print, what the cause is and what to change. Without CODE: list them all.

    Or paste the MESSAGE that a client printed, in quotes, or give it on standard input, for `-`: the codes that can be
    behind it are named, likeliest first; exit status 1 when there is none.
    """
    from inspector.rules import catalogue, messages
    from inspector.wire.clean import clean

    if not words:
        _show(catalogue.rules(), form, width)
        return 0
    what = _pasted() if words == ("-",) else " ".join(words)
    if rule := catalogue.rule(what.strip().lower()):
        _show([rule], form, width)
        return 0
    matches = messages.find(what)
    if not any(mark.isspace() for mark in what):
        # A word of a message may be a little like a code; what is nearly a code is none of a message's words.
        near = get_close_matches(
            what, [one.code for one in catalogue.rules()], n=1, cutoff=0.8 if matches else 0.6
        )
        if near or not matches:
            hint = f"did you mean {near[0]}?" if near else "`pull-inspector explain` lists them"
            raise click.ClickException(f"no code {clean(what)[:60]!r}; {hint}")
    _show_matches(clean(what)[:LONGEST], matches, form, width)
    return 0 if matches else EXIT_UNKNOWN_MESSAGE


def _pasted() -> str:
    """What stands on standard input: a message, or the last lines of a log. The end of it is where a client says why."""
    if sys.stdin is None:
        raise click.ClickException("standard input is closed.")
    text = ""
    while piece := sys.stdin.buffer.read(MOST_READ):
        text = (text + piece.decode(errors="replace"))[-MOST_READ:]
    if not text.strip():
        raise click.ClickException("standard input is empty: give the message that the client printed.")
    return "\n".join(text.strip().splitlines()[-LAST_LINES:])


def _show(rules: "Sequence[Rule]", form: str, width: int | None) -> None:
    if form == "json":
        from inspector.export.codes import document

        click.echo(document(rules), nl=False)
    elif form == "html":
        from inspector.export.codes_page import page

        click.echo(page(rules))
    else:
        from rich.console import Console

        from inspector.report.explanation import Codes, Explanation

        one = Explanation(rules[0]) if len(rules) == 1 else Codes(rules)
        Console(file=sys.stdout, width=width, highlight=False).print(one)


def _show_matches(message: str, matches: "Sequence[Match]", form: str, width: int | None) -> None:
    if form == "json":
        from inspector.export.codes import matched

        click.echo(matched(message, matches), nl=False)
    elif form == "html":
        from inspector.export.codes_page import page
        from inspector.rules import catalogue

        click.echo(page(catalogue.rules(), message=message, matches=matches))
    else:
        from rich.console import Console

        from inspector.report.explanation import Matches

        Console(file=sys.stdout, width=width, highlight=False).print(Matches(matches))
