"""``pull-inspector demo``: a pull, recorded and reported, on this machine alone.

Knows: the lab's demo, the reader, the report. Must not know: how any of them works.
"""

import shlex
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

import rich_click as click

DEFAULT = Path("demo.flow")


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DEFAULT,
    show_default=True,
    help="Where to leave the capture; only the default may be there already, and is replaced.",
)
def command(output: Path) -> int:
    """Show what a pull looks like: no docker, no network, nothing to set up.

    Starts a small registry, a token service and a CDN on loopback, pulls an image from them through mitmdump with the
    recording addon, and prints the report. The capture stays; nothing else does.
    """
    from inspector.cli.path import addon_path
    from inspector.lab.client import PullError
    from inspector.lab.demo import REFERENCE, record_pull
    from inspector.lab.proxy import ProxyError

    make_room(output)
    # An end by SIGTERM goes the same way as one by Ctrl-C: what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    click.echo(
        f"Pulling {REFERENCE} from a hub on this machine, through mitmdump with addons/record.py\n", err=True
    )
    failure = None
    try:
        record_pull(addon_path("record"), output.absolute())
    except ProxyError as error:
        raise click.ClickException(str(error)) from error
    except PullError as error:
        failure = f"The pull failed: {error}"
    print_report(output)
    click.echo(f"\nThe capture is {output}. Show it again: {shown_again(output)}", err=True)
    if failure:
        click.echo(failure, err=True)
    return 1 if failure else 0


def make_room(output: Path) -> None:
    """See that the capture can be written. Raises click.UsageError; the demo's own file of last time goes."""
    if output.exists() and output != DEFAULT:
        raise click.UsageError(f"{output} is there already: remove it, or name another file.")
    try:
        output.unlink(missing_ok=True)
        output.touch(mode=0o600)
        output.unlink()
    except OSError as error:
        raise click.UsageError(f"{output} cannot be written: {error.strerror}.") from error


def print_report(capture: Path) -> None:
    """The report, as ``pull-inspector report`` prints it, and where the time went."""
    from rich.console import Console

    from inspector.report.render import DEFAULT as SECTIONS
    from inspector.report.render import print_report as render
    from inspector.sources.reading import read

    render(Console(), read([str(capture)]), sections=SECTIONS | {"timeline"})


def shown_again(capture: Path) -> str:
    """The command line that shows the capture again, such that it works where the user stands."""
    started_as = Path(sys.argv[0])
    if started_as.name != "pull-inspector":  # as a module, or from a test
        started_as = Path(sys.executable).with_name("pull-inspector")
    on_path = shutil.which("pull-inspector")
    name = "pull-inspector"
    if on_path is None or not _same(Path(on_path), started_as):
        with suppress(ValueError):
            started_as = started_as.absolute().relative_to(Path.cwd())
        name = str(started_as)
    return shlex.join([name, "report", str(capture)])


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
