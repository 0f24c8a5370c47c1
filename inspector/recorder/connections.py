"""Connections that never came to a request: what mitmproxy's connection hooks tell of them, as flows.

mitmproxy makes no flow of a client that refuses the proxy's certificate, of a name that does not resolve, of a refused
connection. For a newcomer that is the first thing to go wrong. Each becomes one HTTPFlow in the form of the CONNECT
that the client meant, with an error and our metadata; mitmproxy's own readers take it as any failed flow.

Knows: mitmproxy's connections and the words of its errors. Must not know: files, redaction, the core's engine.
Nothing is told twice: a failure that a request's own flow tells as its error is dropped, so those toward a server wait
until the client's connection has ended.
"""

import re
import time

import msgspec
from mitmproxy import connection, flow, http, tls
from mitmproxy.proxy import server_hooks

from inspector.core.events import Trouble
from inspector.sources.metadata import KEY, Facts, FailedFacts, pack

ALERTS = {
    "unexpected message": 10, "bad record mac": 20, "record overflow": 22, "handshake failure": 40,
    "bad certificate": 42, "unsupported certificate": 43, "certificate revoked": 44, "certificate expired": 45,
    "certificate unknown": 46, "illegal parameter": 47, "unknown ca": 48, "access denied": 49, "decode error": 50,
    "decrypt error": 51, "protocol version": 70, "insufficient security": 71, "internal error": 80,
    "inappropriate fallback": 86, "user cancelled": 90, "user canceled": 90, "missing extension": 109,
    "unsupported extension": 110, "unrecognized name": 112, "bad certificate status response": 113,
    "unknown psk identity": 115, "certificate required": 116, "no application protocol": 120,
}  # fmt: skip
"""OpenSSL's words for the alerts of RFC 8446 §6.2, and their numbers."""

_ALERT = re.compile(r"\balert ([a-z ]+)")
_NO_NAME = re.compile(
    r"name or service not known|name resolution|getaddrinfo|nodename nor servname|no address assoc",
    re.IGNORECASE,
)
_HELLO = "Cannot parse ClientHello:"
_ADVICE = re.compile(r"\s*If you plan to redirect requests away from this server.*", re.DOTALL)
_HTTP_METHOD = re.compile(rb"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT) ")
_MOST_WAITING = 16
_PATIENCE = 1.0  # seconds; a client that leaves sooner had another reason

type Address = tuple[str, int]


class _Story(msgspec.Struct, kw_only=True):
    """What is known of one client connection that is open."""

    client: connection.Client
    target: Address | None = None  # what its CONNECT named
    server: connection.Server | None = None  # where that leads
    left: bool = False  # told by ``left``; what mitmproxy says of it later is the same story
    secured: bool = False
    requests: int = 0
    told: bool = False
    waiting: list[tuple[Address | None, http.HTTPFlow]] = msgspec.field(default_factory=list)


class Connections:
    """All open client connections. Each method takes what a hook gives and returns the failures that are now sure."""

    def __init__(self) -> None:
        self._stories: dict[str, _Story] = {}

    def connected(self, client: connection.Client) -> None:
        """``client_connected``."""
        self._stories[client.id] = _Story(client=client)

    def _story(self, client: connection.Client) -> _Story:
        """The client's story; one that is forgotten at once when the client never connected (a replay, a file)."""
        return self._stories.get(client.id) or _Story(client=client)

    # -- what goes well ------------------------------------------------------------------------------------------------

    def connect(self, wanted: http.HTTPFlow) -> None:
        """``http_connect``: the client names its target."""
        story = self._story(wanted.client_conn)
        story.target, story.server = (wanted.request.host, wanted.request.port), wanted.server_conn

    def secured(self, data: tls.TlsData) -> None:
        """``tls_established_client``."""
        self._story(data.context.client).secured = True

    def request(self, began: http.HTTPFlow) -> None:
        """``requestheaders``: the connection came to a request."""
        self._story(began.client_conn).requests += 1

    def ended(self, over: http.HTTPFlow) -> None:
        """``response`` and ``error``: what failed toward this flow's server is this flow's own story."""
        if story := self._stories.get(over.client_conn.id):
            places = {over.server_conn.address, (over.request.host, over.request.port)}
            story.waiting = [(place, failed) for place, failed in story.waiting if place not in places]

    # -- what fails ----------------------------------------------------------------------------------------------------

    def client_tls(self, data: tls.TlsData) -> list[http.HTTPFlow]:
        """``tls_failed_client``."""
        story = self._story(data.context.client)
        story.told = True
        if story.left:
            return []
        trouble, message = _client_trouble(data.conn.error or "the TLS handshake with the client failed")
        address = data.context.server.address
        host = data.context.client.sni or (address[0] if address else None)
        return [_flow(story, trouble, (host, address[1] if address else None), message)]

    def server_tls(self, data: tls.TlsData) -> None:
        """``tls_failed_server``."""
        message = data.conn.error or "the TLS handshake with the server failed"
        trouble = Trouble.PLAIN_HTTP if "does not speak TLS" in message else Trouble.SERVER_TLS
        address = data.context.server.address
        host = data.conn.sni or (address[0] if address else None)
        self._wait(data.context.client, address, trouble, message, host)

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """``server_connect_error``."""
        message = data.server.error or "the connection to the server failed"
        trouble = Trouble.NAME if _NO_NAME.search(message) else Trouble.CONNECT
        self._wait(data.client, data.server.address, trouble, message, None)

    def connect_refused(self, refused: http.HTTPFlow) -> list[http.HTTPFlow]:
        """``http_connect_error``: the proxy answered the CONNECT with an error."""
        story = self._story(refused.client_conn)
        story.told = True
        if story.left:
            return []
        place = (refused.request.host, refused.request.port)
        known = [failed for address, failed in story.waiting if address == place]
        story.waiting = [(address, failed) for address, failed in story.waiting if address != place]
        if known:
            return known[-1:]
        text = refused.response.get_text(strict=False) if refused.response else None
        message = _ADVICE.sub("", text or "the CONNECT was refused")
        trouble = Trouble.NAME if _NO_NAME.search(message) else Trouble.CONNECT
        return [_flow(story, trouble, place, message)]

    def disconnected(self, client: connection.Client) -> list[http.HTTPFlow]:
        """``client_disconnected``: what was waiting is sure now."""
        story = self._stories.pop(client.id, None)
        if story is None or story.left:
            return []
        failures = [failed for _, failed in story.waiting]
        if not failures and not story.told and story.target and not story.secured and not story.requests:
            message = "the client closed the tunnel before it began TLS or sent a request"
            failures = [_flow(story, Trouble.CLIENT_CLOSED, story.target, message)]
        return failures

    def left(self) -> list[http.HTTPFlow]:
        """Clients that went away while their server was silent: mitmproxy hears of it when the server is given up.

        That may be minutes later, or never when the recording ends with the client. Ask from time to time.
        """
        found: list[http.HTTPFlow] = []
        for story in self._stories.values():
            if story.told or story.left or story.waiting or story.secured or story.requests:
                continue
            if (why := _silence(story)) is not None:
                story.left = True
                found.append(_flow(story, why[0], story.target or (None, None), why[1]))
        return found

    def close(self) -> list[http.HTTPFlow]:
        """The end of the recording: what is still waiting. A client that is merely connected has not failed."""
        failures = self.left()
        stories = [story for story in self._stories.values() if not story.left]
        self._stories.clear()
        return failures + [failed for story in stories for _, failed in story.waiting]

    def __len__(self) -> int:
        return len(self._stories)

    def _wait(
        self,
        client: connection.Client,
        address: Address | None,
        trouble: Trouble,
        message: str,
        host: str | None,
    ) -> None:
        story = self._story(client)
        where = (host or (address[0] if address else None), address[1] if address else None)
        story.waiting.append((address, _flow(story, trouble, where, message)))
        del story.waiting[:-_MOST_WAITING]


