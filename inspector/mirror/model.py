"""The mirror's words: settings, requests, decisions, what is asked of ``inspector.mirror.io`` and what comes back.

Knows: types only. Must not know: mitmproxy, asyncio, sockets, a clock. All are frozen values; times are epoch seconds.
What must not be shown (passwords, tokens, Authorization) is a ``Secret``, whose repr says nothing.

The contract between the addon and ``inspector.mirror.io`` (every call is bounded in time and size, and fails only with
``Failure``; ``hops`` is a list that each upstream exchange is appended to, also the failed ones)::

    io.addresses  async resolve(host, port, egress) -> tuple[str, ...]
                      IP addresses to dial, in order; judged by egress. Failure(FORBIDDEN | NAME). With egress.proxy the
                      proxy resolves: only names and literals are judged, and () comes back.
    io.client     class Client(): async send(call: Call, hops) -> Reply      body whole, at most call.most_bytes
                      keeps connections alive across calls; never follows a redirect; never adds a header but Host,
                      Content-Length and what HTTP needs; keeps no cookies; no environment proxies; async close()
                      call.head_only: below status 400 returns at the response head with body b"", whatever the body's
                      length; error bodies are read, 64 KiB of them at most (longer: cut, no Failure).
                      reply.body is what came over the wire: no Content-Encoding is undone.
                      Tries the next of the resolved addresses when one fails before it has answered (2 s each to connect).
    io.tokens     class TokenPool(client): async answer(ask: TokenAsk, hops) -> Reply
                      for *relay*: the token service's answer, whole, for the client. Anonymous ones are single flight
                      and cached by ask.key; a cached one is rewritten: expires_in what is left, issued_at now.
                      With credentials: neither cached nor shared. Any status is an answer, never a Failure.
                  async grant(ask: TokenAsk, hops) -> Grant
                      for *own*: single flight, cached by ask.key, renewed early (at most 20 % or 30 s before its end).
                      Failure(TOKEN) when the answer is none. ``forget(key)`` after the upstream refused it.
    io.redirects  async land(call: Call, reply: Reply, *, downgrade=False) -> Landing
                      where the 3xx ``reply`` to ``call`` leads, judged (egress) but NOT asked: signed URLs may be good for
                      one use. 301, 302, 303, 307, 308; relative ones resolved; userinfo, fragment dropped; not http(s),
                      empty, over 16 KiB, https -> http unless ``downgrade``: Failure(REDIRECT). Across origins (scheme,
                      host, port) Authorization, Cookie, Referer, Proxy-* and every header but Accept, Accept-Encoding,
                      Range, If-Range, If-None-Match, User-Agent is dropped from call.headers.
                  async follow(client, call: Call, hops, *, downgrade=False, most=5) -> Landing
                      for HEAD and documents: sends ``call``, lands, sends, ... until an answer that is no redirect; a hop
                      more than ``most`` or a URL seen before is Failure(REDIRECT). head_only as in ``call``: the addon
                      gets manifests by it, landing.reply.body is the document. (12:41: the first version always set
                      head_only, and ``land`` was missing; both are needed.)
    io.dial       install(): make mitmproxy dial what it is told; idempotent; [] or sentences when it does not fit.
                  expect(flow, endpoint: Endpoint): the next upstream connection of this flow goes there, and nowhere else.
                  Upstream connections that nobody announced are refused when ``strict`` was set: dial.strict(True).
                      Addresses are tried in order, 2 s each; through endpoint.proxy when there is one.

and ``inspector.recorder.private.heal`` (which may not import this package, so plain values)::

    heal.install() -> list[str]            idempotent, sentences when it does not fit
    heal.guard(flow, *, digest: str | None, tries: int, pause: float, stall: float, again)
        called in the ``request`` hook. ``again`` is an async callable (flow, attempt: int, why: str) -> bool: the addon
        sleeps, gets a new signed URL, sets flow.request.url and headers, calls dial.expect; False: give up.
        It is called on a cut or stall in mid-body (why: the error's sentence), when no connection came about, and at a
        response head of status 301, 302, 303, 307, 308, 403, 429 or 5xx (why: "status 307"; flow.response is that head)
        BEFORE the responseheaders hook and before the client hears of it: True sends the (changed) request in its place,
        False lets the head through to the hook as it is. Redirects are not counted as tries; the addon bounds them.
        ``again`` may answer instead: when it returns False before any byte has passed and has set flow.response to a
        response of its own (other object, with content), that is sent whole (send_response, as for an addon's answer) and
        the upstream's is dropped; above all when no connection came about, where mitmproxy would make an HTML page.
        A mid-body resume sends Range from the byte reached (the addon leaves the Range header alone then).
        The body is hashed (200 whole); the last chunk is held back until the digest is known; a wrong one breaks the
        transfer, and flow.error.msg says why. Resumes are noted in flow.metadata["pull_inspector_resumes"]:
        [{"at": byte, "time": epoch, "why": sentence, "host": host}].
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


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """``scheme://host[:port]``; the host in lower case, IPv6 without brackets."""

    scheme: Literal["http", "https"]
    host: str
    port: int

    def __str__(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme] == self.port
        return f"{self.scheme}://{name}" if usual else f"{self.scheme}://{name}:{self.port}"


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
    """The mirror answers by itself."""

    status: int
    headers: Headers
    body: bytes = b""
    reason: str = ""  # for the log; never a secret


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


# -- what io is asked and says -----------------------------------------------------------------------------------------


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
