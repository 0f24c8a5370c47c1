"""What is asked of ``inspector.mirror.io``, and what comes back: exchanges with upstreams, as values.

Knows: types only. Must not know: mitmproxy, asyncio, sockets, a clock. Everything that ``io`` does is bounded in time and
size, and fails with ``Failure`` alone. A list of ``Hop`` goes along with each task: every exchange is appended to it.
"""

from enum import StrEnum
from typing import Literal

import msgspec

type Headers = tuple[tuple[str, str], ...]
"""Header fields in order; names in lower case. Values are as they were sent: secrets included."""


class Secret:
    """Text that must not be shown. ``str()`` and ``repr()`` hide it; ``reveal()`` is where it goes on the wire."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "‹secret›"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """A user and password of an upstream or of a proxy."""

    username: str
    password: Secret


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """A proxy to the upstream: HTTP CONNECT (``http``, or ``https`` when itself reached over TLS) or ``socks5``.

    Names are always resolved at its far end.
    """

    scheme: Literal["http", "https", "socks5"]
    host: str
    port: int
    credentials: Credentials | None = None


class Egress(msgspec.Struct, frozen=True, kw_only=True):
    """Where the mirror may connect to for one upstream, and how.

    ``allow``: host names, IP addresses and networks (CIDR) that are allowed although they are, or resolve to, loopback,
    link-local or private addresses. A proxy's own address needs no permission: it was configured.
    ``ca``: path of a PEM file to trust in place of the system's; ``insecure``: certificates are not checked.
    """

    upstream: str
    allow: tuple[str, ...] = ()
    proxy: Proxy | None = None
    ca: str | None = None
    insecure: bool = False


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange with an upstream, by the mirror's own client. ``url`` is absolute; ``connect`` and ``deadline`` in seconds.

    ``deadline`` is for the whole exchange, ``most_bytes`` for the body: one more is Failure(TOO_LARGE).
    """

    method: str
    url: str
    egress: Egress
    headers: Headers = ()
    body: bytes = b""
    head_only: bool = False
    most_bytes: int = 4 * 1024 * 1024
    connect: float = 2.0
    deadline: float = 30.0


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An upstream's answer. ``address`` is ``IP:port`` as dialled, None through a proxy."""

    status: int
    headers: Headers
    body: bytes = b""
    url: str = ""
    address: str | None = None


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange with an upstream, for the record. ``error`` is a sentence when there was no answer.

    ``headers``: the request's; ``reply_headers``: the answer's. Both hold secrets: the addon redacts before it stores.
    ``purpose``: registry, token, cdn. ``size``: bytes of body received by the mirror's own client.
    """

    method: str
    url: str
    start: float
    headers: Headers = ()
    connected: float | None = None
    first_byte: float | None = None
    end: float | None = None
    status: int | None = None
    reply_headers: Headers = ()
    size: int | None = None
    address: str | None = None
    reused: bool | None = None
    error: str | None = None


class Landing(msgspec.Struct, frozen=True, kw_only=True):
    """Where redirects ended. ``reply`` is the last answer's head; ``redirect`` the first 3xx, when there was one.

    ``headers`` are those that may be sent to ``url`` (what may not cross origins is dropped); ``addresses`` are judged
    and to be dialled, () through a proxy.
    """

    url: str
    headers: Headers
    reply: Reply
    addresses: tuple[str, ...] = ()
    redirect: Reply | None = None
    hops: int = 0


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What mitmproxy shall dial for a flow: the URL's host and port, by these addresses in order, or through the proxy."""

    host: str
    port: int
    addresses: tuple[str, ...] = ()
    proxy: Proxy | None = None


class TokenKey(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens are shared only when all of this is equal. ``credential``: a keyed hash of the credentials, "" for none."""

    upstream: str
    credential: str
    realm: str
    service: str
    scopes: tuple[str, ...]


class TokenAsk(msgspec.Struct, frozen=True, kw_only=True):
    """A token to be fetched from ``key.realm``.

    ``pairs``: further parameters as they came (account, client_id, offline_token, grant_type, username, password,
    refresh_token …); service and scopes are in ``key`` and are added. ``authorization``: the header's value, sent to the
    realm and nowhere else. Redirects: only 307/308 within the origin, with credentials; others are Failure(TOKEN).
    """

    key: TokenKey
    egress: Egress
    method: Literal["GET", "POST"] = "GET"
    pairs: tuple[tuple[str, Secret], ...] = ()
    authorization: Secret | None = None


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A bearer token and when it ends."""

    token: Secret
    expires: float


class Trouble(StrEnum):
    """Why the mirror could not do it."""

    FORBIDDEN = "forbidden"  # the address is not allowed
    NAME = "name"  # did not resolve
    CONNECT = "connect"  # refused, reset, unreachable
    TLS = "tls"
    TIMEOUT = "timeout"
    PROXY = "proxy"  # the proxy to the upstream refused or failed
    PROTOCOL = "protocol"  # not HTTP, contradictory lengths, cut in mid-body
    TOO_LARGE = "too-large"
    REDIRECT = "redirect"  # loop, too many, not http, downgrade
    TOKEN = "token"  # noqa: S105 - not a password
    BUSY = "busy"  # too many wait


class Failure(Exception):  # noqa: N818 - the name says what it is
    """The mirror could not do it. ``host``: who was asked. ``sentence``: why, clean, without secrets, no full stop.

    ``reply``: the answer that was no good, where there is one (a token service's 503), for status and Retry-After.
    """

    def __init__(self, trouble: Trouble, host: str, sentence: str, reply: Reply | None = None) -> None:
        super().__init__(f"{host}: {sentence}")
        self.trouble = trouble
        self.host = host
        self.sentence = sentence
        self.reply = reply
