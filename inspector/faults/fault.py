"""What a fault is: a name, where it strikes, and what it does, as data plus one small function.

Knows: the stages of a pull, mitmproxy's messages. Must not know: when it is a fault's turn (``plan.py``), how it is
carried out (``stream.py``). A function that finds nothing to break says so, and the fault is not counted.

An act is one of these, by what it needs:

* ``Reply``: answers in place of the server, which is never asked.
* ``Ask``: changes a copy of the request, so that the server does the wrong thing of its own accord.
* ``Head``: changes status and fields of the server's answer; the body passes as it is.
* ``Pour``: changes the body while it passes, or its pace, or breaks it off; nothing is held.
* ``Whole``: changes a small answer of which the body is there.
* ``Forge``: puts another document in the place of a tag's, which is then had under its own digest too.
* ``Dead``: the host cannot be reached: the connection ends without an answer.
* ``Dial``: the connection to the server fails.
* ``Handshake``: the client's TLS handshake fails.
"""

import hashlib
from collections.abc import Callable

import msgspec
from mitmproxy import http
from mitmproxy.connection import Server

from inspector.core.exchange import Exchange
from inspector.core.pull import Stage
from inspector.faults.effects import Effect
from inspector.wire.routes import Route

NAMED = frozenset({Stage.RESOLVE, Stage.MANIFEST})
"""A manifest, by HEAD or GET."""

BODIES = frozenset({Stage.BLOB, Stage.CDN})
"""The bytes of a blob, from the registry itself or from its storage."""

REGISTRY = frozenset({Stage.RESOLVE, Stage.MANIFEST, Stage.BLOB, Stage.TAGS, Stage.REFERRERS})
"""What names a repository."""

CHALLENGED = REGISTRY | {Stage.PING, Stage.CATALOG}
"""What a registry may want a token for."""

EMPTY_BLOB = b"{}"
"""The one blob that documents of our own name (image-spec, manifest.md, empty descriptor); it is had where they are."""

ANY = frozenset(Stage)
ANY_STAGE = Stage.PING
"""Stands for the stage of what has none yet, a connection."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request that a fault may break. ``challenge`` is the last WWW-Authenticate that its host has sent, if any."""

    request: http.Request
    exchange: Exchange
    stage: Stage | None
    challenge: str | None = None

    @property
    def route(self) -> Route | None:
        """The registry route of the path."""
        return self.exchange.route

    @property
    def repository(self) -> str:
        """The repository that the path names, else a stand-in."""
        return (self.route.repository if self.route else None) or "library/app"

    @property
    def is_head(self) -> bool:
        """The answer has no body."""
        return self.request.method == "HEAD"

    @property
    def scheme(self) -> str:
        """The scheme of Authorization in lower case, or empty."""
        return str(self.request.headers.get("authorization", "")).partition(" ")[0].lower()

    @property
    def realm(self) -> str:
        """Where this host's tokens are had, as far as it has said."""
        _, _, rest = (self.challenge or "").partition('realm="')
        return rest.partition('"')[0] or f"https://{self.exchange.host}/token"

    @property
    def service(self) -> str:
        """The service that this host's challenge names."""
        _, _, rest = (self.challenge or "").partition('service="')
        return rest.partition('"')[0] or self.exchange.host


class Reply(msgspec.Struct, frozen=True):
    """``make`` gives the answer, or None."""

    make: Callable[[Asked], http.Response | None]


class Ask(msgspec.Struct, frozen=True):
    """``change`` alters the request in place, or gives False."""

    change: Callable[[http.Request], bool]


class Head(msgspec.Struct, frozen=True):
    """``change`` alters the answer's head in place, or gives False. A removed Content-Length is made up for."""

    change: Callable[[Asked, http.Response], bool]


class Pour(msgspec.Struct, frozen=True):
    """``make`` gives the effect on the body, and may alter the head; or None. ``after``: the bytes that pass unharmed."""

    make: Callable[[http.Response, int | None], Effect | None]


class Whole(msgspec.Struct, frozen=True):
    """``change`` alters the answer and its ``raw_content`` in place, or gives False."""

    change: Callable[[Asked, http.Response], bool]


class Forge(msgspec.Struct, frozen=True):
    """``make`` gives media type and bytes of the other document, from the true one's bytes; or None."""

    make: Callable[[Asked, bytes], tuple[str, bytes] | None]


class Dead(msgspec.Struct, frozen=True):
    """``message`` is what a failed dial says."""

    message: str = "[Errno 111] Connect call failed"


class Dial(msgspec.Struct, frozen=True):
    """``change`` sets the server's ``error``, or what makes the handshake fail; or gives False."""

    change: Callable[[Server], bool]


class Handshake(msgspec.Struct, frozen=True):
    """The client gets a certificate that nobody has signed."""


type Act = Reply | Ask | Head | Pour | Whole | Forge | Dead | Dial | Handshake


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault. ``name`` is the code of the finding that it brings about; ``what`` says in a few words what it does.

    ``stages``: of what is asked, for acts that come before the answer; of what was answered, for the others.
    ``needs``: what a client must do for it to show, where most do not.
    """

    name: str
    what: str
    act: Act
    stages: frozenset[Stage] = ANY
    needs: str = ""


def digest_of(body: bytes) -> str:
    """The digest of the bytes, ``sha256:<64 hex>`` (image-spec, descriptor.md, Digests)."""
    return "sha256:" + hashlib.sha256(body).hexdigest()
