"""``pull-inspector watch``: run any client through a recording proxy, then report what it pulled.

Knows: the order of things, and what is said to the user. Must not know: what clients read (`_clients`), who pulls in
their place (`_daemons`), whom they trust (`_trust`), how mitmdump (`_mitm`) and the client (`_child`) are run.

The command's own output and the report do not mix: nothing is printed live while it runs, and all that is said besides
the report goes to standard error. With ``--format json`` standard output carries the document alone, and the command's
standard output goes to standard error too.
"""

import os
import signal
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from inspector.cli._afterwards import say, show, tell_capture
from inspector.cli.report import sections

if TYPE_CHECKING:
    from inspector.cli._clients import ParentProxy
    from inspector.cli._mitm import Mitmdump, Settings

USUAL_PORT = 8080  # mitmproxy's own, so that a daemon's set-up fits the next run too
_EMPTY_PORT = 0
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user has asked for, but for the command."""

    output: Path | None
    no_capture: bool
    show: Collection[str] | None
    full: bool
    form: str
    host: str
    port: int | None
    confdir: Path | None
    redact: str | None
    upstream_ca: tuple[Path, ...]
    insecure: bool
    no_proxy: str
    anyway: bool


_FILE = click.Path(dir_okay=False, path_type=Path)
_PRESENT_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("-o", "--output", type=_FILE, help="Where to write the capture.  [default: pull-TIME.flow]")
@click.option("--no-capture", is_flag=True, help="Keep no capture.")
@click.option(
    "--show", callback=sections, metavar="A,B", help="Sections of the report: see `pull-inspector report`."
)
@click.option("--full", is_flag=True, help="All sections of the report.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the report."
)
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the proxy.  [default: a free one]")
@click.option("--host", default=_LOOPBACK, show_default=True, help="Address of the proxy.")
@click.option("--redact", metavar="HOW", help="How much to redact: the recording addon's registry_redact.")
@click.option(
    "--upstream-ca", type=_PRESENT_FILE, multiple=True, help="PEM file of a CA to trust servers by, besides."
)
@click.option("--insecure", is_flag=True, help="Do not check the servers' certificates.")
@click.option(
    "--no-proxy", metavar="HOSTS", default="", help="Hosts that the command may reach past the proxy."
)
@click.option(
    "--confdir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the proxy's CA is kept.  [default: ~/.mitmproxy]",
)
@click.option("--anyway", is_flag=True, help="Run the command although its daemon would pull past the proxy.")
@click.argument("args", metavar="[-- COMMAND [ARG]...]", nargs=-1, type=click.UNPROCESSED)
def command(args: tuple[str, ...], **options: Any) -> int:
    """Run COMMAND through a recording proxy and report what it pulled.

    For example: pull-inspector watch -- skopeo inspect docker://docker.io/library/alpine

    Without a COMMAND the proxy stays up, says what to set for dockerd, containerd and others, and reports each pull as
    it ends, until Ctrl-C. The exit status is that of COMMAND.
    """
    if os.name == "nt":
        raise click.UsageError(
            "watch needs Linux, macOS or BSD. Start mitmdump -s with the addon instead (path record)."
        )
    wanted = Options(**options)
    if not args and (wanted.form != "text" or wanted.show or wanted.full):
        raise click.UsageError(
            "--show, --full and --format are for the report after a COMMAND; there is none."
        )
    if wanted.output and wanted.no_capture:
        raise click.UsageError("--output and --no-capture exclude each other.")
    _end_by_unwinding()
    return _watch(args, wanted) if args else _stay_up(wanted)


def _watch(args: Sequence[str], wanted: Options) -> int:
    from inspector.cli import _child
    from inspector.cli._clients import environment_for
    from inspector.cli._mitm import recording
    from inspector.cli._trust import client_sources, write_bundle

    if refused := _not_this_way(args, wanted):
        click.echo(refused, err=True)
        return 2
    try:
        _child.find(args[0], os.environ)
    except _child.CannotRun as problem:
        say(str(problem))
        return problem.status
    with (
        _folder() as folder,
        _settings(folder, wanted, live=False, port=wanted.port or _EMPTY_PORT) as (settings, direct),
    ):
        status, trouble = 0, ""
        with recording(settings) as mitmdump:
            bundle = folder / "ca-bundle.pem"
            write_bundle(bundle, [*client_sources(os.environ), settings.ca])
            environment = environment_for(
                os.environ, proxy=_address(wanted, mitmdump.port), bundle=bundle, direct=direct
            )
            try:
                status = _child.run(args, environment, stdout=2 if wanted.form == "json" else None)
            except _child.CannotRun as problem:
                trouble, status = str(problem), problem.status
            early = mitmdump.process.poll()
            mitmdump.stop()
            _tell(mitmdump, early)
        if trouble:
            say(trouble)
        else:
            show(settings.capture, args, chosen=wanted.show, full=wanted.full, form=wanted.form)
        tell_capture(settings.capture, kept=not wanted.no_capture)
    return status


def _stay_up(wanted: Options) -> int:
    from inspector.cli._mitm import is_free, recording
    from inspector.cli._setup_texts import everything

    port = wanted.port or (USUAL_PORT if is_free(wanted.host, USUAL_PORT) else _EMPTY_PORT)
    with _folder() as folder, _settings(folder, wanted, live=True, port=port) as (settings, _):
        with recording(settings) as mitmdump:
            click.echo(everything(_address(wanted, mitmdump.port), settings.ca))
            click.echo(
                f"\nRecording on {_address(wanted, mitmdump.port)}, each pull is reported as it ends. Ctrl-C ends.\n"
            )
            sys.stdout.flush()
            status = _wait(mitmdump)
        tell_capture(settings.capture, kept=not wanted.no_capture)
    return status


def _wait(mitmdump: "Mitmdump") -> int:
    """Wait for Ctrl-C, which is how this ends well. The exit status."""
    # Also where a script has started us with `&` and so had SIGINT ignored: there is no other end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        say(f"mitmdump ended by itself, with status {mitmdump.process.wait()}")
    except KeyboardInterrupt:
        return 0
    except SystemExit as end:  # SIGTERM, SIGHUP
        return int(end.code or 0)
    return 1


def _not_this_way(args: Sequence[str], wanted: Options) -> str | None:
    """What to do instead, when somebody else pulls for the command."""
    from inspector.cli._daemons import who_pulls
    from inspector.cli._mitm import default_confdir
    from inspector.cli._setup_texts import hint, instead

    elsewhere = None if wanted.anyway else who_pulls(args, os.environ)
    if elsewhere is None:
        if line := hint(args):
            say(line)
        return None
    port = wanted.port or USUAL_PORT
    ca = (wanted.confdir or default_confdir()).absolute() / "mitmproxy-ca-cert.pem"
    return instead(elsewhere, args, proxy=_address(wanted, port), options=_said_again(wanted, port), ca=ca)


def _said_again(wanted: Options, port: int) -> list[str]:
    """The options that a proxy for daemons needs as this one would have."""
    given = [
        ("--port", port), ("--host", wanted.host if wanted.host != _LOOPBACK else None), ("--confdir", wanted.confdir),
        ("--output", wanted.output), ("--redact", wanted.redact), *(("--upstream-ca", file) for file in wanted.upstream_ca),
    ]  # fmt: skip
    said = [word for name, value in given if value for word in (name, str(value))]
    return said + ["--insecure"] * wanted.insecure + ["--no-capture"] * wanted.no_capture


@contextmanager
def _settings(folder: Path, wanted: Options, *, live: bool, port: int) -> Iterator[tuple["Settings", str]]:
    """How mitmdump is to be started, and the hosts to leave alone. What does not do becomes a click.UsageError."""
    from inspector.cli._mitm import CannotRecord, Settings, default_confdir, is_free
    from inspector.cli._trust import certificates_in, server_sources, write_bundle
    from inspector.cli.path import addon_path

    for file in wanted.upstream_ca:
        if not certificates_in(file):
            raise click.UsageError(f"--upstream-ca: {file} holds no certificate in PEM form.")
    if port and not is_free(wanted.host, port):
        raise click.UsageError(f"Cannot listen on {wanted.host} port {port}: name another with --port.")
    parent, direct = _parent(wanted)
    authorities = folder / "servers.pem"
    write_bundle(authorities, [*server_sources(os.environ), *wanted.upstream_ca])
    settings = Settings(
        script=addon_path("record"),
        capture=folder / "pull.flow" if wanted.no_capture else _place_for_capture(wanted.output),
        authorities=authorities,
        confdir=(wanted.confdir or default_confdir()).absolute(),
        host=wanted.host,
        port=port,
        live=live,
        redact=wanted.redact,
        insecure=wanted.insecure,
        parent=parent,
    )
    try:
        yield settings, direct
    except CannotRecord as problem:
        raise click.UsageError(str(problem)) from problem


def _parent(wanted: Options) -> tuple["ParentProxy | None", str]:
    """The user's own proxy, which stays in between, and the hosts that are reached past it. Says so."""
    from inspector.cli._clients import no_proxy, parent_proxy

    try:
        parent = parent_proxy(os.environ)
    except ValueError as problem:
        raise click.UsageError(f"{problem}.") from problem
    if not parent:
        return None, wanted.no_proxy
    direct = wanted.no_proxy or no_proxy(os.environ)
    past = f"; not for {direct}, which is not recorded" if direct else ""
    say(f"your own proxy {parent.address} stays in between{past}")
    return parent, direct


