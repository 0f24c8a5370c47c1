"""The command ``diff``: two pulls side by side.

Knows: click's options, and how the two pulls are chosen. Must not know: how files are read, compared or drawn. What is not
click is imported when the command runs.
"""

import sys
from typing import TYPE_CHECKING, NoReturn

import rich_click as click

if TYPE_CHECKING:
    from inspector.compare.comparison import Comparison
    from inspector.core.pull import Pull

EXIT_DIFFER = 1
_MOST = 1000  # pulls of one file among which one is chosen: more must be chosen by number


@click.command(name="diff", short_help="Compare two pulls of one image.")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option(
    "--pull-a", type=click.IntRange(min=1), metavar="N", help="Which pull of A, where there are several."
)
@click.option("--pull-b", type=click.IntRange(min=1), metavar="N", help="Which pull of B.")
@click.option("--full", is_flag=True, help="Also what differs from one healthy set-up to another.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True
)
@click.option(
    "--width", type=click.IntRange(min=40, max=1000), metavar="N", help="Columns; else the terminal's, COLUMNS, or 80."
)  # fmt: skip
def command(
    a: str, b: str, pull_a: int | None, pull_b: int | None, full: bool, form: str, width: int | None
) -> int:
    """Compare the pull recorded in A with the one in B: directly and through a mirror, yesterday and today, two clients.

    They are aligned part by part: challenge, token, tag, index, manifest, config, each layer. What explains that one failed
    comes first. Exit status 0: nothing differs that matters; 1: something does; 2: A or B is no recording.
    """
    from inspector.compare import compare
    from inspector.wire.clean import clean

    if a == b == "-":
        raise click.UsageError("standard input can be A or B, not both.")
    chosen = _choose((a, _pulls(a)), (b, _pulls(b)), pull_a, pull_b)
    if not _same_image(*chosen):
        said = " and ".join(clean(pull.reference or "a pull of no image") for pull in chosen)
        print(f"pull-inspector: {said} are two images: that they differ is no fault.", file=sys.stderr)
    comparison = compare(*chosen)
    _print(comparison, (a, b), form, full=full, width=width)
    return 0 if comparison.same else EXIT_DIFFER


def _print(
    comparison: "Comparison", names: tuple[str, str], form: str, *, full: bool, width: int | None
) -> None:
    if form == "json":
        from inspector.export.difference import encode

        sys.stdout.buffer.write(encode(comparison, names))
        sys.stdout.buffer.flush()
    elif form == "markdown":
        from inspector.export.difference_markdown import encode as as_markdown

        sys.stdout.buffer.write(as_markdown(comparison, names).encode())
        sys.stdout.buffer.flush()
    else:
        from rich.console import Console

        from inspector.report.difference import Differences

        Console(file=sys.stdout, width=width, highlight=False).print(
            Differences(comparison, names, full=full)
        )


def _pulls(path: str) -> "list[Pull]":
    """The pulls of a recording, with what the rules say of them."""
    from inspector.sources.errors import CaptureError
    from inspector.sources.reading import read

    found: list[Pull] = []

    def keep(pull: "Pull") -> None:
        if len(found) < _MOST:
            found.append(pull)

    try:
        read([path], on_pull=keep)
    except CaptureError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.filename or path}: {error.strerror or error}")
    if not found:
        _fail(f"{path}: there is no pull in it.")
    return found


def _choose(
    a: "tuple[str, list[Pull]]", b: "tuple[str, list[Pull]]", pull_a: int | None, pull_b: int | None
) -> "tuple[Pull, Pull]":
    """By number where one is given; else the first two of one image."""
    mine, theirs = _numbered(*a, pull_a, "--pull-a"), _numbered(*b, pull_b, "--pull-b")
    for one in mine:
        for other in theirs:
            if _same_image(one, other) and not (a[0] == b[0] and one.n == other.n and len(a[1]) > 1):
                return one, other
    if len(mine) == len(theirs) == 1:
        return mine[0], theirs[0]
    raise click.ClickException(
        f"{a[0]} and {b[0]} have no image in common: name two pulls with --pull-a and --pull-b."
    )


def _numbered(path: str, pulls: "list[Pull]", number: int | None, option: str) -> "list[Pull]":
    if number is None:
        return pulls
    found = [pull for pull in pulls if pull.n == number]
    if not found:
        there = "is 1 pull" if len(pulls) == 1 else f"are {len(pulls)} pulls"
        _fail(f"{option} {number}: there {there} in {path}.")
    return found


def _same_image(one: "Pull", other: "Pull") -> bool:
    """The same content, or the same name below whatever a mirror puts before it."""
    if one.digest is not None and one.digest == other.digest:
        return True
    names = [(pull.repository or "").split("/") for pull in (one, other)]
    shorter, longer = sorted(names, key=len)
    return shorter != [""] and longer[-len(shorter) :] == shorter and one.tag == other.tag


def _fail(sentence: str) -> NoReturn:
    raise click.ClickException(sentence)
