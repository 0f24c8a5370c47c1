"""Shows what registries send in mitmproxy's own windows: ``mitmproxy -s addons/views.py``, ``mitmweb`` alike.

Image index, manifest, config, token answer, challenge and error each get a content view; ``pull.show @focus`` shows the
pull that a flow belongs to, in mitmproxy also by a key. A thin adapter: the views are ``inspector.views``'.
mitmproxy loads this file as a module of its own, so no type and no state that others share may live here.
"""

import logging
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mitmproxy import command, contentviews, ctx, exceptions, flow

ROOT = Path(__file__).resolve().parent.parent
if (ROOT / "inspector" / "views").is_dir() and str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # a checkout, loaded by some mitmdump that does not know of it

KEY = "ctrl p"


class Views:
    """The addon: it only looks, and changes no flow."""

    def load(self, _: Any) -> None:
        """Offer the views. Where pull-inspector is not installed beside this mitmproxy, one line says so."""
        try:
            from inspector.views import every
        except ImportError as error:
            sys.exit(
                f"views.py: pull-inspector is not installed for {sys.executable} ({error}); install it there"
            )
        for view in every.views():
            contentviews.add(view)

    def running(self) -> None:
        """In the console a key leads to the command."""
        keymap = getattr(ctx.master, "keymap", None)
        if keymap is not None:
            keymap.add(KEY, "pull.show @focus", ["flowlist", "flowview"], "Show the pull of this flow")
            logging.getLogger(__name__).info("views: %s shows the pull of a flow", KEY)

    @command.command("pull.show")  # type: ignore[untyped-decorator] # mitmproxy's
    def show(self, wanted: flow.Flow) -> Sequence[str]:
        """Show the pull that a flow belongs to: its steps, what is wrong, and what to change."""
        from inspector.views import pull

        commands = ctx.master.commands
        held = (
            commands.call("view.flows.resolve", "@all")
            if "view.flows.resolve" in commands.commands
            else [wanted]
        )
        found = pull.pull_of(wanted, held)
        if found is None:
            raise exceptions.CommandError("this flow belongs to no pull")
        return pull.text_of(found, _width()).splitlines()


def _width() -> int:
    """Columns of what shows a command's result: mitmproxy's viewer takes four fifths of the screen, with a frame."""
    screen = getattr(ctx.master, "ui", None)
    return 100 if screen is None else max(math.ceil(screen.get_cols_rows()[0] * 0.8) - 2, 60)


addons = [Views()]
