"""URLs: resolving a Location, comparing one with the request that followed it, and how long a signed one lives.

Knows: RFC 3986, and the query parameters of signed URLs. Must not know: whether a host is wise to call.
"""

import re
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urljoin

import msgspec

LONGEST = 16 * 1024
"""Characters of a URL that are read; longer ones are none."""

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

# RFC 3986 appendix B, and section 3.2: authority = [ userinfo "@" ] host [ ":" port ]
_URL = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?", re.DOTALL)
_AUTHORITY = re.compile(r"(?:.*@)?(\[[0-9A-Fa-f:.%a-z]*\]|[^:\[\]@]*)(?::([0-9]{0,5}))?", re.DOTALL)
_BAD_HOST = re.compile(r"[\s<>\"\\^`{|}\x00-\x1f\x7f]")
_ONE_PORT = re.compile(r"([^:\[\]]+|\[[^\]]*\]):([0-9]{1,5})")

# RFC 3986 section 2.2, 2.3: what needs no escape in a canonical path, and in a canonical query
_SAFE_PATH = "/:@!$&'()*+,;=-._~"
_SAFE_QUERY = "/?:@!$&'()*,;=-._~"


class Parts(msgspec.Struct, frozen=True):
    """A URL taken apart; ``scheme`` and ``host`` in lower case, ``port`` None where not told, no fragment."""

    scheme: str
    host: str
    port: int | None
    path: str
    query: str


def split(url: str) -> Parts | None:
    """The parts of a URL, relative or not; None when its authority is malformed or it is too long. Never raises."""
    match = _URL.fullmatch(url) if len(url) <= LONGEST else None
    if match is None:
        return None
    scheme, authority, path, query = match.groups()
    host = _AUTHORITY.fullmatch(authority or "")
    if host is None or _BAD_HOST.search(host[1]):
        return None
    port = int(host[2]) if host[2] else None
    if port is not None and port > 65535:
        return None
    return Parts((scheme or "").lower(), host[1].lower(), port, path, query or "")


def host_port(host: str, port: int | None, scheme: str) -> str:
    """``host[:port]`` in lower case, IPv6 in brackets, the port left out where it is the scheme's own."""
    name = host.strip().lower()
    if port is None and (match := _ONE_PORT.fullmatch(name)):  # a Host header's value may come as it is
        name, port = match[1], int(match[2])
    name = name.removesuffix(".")
    if ":" in name and not name.startswith("["):
        name = f"[{name}]"
    return name if port is None or port == _DEFAULT_PORTS.get(scheme.lower()) else f"{name}:{port}"


def host_of(url: str | None) -> str | None:
    """Host[:port] of an absolute http(s) URL, in lower case, without the scheme's own port; None for anything else."""
    parts = split(url) if url else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.host:
        return None
    return host_port(parts.host, parts.port, parts.scheme)


def origin(url: str) -> str:
    """``scheme://host[:port]``, the port left out where it is the scheme's own; empty when the URL has no host."""
    parts = split(url)
    if parts is None or not parts.scheme or not parts.host:
        return ""
    return f"{parts.scheme}://{host_port(parts.host, parts.port, parts.scheme)}"


def same_origin(a: str, b: str) -> bool:
    """Whether both URLs have one scheme, host and port (RFC 6454 section 4); False when either has none."""
    return bool(origin(a)) and origin(a) == origin(b)


def absolute(base: str, location: str) -> str | None:
    """The URL that ``location`` names on a page at ``base`` (RFC 3986 section 5), without its fragment.

    None for an empty one, one that is longer than 16 KiB, has no host, or is not http or https.
    """
    reference = location.strip(" \t\r\n")
    if not reference or len(reference) > LONGEST or len(base) > LONGEST:
        return None
    own = split(reference)
    try:
        # A reference with a scheme stands for itself; urljoin would take "https:x" for a relative one.
        url = reference if own is None or own.scheme else urljoin(base, reference)
    except ValueError:
        return None
    url = url.partition("#")[0]
    parts = split(url)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.host:
        return None
    return parts.scheme + url[len(parts.scheme) :]


def location_key(url: str) -> str:
    """One spelling for every spelling of a URL, to compare a Location with the request that followed it.

    Scheme and host in lower case, own port and fragment and userinfo left out, every escape decoded and only the
    needful ones written again, dot segments resolved. Text that is no absolute URL comes back as it is.
    """
    parts = split(url)
    if parts is None or not parts.scheme or not parts.host:
        return url
    path = _without_dots(quote(unquote_to_bytes(_utf8(parts.path)), safe=_SAFE_PATH))
    query = quote(unquote_to_bytes(_utf8(parts.query.replace("+", " "))), safe=_SAFE_QUERY)
    start = f"{parts.scheme}://{host_port(parts.host, parts.port, parts.scheme)}"
    return f"{start}{path}?{query}" if query else f"{start}{path}"


def _without_dots(path: str) -> str:
    """RFC 3986 section 5.2.4: clients resolve dot segments before they ask."""
    if "/." not in path:
        return path or "/"
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


def _utf8(text: str) -> bytes:
    return text.encode(errors="replace")


# How long a signed URL lives. Start and seconds (AWS SigV4, Google V4), or the end in epoch seconds (CloudFront, S3 v2,
# Google v2: Expires; Quay: cf_expiry), or as a date (Azure SAS: se), or with the signature behind it (Docker Hub: verify).
_STARTS = (("x-amz-date", "x-amz-expires"), ("x-goog-date", "x-goog-expires"))
_ENDS = ("expires", "cf_expiry")
_BASIC_TIME = "%Y%m%dT%H%M%SZ"
_VERIFY = re.compile(r"([0-9]{9,11})-")
_EPOCH = re.compile(r"[0-9]{9,11}")
_SECONDS = re.compile(r"[0-9]{1,9}")


def signed_until(url: str) -> float | None:
    """When a signed URL's life ends, epoch seconds; the earliest end where it names several, None where none."""
    parts = split(url)
    if parts is None or not parts.query:
        return None
    query: dict[str, str] = {}
    for name, value in parse_qsl(parts.query.encode(errors="replace").decode()):
        query.setdefault(name.lower(), value)
    ends = [_after(query.get(start), query.get(life)) for start, life in _STARTS]
    ends += [float(query[name]) if _EPOCH.fullmatch(query.get(name, "")) else None for name in _ENDS]
    if "sig" in query:
        ends.append(_iso(query.get("se", "")))
    verify = _VERIFY.match(query.get("verify", ""))
    ends.append(float(verify[1]) if verify else None)
    return min((end for end in ends if end is not None), default=None)


def _after(start: str | None, life: str | None) -> float | None:
    if not start or not life or not _SECONDS.fullmatch(life):
        return None
    try:
        return datetime.strptime(start, _BASIC_TIME).replace(tzinfo=UTC).timestamp() + int(life)
    except (ValueError, OverflowError):
        return None


def _iso(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
