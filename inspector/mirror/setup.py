"""mitmproxy made ready for a mirror: the options that it needs, what it lacks, and the settings from its options.

Knows: mitmproxy's options and modes. Must not know: flows.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
from mitmproxy import optmanager
from mitmproxy.proxy.mode_specs import BOTH, TCP, ProxyMode, ReverseMode

from inspector.mirror.config_file import OPTIONS, load
from inspector.mirror.config_reader import Mistakes
from inspector.mirror.io import dial
from inspector.mirror.model import Settings
from inspector.mirror.needs import NEEDS
from inspector.recorder import private
from inspector.recorder.private import guests, heads, heal, pages


def prepare(options: optmanager.OptManager) -> list[str]:
    """Set the options, and install what mitmproxy lacks. Returns one sentence for each part that does not fit."""
    for name, value in NEEDS.items():
        if name in options and not private.option_was_set(options, name):
            options.update(**{name: value})  # type: ignore[no-untyped-call]
    said = [*private.install(), *dial.install(), *guests.install(), *heads.install(), *pages.install()]
    said += heal.install()
    dial.strict(True)
    return said


def by_tcp_only(modes: Sequence[str]) -> None:
    """Of a reverse mode with TLS mitmproxy listens for QUIC as well, whatever ``http3`` is: it shall not, to be called before it does.

    Nobody is served there; and mitmproxy 12.2.3 dies of it (SIGSEGV) when it is ended right after its start.
    """
    for spec in modes:
        try:
            mode = ProxyMode.parse(
                spec
            )  # mitmproxy keeps what it has parsed: it is the same object that it will listen by
        except ValueError:
            continue
        if isinstance(mode, ReverseMode) and mode.transport_protocol == BOTH and mode.scheme == "https":
            mode.transport_protocol = TCP


def settings_of(options: optmanager.OptManager) -> Settings:
    """The mirror's settings, from mitmproxy's options. Raises ``Mistakes``, a ValueError.

    HTTP/2 is refused: the h2 that mitmproxy pins has no limits to resets and settings, and lets several Host fields pass.
    One client certificate for all is refused: mitmproxy would show it to whatever a redirect names (GHSA-h3wm-jjqf-8jm2).
    """
    if options.client_certs and Path(options.client_certs).expanduser().is_file():
        raise Mistakes(
            [
                "client_certs: one file would be shown to every storage that a redirect names: use a folder with HOST.pem"
            ]
        )
    if options.http2:
        raise Mistakes(
            ["http2: the mirror serves HTTP/1.1 only, as every registry client speaks it: leave this out"]
        )
    words = {option.name: getattr(options, option.name) for option in OPTIONS if option.name in options}
    found = load(
        words,
        os.environ,
        reverse=target_of(options.mode),
        ca=options.ssl_verify_upstream_trusted_ca,
        insecure=options.ssl_insecure,
    )
    # mitmproxy answers both on one port.
    return msgspec.structs.replace(found, tls=bool(options.certs))


def target_of(modes: list[str]) -> str | None:
    """The target of the first ``reverse:`` among mitmproxy's modes, as an origin."""
    for mode in modes:
        if mode.startswith("reverse:"):
            parsed = ReverseMode.parse(mode)
            host, port = parsed.address
            return f"{parsed.scheme}://{f'[{host}]' if ':' in host else host}:{port}"
    return None
