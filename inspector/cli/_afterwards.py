"""What `watch` says when the command has ended: the report, or why there is none, and where the capture is.

Knows: the reader and the report. Must not know: processes, proxies.
"""

import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

if TYPE_CHECKING:
    from inspector.core.report import Report


def say(text: str) -> None:
    """One line to the user, which is no part of the report."""
    click.echo(f"pull-inspector: {text}", err=True)


def show(
    capture: Path, command: Sequence[str], *, chosen: Collection[str] | None, full: bool, form: str
) -> None:
    """Print the report of ``capture``; without a pull in it, say why that may be. A JSON document is printed always."""
    from inspector.cli._setup_texts import why_nothing

    report = _read(_short(capture))
    if form == "json":
        _print_json(report)
    elif report.pulls or report.connections_failed:
        click.echo()
        _print(report, chosen, full=full)
    if not report.pulls and not report.connections_failed:
        click.echo(err=True)  # the command may have left its last line open
        say(why_nothing(command, others=report.other_exchanges))


def tell_capture(capture: Path, *, kept: bool) -> None:
    """Say where the capture is; one in which nothing is goes."""
    from inspector.cli.demo import shown_again

    if not kept:
        return
    if not capture.exists() or not capture.stat().st_size:
        capture.unlink(missing_ok=True)
        say("nothing was recorded, so there is no capture")
        return
    shown = _short(capture)
    click.echo(f"\nThe capture is {shown}. Show it again: {shown_again(shown)}", err=True)


def _short(capture: Path) -> Path:
    """As a person would call it who stands here."""
    here = Path.cwd()
    return capture.relative_to(here) if capture.is_relative_to(here) else capture


def _read(capture: Path) -> "Report":
    """The report of ``capture``; an empty one where nothing was written. Raises click.ClickException."""
    from inspector.core.report import Report
    from inspector.sources.errors import CaptureError
    from inspector.sources.reading import read

    if not capture.exists() or not capture.stat().st_size:
        return Report()
    try:
        return read([str(capture)])
    except CaptureError as problem:
        raise click.ClickException(str(problem)) from problem


def _print(report: "Report", chosen: Collection[str] | None, *, full: bool) -> None:
    from rich.console import Console

    from inspector.report.render import print_report

    reconfigure = getattr(sys.stdout, "reconfigure", None)  # the stream of a test has none
    if reconfigure is not None:
        reconfigure(
            errors="backslashreplace"
        )  # a name that the terminal's encoding lacks must not end the report
    print_report(Console(highlight=False, markup=False, emoji=False), report, sections=chosen, full=full)
    sys.stdout.flush()  # what is said behind it goes to standard error


def _print_json(report: "Report") -> None:
    from inspector.export.document import encode

    click.echo(encode(report), nl=False)
