"""Whose end broke an exchange or a connection, by mitmproxy's sentence about it.

Knows: the sentences of mitmproxy 12 (proxy/layers/http, proxy/layers/tls, proxy/server). Must not know: flows.
mitmproxy's sentences do not always name the side: ``stream reset by client`` is also said of a server's RST_STREAM.
"""

import re
from typing import NamedTuple

from inspector.core.events import Side, Trouble

_CLIENT = re.compile(
    r"client disconnected|client closed|ERR_ABORTED|cancell?ed by|error sending data to client|Client TLS handshake|"
    r"malformed request|HTTP request has no host|client does not trust",
    re.IGNORECASE,
)
_PROXY = re.compile(
    r"^connection killed\.?$|^killed|refusing to prevent request smuggling|body_size_limit|validate_inbound_headers|"
    r"blocked by|addon error|proxy(?:server)? (?:shut|stopp)|mitmproxy",
    re.IGNORECASE,
)
# HTTP/2's sentences, the same for both sides.
_EITHER = re.compile(r"peer closed connection$|HTTP/2 |uncaught hyper-h2")
_NAME = re.compile(
    r"name or service not known|nodename nor servname|no address associated|getaddrinfo|name resolution|"
    r"resolve|host not found|NXDOMAIN|domain name",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"looks like (?:a )?(?:plain |plaintext )?http|http request on https|plain http|WRONG_VERSION_NUMBER|wrong version number|"
    r"record layer failure|HTTP_REQUEST|http request",
    re.IGNORECASE,
)
_CLIENT_TLS = re.compile(r"client (?:does|may) not trust|Client TLS handshake failed", re.IGNORECASE)
_CLIENT_CLOSED = re.compile(r"client disconnected during the handshake", re.IGNORECASE)
_TLS = re.compile(r"TLS|SSL|certificate|handshake", re.IGNORECASE)


class Ends(NamedTuple):
    """What a flow shows of its two connections: whether each is HTTP/2, and whether each was over when it broke."""

    client_http2: bool
    server_http2: bool
    client_over: bool
    server_over: bool


def side_of(message: str, ends: Ends) -> Side:
    """The side that broke the exchange; where the sentence fits both, the connection that was closed just then."""
    if _PROXY.search(message):
        return Side.PROXY
    if _CLIENT.search(message):
        return Side.CLIENT
    if message.startswith("stream reset by client"):
        if ends.client_http2 != ends.server_http2:  # only HTTP/2 has streams to reset
            return Side.CLIENT if ends.client_http2 else Side.SERVER
        return Side.CLIENT if "CANCEL" in message or "NO_ERROR" in message else Side.SERVER
    if _EITHER.match(message) and ends.client_http2 and ends.client_over and not ends.server_over:
        return Side.CLIENT
    return Side.SERVER


def trouble_of(message: str) -> Trouble | None:
    """What kept a connection from being made; None when the sentence does not say."""
    if _PLAIN.search(message):
        return Trouble.PLAIN_HTTP
    if _CLIENT_CLOSED.search(message):
        return Trouble.CLIENT_CLOSED
    if _CLIENT_TLS.search(message):
        return Trouble.CLIENT_TLS
    if _NAME.search(message):
        return Trouble.NAME
    if _TLS.search(message):
        return Trouble.SERVER_TLS
    return None
