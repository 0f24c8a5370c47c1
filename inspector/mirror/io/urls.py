"""The URLs that the mirror itself will ask: what may stand in one, and what goes on the wire of it.

Knows: RFC 3986, RFC 9110 section 4.2. Must not know: which hosts are allowed. A URL is kept byte for byte, because a
signature covers it; what HTTP cannot carry is refused, or escaped where every client escapes it.
"""

import re
from urllib.parse import quote

import msgspec

from inspector.mirror.model import Failure, Trouble
from inspector.wire.clean import clean
from inspector.wire.url import absolute, host_port, split

_PORTS = {"http": 80, "https": 443}

# RFC 9110 section 5.5: these end or hide a header field. A "\t" is as little part of a URL.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# A request line cannot carry these; browsers, curl and Go escape them. All else goes out as it came.
_ESCAPED = re.compile(r"[^!-~]")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_-]|\.(?!\.))*\.?|\[[0-9a-f:.]+\]")
_LONGEST_HOST = 253


class Place(msgspec.Struct, frozen=True):
    """A URL as it is asked: ``host`` in lower case, IPv6 without brackets; ``target`` the origin-form, as it came."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The Host header's value."""
        return host_port(self.host, self.port, self.scheme)

    @property
    def origin(self) -> tuple[str, str, int]:
        """RFC 6454 section 4: scheme, host and port."""
        return self.scheme, self.host, self.port


def place(url: str) -> Place | None:
    """Where an absolute http or https URL leads; None when it is none, names a user, or holds what HTTP cannot carry."""
    if _CONTROL.search(url):
        return None
    parts = split(url)
    if parts is None or parts.scheme not in _PORTS or _userinfo(url):
        return None
    if len(parts.host) > _LONGEST_HOST or _HOST.fullmatch(parts.host) is None or parts.port == 0:
        return None
    rest = url.partition("#")[0].partition("://")[2]
    at = next((i for i, letter in enumerate(rest) if letter in "/?"), len(rest))
    target = _escape(rest[at:])
    target = target if target.startswith("/") else f"/{target}"
    host = parts.host.strip("[]").removesuffix(".")
    return Place(parts.scheme, host, parts.port or _PORTS[parts.scheme], target)


def required(url: str) -> Place:
    """``place``, or Failure(REDIRECT) with a sentence."""
    found = place(url)
    if found is None:
        raise Failure(Trouble.REDIRECT, host_of(url), "this is no http or https URL that can be asked")
    return found


def located(base: str, location: str) -> str | None:
    """The absolute URL that a Location on a page at ``base`` names, without fragment; None for what is refused.

    Refused: empty, longer than 16 KiB, not http(s), no host, userinfo (RFC 9110 section 4.2.4), control characters.
    Escaped, as clients do: spaces and characters beyond ASCII in path and query.
    """
    location = location.strip(" \t")
    if _CONTROL.search(location):
        return None
    url = absolute(base, location)
    found = place(url) if url else None
    return None if found is None else f"{found.scheme}://{found.authority}{found.target}"


def host_of(url: str) -> str:
    """The host of a URL, for a sentence; a question mark when there is none to be seen."""
    parts = split(url)
    return clean(parts.host, 100) if parts is not None and parts.host else "?"


def _userinfo(url: str) -> bool:
    return "@" in re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0]


def _escape(target: str) -> str:
    return _ESCAPED.sub(lambda match: quote(match[0].encode("utf-8", "surrogateescape")), target)
