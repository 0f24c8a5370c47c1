"""The command ``check``: read recordings as ``report`` does, and end with an exit status that a script can use.

Knows: click's options, streams and exit statuses. Must not know: what counts (``inspector.gate``), how it is shown.
Exit status: 0 nothing counts; 1 something does; 2 the options or a file do not do.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from inspector.cli.report import FORMATS

if TYPE_CHECKING:
    from inspector.gate.policy import Judge, Policy


@click.command(
    name="check", short_help="Report for scripts: status 1 when a recording holds what must not be."
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "note"]),
    default="error",
    show_default=True,
    help="The mildest finding that counts.",
)
@click.option(
    "--ignore", multiple=True, metavar="CODE=REASON", help="A code that does not count, and why. Repeatable."
)
@click.option("--baseline", metavar="FILE", help="What is in FILE does not count.")
@click.option("--write-baseline", metavar="FILE", help="Write what counts to FILE; this time it does not.")
@click.option(
    "--slo", multiple=True, metavar="NAME=TIME,…", help="Most time a pull may take: total, ttfb, token, manifest, blob, mirror."
)  # fmt: skip
@click.option("--require-pull", is_flag=True, help="No pull, or none that came to its end, is a failure.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to say it."
)
@click.option(
    "--width", type=click.IntRange(min=40, max=1000), metavar="N", help="Columns; else the terminal's, COLUMNS, or 80."
)  # fmt: skip
@click.option("--no-color", is_flag=True, help="No colours. NO_COLOR and FORCE_COLOR are heeded too.")
def command(
    files: tuple[str, ...],
    fail_on: str,
    ignore: tuple[str, ...],
    baseline: str | None,
    write_baseline: str | None,
    slo: tuple[str, ...],
    require_pull: bool,
    form: str,
    width: int | None,
    no_color: bool,
) -> int:
    """Check the pulls in each FILE, for scripts and CI: exit status 1 when there is a finding that counts.

    For example: pull-inspector check pull.flow --ignore redirect-to-http='TLS ends at the balancer' --slo total=30s
    """
    from inspector.cli.report import _unwritable as unwritable
    from inspector.gate.policy import Judge

    policy = _policy(fail_on, ignore, baseline, slo)
    policy.accepting, policy.may_be_empty = write_baseline is not None, not require_pull
    judge = Judge(policy, where=" ".join(files[:3]) + (" …" if len(files) > 3 else ""))
    try:
        if form == "text":
            _text(files, judge, width, no_color=no_color)
        else:
            _export(files, judge, form)
        sys.stdout.flush()
    except BrokenPipeError:
        raise  # whoever read it has enough: no fault
    except OSError as error:
        unwritable(error)
    if write_baseline is not None:
        _write(write_baseline, judge)
    return 1 if judge.fails else 0


# -- the user's own input --------------------------------------------------------------------------------------------------


def _policy(fail_on: str, ignore: tuple[str, ...], baseline: str | None, slo: tuple[str, ...]) -> "Policy":
    from inspector.core.finding import Severity
    from inspector.gate import baseline as files
    from inspector.gate.policy import Policy, parse_ignored
    from inspector.gate.slo import parse
    from inspector.rules import catalogue

    try:
        ignored = parse_ignored(ignore, [rule.code for rule in catalogue.rules()])
    except ValueError as error:
        raise click.ClickException(f"--ignore: {error}") from None
    try:
        limits = parse(slo)
    except ValueError as error:
        raise click.ClickException(f"--slo: {error}") from None
    try:
        known = files.read(Path(baseline)) if baseline is not None else frozenset()
    except files.BaselineError as error:
        raise click.ClickException(f"--baseline {error}") from None
    return Policy(fail_on=Severity(fail_on), ignored=ignored, known=known, limits=limits)


def _write(path: str, judge: "Judge") -> None:
    from inspector.cli.report import _tell as tell
    from inspector.gate import baseline
    from inspector.report.units import count

    found = judge.baseline()
    try:
        baseline.write(Path(path), found)
    except baseline.BaselineError as error:
        raise click.ClickException(f"--write-baseline {error}") from None
    tell(f"{path} holds {count(len(found), 'finding')} now; check with --baseline {path}")


# -- the forms -------------------------------------------------------------------------------------------------------------


def _export(files: tuple[str, ...], judge: "Judge", form: str) -> None:
    """Everything but text: written as the pulls come."""
    from inspector.cli.report import _read as read
    from inspector.cli.report import _tell as tell
    from inspector.export.formats import writer
    from inspector.export.words import remarks, verdict

    with writer(form, judge) as out:
        report = read(files, out.add)
        out.write_to(sys.stdout.buffer, report)
        sys.stdout.buffer.flush()
    for line in (*remarks(judge), verdict(judge)):
        tell(line)


def _text(files: tuple[str, ...], judge: "Judge", width: int | None, *, no_color: bool) -> None:
    """The verdicts, and their sum as the last line."""
    from inspector.cli.report import _console as console_of
    from inspector.cli.report import _read as read
    from inspector.export.words import remarks, verdict
    from inspector.report.judged import JudgedPull, Said, Told

    console = console_of(width, no_color=no_color)
    told = Told(console.width)
    report = read(files, lambda pull: told.add(judge.pull(pull)))
    found = judge.capture(report.findings)
    if found.judged:
        console.print(JudgedPull(found))
    console.print(told)
    console.print(Said(remarks(judge), "dim"))
    console.print(Said([verdict(judge)], "bold red" if judge.fails else "bold green"))
