"""The command ``report``: read recordings, print what happened in them.

Knows: click's options and what goes to which stream. Must not know: how files are read or drawn. Only click is imported
here; everything else is imported when the command runs, so that ``pull-inspector --help`` stays quick.
Whoever reads the output and goes (``| head``) is dealt with in ``main``.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import rich_click as click

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from rich.console import Console

    from inspector.core.pull import Pull
    from inspector.core.report import Report

# The names of inspector.report.render.SECTIONS, written out: importing them would import rich (a test compares them).
SECTIONS = (
    "headline",
    "findings",
    "sequence",
    "diagram",
    "timeline",
    "content",
    "tokens",
    "hosts",
    "checks",
    "footer",
)

# The names of inspector.export.formats.NAMES, written out for the same reason.
FORMATS = ("text", "concise", "json", "junit", "markdown", "github")


def sections(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> "Collection[str] | None":
    """The sections that ``value`` names, separated by commas; None without a value. Raises click.BadParameter."""
    if value is None:
        return None
    names = [name.strip().lower() for name in value.split(",") if name.strip()]
    wrong = [name for name in names if name not in SECTIONS and name != "all"]
    if wrong or not names:
        raise click.BadParameter(
            f"no section {', '.join(wrong) or 'named'}; there are: {', '.join(SECTIONS)}, all."
        )
    return SECTIONS if "all" in names else names


@click.command(name="report", short_help="Show what happened in a recording.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--show", callback=sections, metavar="A,B", help=f"Sections to show: {', '.join(SECTIONS)}, all."
)
@click.option("--full", is_flag=True, help="Every section, every step, every pull.")
@click.option("--request", type=click.IntRange(min=1), metavar="N", help="One exchange, with its headers.")
@click.option("--pull", type=click.IntRange(min=1), metavar="N", help="One pull of several.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="The report; a line a finding; all of it as JSON; for CI; for an issue; as GitHub's annotations.",
)
@click.option("--svg", is_flag=True, help="The printed report as an SVG picture, on standard output.")
@click.option(
    "--width",
    type=click.IntRange(min=40, max=1000),
    metavar="N",
    help="Columns; else the terminal's, COLUMNS, or 80; of a picture 100.",
)
@click.option("--no-color", is_flag=True, help="No colours. NO_COLOR and FORCE_COLOR are heeded too.")
def command(
    files: tuple[str, ...],
    show: "Collection[str] | None",
    full: bool,
    request: int | None,
    pull: int | None,
    form: str,
    width: int | None,
    no_color: bool,
    svg: bool,
) -> None:
    """Show what happened in each FILE: a mitmproxy flow file or a HAR file; - is standard input."""
    if svg and form != "text":
        raise click.UsageError("--svg is a picture of the printed report: leave --format out.")
    if form != "text" and (show or request):
        raise click.UsageError("--show and --request choose from the printed report: leave --format out.")
    if "-" in files and sys.stdin is None:
        _fail("-: standard input is closed.")
    try:
        if form == "text":
            how: dict[str, Any] = {"sections": show, "request": request, "pull": pull, "full": full}
            _text(files, svg=svg, no_color=no_color, width=width, **how)
        else:
            _export(files, form, pull)
        sys.stdout.flush()
    except BrokenPipeError:
        raise  # whoever read it has enough: no fault
    except OSError as error:
        _unwritable(error)


# -- the forms: each takes the pulls as they come, and prints when all files were read -------------------------------------


def _export(files: tuple[str, ...], form: str, number: int | None) -> None:
    from inspector.export.formats import writer

    with writer(form, one_pull=number is not None) as out:
        report = _read(files, out.add, number)
        out.write_to(sys.stdout.buffer, report)
        sys.stdout.buffer.flush()


def _text(
    files: tuple[str, ...],
    *,
    svg: bool,
    no_color: bool,
    width: int | None,
    sections: "Collection[str] | None",
    request: int | None,
    pull: int | None,
    full: bool,
) -> None:
    from inspector.report.kept import Kept
    from inspector.report.render import print_kept

    kept = Kept(number=pull, full=full)
    report = _read(files, kept.take)

    def draw(console: "Console") -> None:
        print_kept(console, report, kept, sections=sections, request=request)

    try:
        if svg:
            from inspector.report.picture import picture

            _write(picture(draw, width=width or 100, title=f"pull-inspector report {' '.join(files)}"))
        else:
            draw(_console(width, no_color=no_color))
    except IndexError as error:
        _fail(str(error))


def _write(text: str) -> None:
    """UTF-8, whatever the terminal's encoding: what is written says so of itself."""
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


