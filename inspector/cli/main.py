"""The command ``pull-inspector``: which subcommands there are, and how they end.

Knows: names, one-line helps, exit statuses. Must not know: what a command does; its module is imported when it is
called, which keeps ``--help`` and start-up short. A command is a click command named ``command`` in its module; what
it returns, if a number, is the exit status.

Exit statuses: 0 well, 1 what was asked failed, 2 the user's input does not do, 130 interrupted.
"""

import errno
import importlib
import os
import sys
from collections.abc import Sequence
from typing import override

import rich_click as click

PROGRAM = "pull-inspector"
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
EXIT_PIPE = 1  # as click has it, where it is the one to notice
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

COMMANDS = {
    "demo": ("inspector.cli.demo", "Show a pull and its report, on this machine alone."),
    "watch": ("inspector.cli.watch", "Run any client through a recording proxy, then report its pulls."),
    "report": ("inspector.cli.report", "Report what a capture holds."),
    "check": ("inspector.cli.check", "Report for scripts and CI: exit status 1 on what must not be."),
    "diff": ("inspector.cli.diff", "Compare two pulls of one image."),
    "explain": ("inspector.cli.explain", "Say what a finding's code, or a client's message, means."),
    "mirror": ("inspector.cli.mirror", "Start a registry mirror, pull only."),
    "path": ("inspector.cli.path", "Print where an addon lies, for mitmdump's option -s."),
}


class LazyGroup(click.RichGroup):
    """A group that knows its commands by name and help, and imports one only to run it."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table: what a newcomer needs comes first."""
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A stand-in with the short help, enough for the list of commands."""
        if cmd_name not in COMMANDS:
            return None
        return click.RichCommand(name=cmd_name, short_help=COMMANDS[cmd_name][1])

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command itself, for the one that was called."""
        name, stand_in, rest = super().resolve_command(ctx, args)
        if name not in COMMANDS:
            return name, stand_in, rest
        command: click.Command = importlib.import_module(COMMANDS[name][0]).command
        command.name = name
        return name, command, rest


def _version_of(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"  # Run from a checkout, by its path.


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        python = ".".join(map(str, sys.version_info[:3]))
        click.echo(
            f"{PROGRAM} {_version_of(PROGRAM)} (mitmproxy {_version_of('mitmproxy')}, Python {python})"
        )
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version.",
)
def group() -> None:
    """See what a container image pull does on the wire: recorded, classified, verified and explained."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status. An error of ours is not hidden: it comes as its traceback."""
    if sys.stdout is None:  # closed before we began (``>&-``): there is nothing to say it on
        print(f"{PROGRAM}: standard output is closed.", file=sys.stderr)
        return EXIT_USAGE
    try:
        result = group.main(arguments, prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()  # Here, where a reader that has gone is still told from a fault.
    except click.ClickException as error:
        return _say(error)
    except (click.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever reads us has enough. What is still buffered must not raise again when Python flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"{PROGRAM}: the output could not be written: {error.strerror}.", file=sys.stderr)
        return EXIT_USAGE
    return result if isinstance(result, int) else 0


def _say(error: click.ClickException) -> int:
    """One line that says what to do. What click has no status of its own for is the user's input too."""
    message = " ".join(error.format_message().split())
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f" See {context.command_path} --help." if context and type(error) is not click.UsageError else ""
    click.echo(f"{PROGRAM}: {message}{hint}", err=True)
    return EXIT_USAGE if type(error) is click.ClickException else error.exit_code


def main() -> None:
    """The console script."""
    sys.exit(run())