def _place_for_capture(output: Path | None) -> Path:
    """A file that is not there yet and can be written; click.UsageError when there is none."""
    if output is None:
        stem = f"pull-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
        names = [f"{stem}.flow", *(f"{stem}-{n}.flow" for n in range(2, 1000))]
        output = next((Path(name) for name in names if not Path(name).exists()), Path(names[0]))
    if output.exists():
        raise click.UsageError(f"{output} is there already: remove it, or name another file.")
    try:
        output.touch(mode=0o600)
        output.unlink()
    except OSError as problem:
        raise click.UsageError(
            f"{output} cannot be written ({problem.strerror}): name another with --output, or say --no-capture."
        ) from problem
    return output.absolute()


def _tell(mitmdump: "Mitmdump", early: int | None) -> None:
    """What mitmdump had to say that nobody has seen yet: only errors, and the last of them."""
    if early is not None:
        say(f"mitmdump ended before the command did, with status {early}: the rest was not recorded")
    for line in mitmdump.words()[-5:]:
        say(line)


def _address(wanted: Options, port: int) -> str:
    """The proxy's URL. Who listens on every address is reached on loopback from here."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(wanted.host, wanted.host)  # noqa: S104 - compared
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder that the command may read too, as whoever it runs; nothing secret goes there."""
    with tempfile.TemporaryDirectory(prefix="pull-inspector-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _end_by_unwinding() -> None:
    """SIGTERM and SIGHUP end us as Ctrl-C does: what was started is stopped, what was made is removed."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _frame: sys.exit(128 + number))
