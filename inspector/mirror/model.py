"""The mirror's words: settings, requests, decisions. What is asked of ``io`` and comes back is in ``calls``, given on here.

Knows: types only. Must not know: mitmproxy, asyncio, sockets, a clock. All are frozen values; times are epoch seconds.
What must not be shown (passwords, tokens, Authorization) is a ``Secret``, whose repr says nothing.
"""

from enum import StrEnum
from typing import Literal

import msgspec

from inspector.mirror.calls import (
    Call,
    Credentials,
    Egress,
    Endpoint,
    Failure,
    Grant,
    Headers,
    Hop,
    Landing,
    Proxy,
    Reply,
    Secret,
    TokenAsk,
    TokenKey,
    Trouble,
)


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """``scheme://host[:port]``; the host in lower case, IPv6 without brackets."""

    scheme: Literal["http", "https"]
    host: str
    port: int

    def __str__(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme] == self.port
        return f"{self.scheme}://{name}" if usual else f"{self.scheme}://{name}:{self.port}"


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """A registry behind the mirror.

    ``name`` is what it is called in references and paths: ``docker.io``, ``ghcr.io``, ``registry.corp:5000``.
    ``origins``: its addresses, tried in order when one fails before it has answered. ``hosts``: names of the mirror under
    which this upstream is served. ``realms``: hosts of token services to trust besides those of its own registrable domain.
    ``library``: one-segment names get ``library/``. ``credentials``: the mirror's own (*own* mode only).
    """

    name: str
    origins: tuple[Origin, ...]
    egress: Egress
    hosts: tuple[str, ...] = ()
    realms: tuple[str, ...] = ()
    library: bool = False
    credentials: Credentials | None = None


class Auth(StrEnum):
    """How clients and upstreams authenticate."""

    RELAY = "relay"
    OWN = "own"
    PASS = "pass"  # noqa: S105 - not a password


class Redirects(StrEnum):
    """What becomes of an upstream's redirect."""

    FOLLOW = "follow"
    REWRITE = "rewrite"
    PASS = "pass"  # noqa: S105 - not a password


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The whole configuration, checked.

    ``trusted_proxies``: networks (CIDR) from which X-Forwarded-* is believed. ``htpasswd``: user -> bcrypt hash, None when
    clients are not asked. ``public``: the mirror's own origin for clients, when it cannot be told from Host.
    ``tls``: the mirror has a certificate of the operator's, so clients get no answer in clear.
    ``downgrade``: an https upstream may redirect to http. ``tries``, ``pause``, ``stall``: healing, in times and seconds.
    """

    upstreams: tuple[Upstream, ...]
    default: str | None
    auth: Auth = Auth.RELAY
    redirects: Redirects = Redirects.FOLLOW
    trusted_proxies: tuple[str, ...] = ()
    htpasswd: dict[str, str] | None = None
    public: str | None = None
    hosts: tuple[str, ...] = ()
    tls: bool = False
    downgrade: bool = False
    tries: int = 4
    pause: float = 0.5
    stall: float = 15.0

    def upstream(self, name: str) -> Upstream | None:
        """The upstream of that name."""
        return next((up for up in self.upstreams if up.name == name), None)


# -- a client's request, and what is decided ---------------------------------------------------------------------------


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A client's request, as it came. ``target`` is the request target of HTTP/1, or ``:path``.

    ``authority``: ``:authority`` of HTTP/2, or the authority of an absolute-form target, else "". ``peer``: IP address.
    ``secure``: the client's connection is TLS.
    """

    method: str
    target: str
    headers: Headers
    peer: str
    secure: bool
    authority: str = ""
    absolute: bool = False


class Kind(StrEnum):
    """What a request to an upstream is for."""

    PING = "ping"
    MANIFEST = "manifest"
    BLOB = "blob"
    TAGS = "tags"
    REFERRERS = "referrers"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A request that goes to an upstream: where, and what comes back to whom.

    ``path``: with ``/v2/`` and the upstream's own repository name, plus query, as sent. ``repository`` is the upstream's name
    of it, ``asked`` the client's; ``reference`` a tag or digest. ``own``: the mirror's origin as this client sees it.
    ``prefix``: path prefix by which the client chose the upstream, such as ``ghcr.io/``, or "".
    """

    kind: Kind
    upstream: Upstream
    path: str
    own: str
    repository: str | None = None
    asked: str | None = None
    reference: str | None = None
    prefix: str = ""
    ns: str | None = None  # as the client gave it: the answer carries it as OCI-Namespace

    @property
    def named(self) -> bool:
        """Whether the client's own words (ns=) chose the upstream, and not its path."""
        return self.ns is not None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The mirror answers by itself.

    ``phrase`` is the reason phrase of the status line, "" for the usual one: of a 5xx Go's clients show nothing else.
    """

    status: int
    headers: Headers
    body: bytes = b""
    reason: str = ""  # for the log; never a secret
    phrase: str = ""


class Forward(msgspec.Struct, frozen=True, kw_only=True):
    """Ask the upstream."""

    target: Target


class FetchToken(msgspec.Struct, frozen=True, kw_only=True):
    """The client wants a token of the upstream's token service: the endpoint was called. The body comes later (POST).

    ``named``: the upstream in the endpoint's path, None when the scopes' names tell it.
    """

    own: str
    host: str
    named: str | None
    query: str


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """The home page."""

    own: str


class Follow(msgspec.Struct, frozen=True, kw_only=True):
    """The client comes back with a redirect that was rewritten for it (*rewrite*): ``key`` is what its URL ends with."""

    own: str
    key: str


type Decision = Answer | Forward | FetchToken | Home | Follow

__all__ = [
    "Answer",
    "Auth",
    "Call",
    "Credentials",
    "Decision",
    "Egress",
    "Endpoint",
    "Failure",
    "FetchToken",
    "Follow",
    "Forward",
    "Grant",
    "Headers",
    "Home",
    "Hop",
    "Kind",
    "Landing",
    "Origin",
    "Proxy",
    "Redirects",
    "Reply",
    "Request",
    "Secret",
    "Settings",
    "Target",
    "TokenAsk",
    "TokenKey",
    "Trouble",
    "Upstream",
]