# -- reading ---------------------------------------------------------------------------------------------------------------


def _read(files: tuple[str, ...], on_pull: "Callable[[Pull], None]", number: int | None = None) -> "Report":
    """The report of all files, but for the pulls, which are handed over one by one; of ``number`` only that one.

    One line on standard error for each file that is empty or cut; exit 2 for one that is no recording, and where
    there is no pull of that number.
    """
    from inspector.sources.errors import CaptureError
    from inspector.sources.reading import read

    numbers: set[int] = set()

    def take(pull: "Pull") -> None:
        numbers.add(pull.n)
        if number is None or pull.n == number:
            on_pull(pull)

    try:
        with _Progress() as progress:
            report = read(list(files), on_pull=take, progress=progress)
    except CaptureError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.filename or files[0]}: {error.strerror or error}")
    for path, source in zip(files, report.sources, strict=False):
        if source.missing:
            _tell(f"{source.file}: {source.missing}")
        elif _is_empty(path, report, any_pull=bool(numbers)):
            _tell(f"{source.file}: empty, nothing is recorded in it.")
    if number is not None and number not in numbers:
        _fail(f"there is no pull {number}: {_how_many(len(numbers), files)}.")
    return report


def _how_many(pulls: int, files: "Collection[str]") -> str:
    where = "this file" if len(files) == 1 else "these files"
    return f"{where} {'have' if len(files) > 1 else 'has'} {pulls or 'no'} pull{'' if pulls == 1 else 's'}"


def _is_empty(path: str, report: "Report", *, any_pull: bool) -> bool:
    """Whether the file has no bytes, or the only one that was read has no request."""
    if (
        not any_pull
        and not report.other_exchanges
        and not report.connections_failed
        and len(report.sources) == 1
    ):
        return True
    with suppress(OSError, ValueError):
        return path != "-" and Path(path).is_file() and Path(path).stat().st_size == 0
    return False


# -- showing ---------------------------------------------------------------------------------------------------------------


def _console(width: int | None, *, no_color: bool) -> "Console":
    """Rich's own idea of the terminal, NO_COLOR, FORCE_COLOR, TERM=dumb and COLUMNS; the options on top of it."""
    from rich.console import Console

    reconfigure = getattr(
        sys.stdout, "reconfigure", None
    )  # the stream of a test has none, and takes text as it is
    if reconfigure is not None:
        reconfigure(
            errors="backslashreplace"
        )  # a name that the terminal's encoding lacks must not end the report
    return Console(
        width=width, no_color=True if no_color else None, color_system=None if no_color else "auto",
        highlight=False, markup=False, emoji=False, soft_wrap=False,
    )  # fmt: skip


class _Progress:
    """Progress of reading on a terminal's standard error; gone when it is done, and nothing at all elsewhere."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> "Callable[[int, int | None], None] | None":
        if not sys.stderr.isatty():
            return None
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._bar.start()
        self._task = self._bar.add_task("reading", total=None)
        return self._update

    def _update(self, done: int, total: int | None) -> None:
        self._bar.update(self._task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def _unwritable(error: OSError) -> NoReturn:
    """The output's disk is full: one line. What is still buffered must not fail once more when Python ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    _fail(f"the report could not be written: {error.strerror or error}.")


def _tell(line: str) -> None:
    from inspector.wire.clean import clean

    print(f"pull-inspector: {clean(line)}", file=sys.stderr)


def _fail(line: str) -> NoReturn:
    """One line, exit status 2 (which is what ``main`` gives a ClickException)."""
    from inspector.wire.clean import clean

    raise click.ClickException(clean(line))
