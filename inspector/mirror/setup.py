"""mitmproxy made ready for a mirror: the options that it needs, what it lacks, and the settings from its options.

Knows: mitmproxy's options and modes. Must not know: flows.
"""

import os

from mitmproxy import optmanager
from mitmproxy.proxy.mode_specs import ReverseMode

from inspector.mirror.config_file import OPTIONS, load
from inspector.mirror.io import dial
from inspector.mirror.model import Settings
from inspector.mirror.needs import NEEDS
from inspector.recorder import private
from inspector.recorder.private import guests, heal, pages


def prepare(options: optmanager.OptManager) -> list[str]:
    """Set the options, and install what mitmproxy lacks. Returns one sentence for each part that does not fit."""
    for name, value in NEEDS.items():
        if name in options and not private.option_was_set(options, name):
            options.update(**{name: value})  # type: ignore[no-untyped-call]
    said = [*private.install(), *dial.install(), *guests.install(), *pages.install(), *heal.install()]
    dial.strict(True)
    return said


def settings_of(options: optmanager.OptManager) -> Settings:
    """The mirror's settings, from mitmproxy's options. Raises ``Mistakes``, a ValueError."""
    words = {option.name: getattr(options, option.name) for option in OPTIONS if option.name in options}
    return load(
        words,
        os.environ,
        reverse=target_of(options.mode),
        ca=options.ssl_verify_upstream_trusted_ca,
        insecure=options.ssl_insecure,
    )


def target_of(modes: list[str]) -> str | None:
    """The target of the first ``reverse:`` among mitmproxy's modes, as an origin."""
    for mode in modes:
        if mode.startswith("reverse:"):
            parsed = ReverseMode.parse(mode)
            host, port = parsed.address
            return f"{parsed.scheme}://{f'[{host}]' if ':' in host else host}:{port}"
    return None
