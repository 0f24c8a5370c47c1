"""``pull-inspector mirror``: mitmdump as a registry mirror, with the options that a mirror needs.

Knows: mitmdump's options and the mirror addon's, by name. Must not know: how a mirror works. This process becomes mitmdump,
so that signals and the exit status are mitmdump's own. What is wrong with the configuration is said before that.
"""

import ipaddress
import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any, NoReturn

import rich_click as click

PORT = 5000
_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
_PASSWORD = re.compile(r"(//[^/@:\s]*):[^/@\s]*@")
_MITMDUMP = "from mitmproxy.tools.main import mitmdump; raise SystemExit(mitmdump())"


@click.command()
@click.argument("upstreams", metavar="[REGISTRY]...", nargs=-1)
@click.option("--config", type=_FILE, help="TOML file with the mirror's settings.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="Port to listen on."
)
@click.option(
    "--cert", type=_FILE, help="PEM file with the mirror's certificate, its chain and its key: serve TLS."
)
@click.option("--plain-http", is_flag=True, help="Serve plain HTTP although the address is not loopback.")
@click.option(
    "--auth",
    type=click.Choice(["relay", "own", "pass"]),
    help="Who logs in to the upstream.  [default: relay]",
)
@click.option(
    "--redirects",
    type=click.Choice(["follow", "rewrite", "pass"]),
    help="What becomes of redirects.  [default: follow]",
)
@click.option(
    "--proxy",
    metavar="URL",
    multiple=True,
    help="Proxy to the upstreams: socks5:// or http://, or NAME=URL for one.",
)
@click.option(
    "--allow-private", metavar="HOST", multiple=True, help="Host or network to reach although it is private."
)
@click.option(
    "--upstream-ca", type=_FILE, help="PEM file of the CAs to trust upstreams by, in place of the usual ones."
)
@click.option("--record", is_flag=True, help="Record and report the pulls too.")
@click.option(
    "--set", "more", metavar="OPTION=VALUE", multiple=True, help="An option of mitmdump or of the addons."
)
@click.option("--print", "only_print", is_flag=True, help="Only print mitmdump's command line.")
def command(**options: Any) -> int:
    """Start a registry mirror for REGISTRY (docker.io, ghcr.io, …; the first is the default one), pull only.

    For example: pull-inspector mirror docker.io ghcr.io quay.io

    A REGISTRY may be given as NAME=https://address. The home page at the mirror's address tells how to pull through it.
    """
    words = arguments(options)
    _check(options)
    line = shlex.join(["mitmdump", *words])
    click.echo(_PASSWORD.sub(r"\1:***@", line), err=not options["only_print"])
    if options["only_print"]:
        return 0
    click.echo(f"The mirror's home page: {address(options)}/", err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    return _become(words)


def _become(words: list[str]) -> NoReturn:
    os.execv(sys.executable, [sys.executable, "-P", "-c", _MITMDUMP, *words])  # noqa: S606 - that is what it is for


def arguments(options: dict[str, Any]) -> list[str]:
    """mitmdump's command line, without its name."""
    from inspector.cli.path import addon_path

    words = ["--mode", f"reverse:{_first(options['upstreams'])}"]
    words += ["--listen-host", options["host"], "--listen-port", str(options["port"])]
    words += ["-s", str(addon_path("mirror"))]
    if options["record"]:
        words += ["-s", str(addon_path("record"))]
    for name, value in _settings(options):
        words += ["--set", f"{name}={value}"]
    return words


def _settings(options: dict[str, Any]) -> list[tuple[str, object]]:
    from inspector.mirror.needs import NEEDS

    found: list[tuple[str, object]] = [(name, _text(value)) for name, value in NEEDS.items()]
    if options["cert"]:
        found.append(("certs", f"*={options['cert'].absolute()}"))
    if options["upstream_ca"]:
        found.append(("ssl_verify_upstream_trusted_ca", options["upstream_ca"].absolute()))
    if options["config"]:
        found.append(("mirror_config", options["config"].absolute()))
    found += [("mirror_upstreams", name) for name in options["upstreams"]]
    for option in ("auth", "redirects"):
        if options[option]:
            found.append((f"mirror_{option}", options[option]))
    found += [("mirror_proxy", url) for url in options["proxy"]]
    found += [("mirror_allow_private", name) for name in options["allow_private"]]
    if not options["record"]:
        found.append(("flow_detail", 0))
    for item in options["more"]:
        name, equals, value = item.partition("=")
        if not equals:
            raise click.UsageError(f"--set takes OPTION=VALUE, not {item!r}.")
        # mitmdump takes one value for an option; only lists may be given several times.
        single = name != "certs" and name not in _lists()
        found = [pair for pair in found if not single or pair[0] != name]
        found.append((name, value))
    return found


def _lists() -> set[str]:
    from inspector.mirror.config_file import OPTIONS

    return {option.name for option in OPTIONS if option.kind is list}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _first(upstreams: tuple[str, ...]) -> str:
    """Where mitmproxy's mode leads: the first registry; the mode needs one, though the addon decides."""
    from inspector.mirror.config_upstream import parse_origin
    from inspector.wire.reference import DOCKER_HUB_HOSTS

    name, equals, addresses = (upstreams[0] if upstreams else "docker.io").partition("=")
    if not equals:
        addresses = "registry-1.docker.io" if name.lower() in DOCKER_HUB_HOSTS else name
    origin = parse_origin(addresses.split(",")[0])
    if origin is None:
        raise click.UsageError(f"{upstreams[0]!r} is no registry: NAME, or NAME=https://address.")
    return str(origin)


def _check(options: dict[str, Any]) -> None:
    """Refuse what would not start, or should not."""
    from inspector.cli._mitm import is_free
    from inspector.mirror.config_file import OPTIONS, load
    from inspector.mirror.config_reader import Mistakes

    if not (options["cert"] or options["plain_http"] or _is_loopback(options["host"])):
        raise click.UsageError(
            f"{options['host']} is reached from outside: give the mirror a certificate with --cert, or say --plain-http."
        )
    known = {option.name for option in OPTIONS}
    words: dict[str, Any] = {}
    for name, value in _settings(options):
        if name in _lists():
            words.setdefault(name, []).append(str(value))
        elif name in known:
            words[name] = str(value)
        elif name.startswith("mirror_"):
            raise click.UsageError(f"There is no option {name}. There are: {', '.join(sorted(known))}.")
    try:
        load(words, os.environ, reverse=_first(options["upstreams"]))
    except Mistakes as error:
        for line in error.lines:
            click.echo(line, err=True)
        count = len(error.lines)
        raise click.UsageError(
            f"The mirror's settings have {count} mistake{'s' if count > 1 else ''}."
        ) from error
    if not options["only_print"] and not is_free(options["host"], options["port"]):
        raise click.UsageError(
            f"Cannot listen on {options['host']} port {options['port']}: name another with --port."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def address(options: dict[str, Any]) -> str:
    """The mirror's URL, as it is reached from here."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(options["host"], options["host"])  # noqa: S104 - compared
    scheme = "https" if options["cert"] else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{options['port']}"
