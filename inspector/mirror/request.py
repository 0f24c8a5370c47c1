"""Is this request well-formed, and who does the client think we are: before anything looks at what it asks for.

Knows: HTTP's request targets and Host (RFC 9112 sections 3.2, 3.3), forwarded headers. Must not know: upstreams, routes.
What the HTTP libraries below let pass (several Host headers, control characters) is refused here.
"""

import ipaddress
import re
from urllib.parse import parse_qsl

import msgspec

from inspector.mirror.errors import refuse
from inspector.mirror.model import Answer, Headers, Request, Settings

MOST_BYTES = 64 * 1024
"""Of a token request's body; no other request may have one."""

_LONGEST_TARGET = 8 * 1024
_MOST_HEADERS = 100
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?\.?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
_TARGET = re.compile(r"/[\x21-\x7e]*")
_PORT = re.compile(r":([0-9]+)$")
# RFC 9110 section 5.5: what ends or hides a field. mitmproxy keeps a folded line as it came, and would send it so.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# What a path may have escaped: a digest's colon, which some clients write so. Anything else escaped could only hide.
_ESCAPE = re.compile(r"%(?!3[Aa])")


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A request whose head makes sense. ``host`` without port and dot; ``own`` is the mirror's origin for this client.

    ``path`` has its colons unescaped; ``query`` is as sent.
    """

    request: Request
    host: str
    own: str
    path: str
    query: str

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The query's parameters, in order."""
        return pairs_of(self.query)


def pairs_of(text: str) -> list[tuple[str, str]]:
    """The parameters of a query or form; none of what is not one, or has more than 100."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return []


def header(headers: Headers, name: str) -> str | None:
    """The first value of the field ``name`` (lower case)."""
    return next((value for key, value in headers if key == name), None)


def header_all(headers: Headers, name: str) -> list[str]:
    """Every value of the field."""
    return [value for key, value in headers if key == name]


def read(request: Request, settings: Settings) -> Incoming | Answer:
    """The request, or the refusal of one that no registry client makes."""
    method = request.method.upper()
    if method == "CONNECT" or request.absolute:
        return refuse(
            405, "UNSUPPORTED", "this is a registry mirror, not a proxy: set it up as a mirror", _ALLOW
        )
    if method in {"TRACE", "OPTIONS"}:
        return refuse(405, "UNSUPPORTED", f"this mirror does not answer {method}", _ALLOW)
    if len(request.headers) > _MOST_HEADERS:
        return refuse(431, "UNSUPPORTED", f"the request has more than {_MOST_HEADERS} header fields")
    if any(_CONTROL.search(value) for _, value in request.headers):
        return refuse(400, "UNSUPPORTED", "a header field holds control characters, or is folded")
    if len(request.target) > _LONGEST_TARGET:
        return refuse(414, "NAME_INVALID", "the request target is longer than 8 KiB")
    if not _TARGET.fullmatch(request.target):
        return refuse(400, "NAME_INVALID", "the request target is no path")
    host = _host(request)
    if isinstance(host, Answer):
        return host
    path, _, query = request.target.partition("?")
    if _ESCAPE.search(path):
        return refuse(404, "NAME_INVALID", "the path holds percent escapes, which no registry name needs")
    own, host = _own(request, settings, host)
    return Incoming(
        request=request,
        host=_PORT.sub("", host).rstrip("."),
        own=own,
        path=path.replace("%3A", ":").replace("%3a", ":"),
        query=query,
    )


_ALLOW: Headers = (("allow", "GET, HEAD"),)


def _host(request: Request) -> str | Answer:
    """Host or :authority, in lower case; they have to be one, and valid."""
    hosts = {value.strip().lower() for value in header_all(request.headers, "host")}
    if len(header_all(request.headers, "host")) > 1:
        return refuse(400, "UNSUPPORTED", "the request has more than one Host header")
    if request.authority:
        hosts.add(request.authority.lower())
    if len(hosts) != 1:
        what = "differing Host and :authority" if hosts else "no Host header"
        return refuse(400, "UNSUPPORTED", f"the request has {what}")
    host = hosts.pop()
    if not valid_host(host):
        return refuse(400, "UNSUPPORTED", "the request's Host is malformed")
    return host


def valid_host(host: str) -> bool:
    """Whether the text is ``host[:port]`` in lower case."""
    port = _PORT.search(host)
    return len(host) <= 255 and _HOST.fullmatch(host) is not None and (not port or 0 < int(port[1]) < 65536)


def _own(request: Request, settings: Settings, host: str) -> tuple[str, str]:
    """The mirror's origin and host for this client, by X-Forwarded-* where a trusted proxy says so."""
    scheme = "https" if request.secure else "http"
    if trusted(request.peer, settings.trusted_proxies):
        forwarded = _last(request.headers, "x-forwarded-proto")
        scheme = forwarded if forwarded in {"http", "https"} else scheme
        name = _last(request.headers, "x-forwarded-host")
        host = name if name and valid_host(name) else host
    return settings.public or f"{scheme}://{host}", host


def _last(headers: Headers, name: str) -> str | None:
    """The last member of a list header: what the nearest proxy wrote; those before may be the client's own."""
    values = header_all(headers, name)
    return values[-1].rpartition(",")[2].strip().lower() if values else None


def trusted(peer: str, networks: tuple[str, ...]) -> bool:
    """Whether the peer's address is in one of the networks."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return any(address in ipaddress.ip_network(network) for network in networks)