def _silence(story: _Story) -> tuple[Trouble, str] | None:
    """What the client waited for in vain, and the words for it; None when it is there yet, or did not wait."""
    client, server = story.client, story.server
    gone = not client.state & connection.ConnectionState.CAN_READ
    if not gone or server is None or server.timestamp_start is None:
        return None
    waited = time.time() - server.timestamp_start
    if waited < _PATIENCE:
        return None
    if server.timestamp_tcp_setup is None:
        return (
            Trouble.CONNECT,
            f"the server did not take the connection within {waited:.1f} s, then the client left",
        )
    if server.timestamp_tls_setup is None and (client.sni or client.alpn_offers):  # its ClientHello came
        message = f"the server did not answer the TLS handshake within {waited:.1f} s, then the client left"
        return Trouble.CONNECT, message
    return None


def _client_trouble(message: str) -> tuple[Trouble, str]:
    """The trouble, and mitmproxy's words for it; not the client's first bytes, which may hold a credential."""
    if message.startswith(_HELLO):
        try:
            first = bytes.fromhex(message.removeprefix(_HELLO).strip()[:32])
        except ValueError:
            first = b""
        if _HTTP_METHOD.match(first):
            return Trouble.PLAIN_HTTP, "the client spoke plain HTTP where TLS was due"
        return Trouble.CLIENT_TLS, "the client's first bytes are no TLS ClientHello"
    closed = "disconnected during the handshake" in message or message.startswith("connection closed")
    return (Trouble.CLIENT_CLOSED if closed else Trouble.CLIENT_TLS), message


def alert_number(message: str) -> int | None:
    """The number of the TLS alert that an error of OpenSSL names, or None."""
    found = _ALERT.search(message.lower())
    words = found.group(1) if found else ""
    names = [name for name in ALERTS if words.startswith(name)]
    return ALERTS[max(names, key=len)] if names else None


def _flow(
    story: _Story, trouble: Trouble, where: tuple[str | None, int | None], message: str
) -> http.HTTPFlow:
    host = where[0] or (story.target[0] if story.target else None)
    port = where[1] or (story.target[1] if story.target else None)
    now = time.time()
    facts = FailedFacts(trouble=trouble, host=host, port=port, message=message, alert=alert_number(message))
    return failed_flow(story.client, facts, now)


def failed_flow(client: connection.Client, facts: FailedFacts, now: float) -> http.HTTPFlow:
    """The HTTPFlow form of a failed connection: ``CONNECT host:port`` with an error. ``now`` in epoch seconds."""
    place = f"{facts.host or 'unknown.invalid'}:{facts.port or 443}"
    # A client of its own: the real one carries certificates, and goes on changing.
    peer = connection.Client(
        peername=client.peername,
        sockname=client.sockname,
        timestamp_start=client.timestamp_start,
        id=client.id,
        proxy_mode=client.proxy_mode,
    )
    address = (facts.host, facts.port) if facts.host and facts.port else None
    made = http.HTTPFlow(peer, connection.Server(address=address))
    made.request = http.Request(
        host=facts.host or "unknown.invalid",
        port=facts.port or 443,
        method=b"CONNECT",
        scheme=b"",
        authority=place.encode("utf-8", "replace"),
        path=b"",
        http_version=b"HTTP/1.1",
        headers=http.Headers(host=place),
        content=b"",
        trailers=None,
        timestamp_start=now,
        timestamp_end=now,
    )
    made.error = flow.Error(facts.message, now)
    made.metadata[KEY] = pack(Facts(connection_failed=facts))
    return made
