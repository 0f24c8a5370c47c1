"""What the engine says in return for an event: values, for whoever wants to print, mark or wait.

The counterpart is ``events.py``. An update never carries a renderable; the adapter decides what to do with it.
"""

import msgspec

from inspector.core.exchange import Exchange
from inspector.core.pull import Pull, Stage


class Started(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A request head came. ``stage`` is what its route alone shows; the answer may change it.

    ``repository`` is what the route names, or a token's scope, or the pull of the redirect that led here.
    """

    exchange: Exchange
    stage: Stage | None
    repository: str | None


class Finished(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """An exchange ended and was understood. ``stage`` None: not registry traffic. ``pull`` names its pull, if any."""

    exchange: Exchange
    stage: Stage | None
    repository: str | None
    pull: int | None


class Closed(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A pull is over and forgotten by the engine: nothing more will be added to it."""

    pull: Pull


type Update = Started | Finished | Closed
