"""A URL, or a reference such as a Location may hold, without its secrets.

Knows: which query keys the specifications and the CDNs use, and which of them may keep their value. Everything else
keeps its key and loses its value. Must not know: where the URL stood.

The same raw URL in a Location and in the request that follows it gives strings that compare equal: what is replaced
is the percent-decoded value, whatever a client's URL library made of it in between.
"""

import re
from collections.abc import Callable
from urllib.parse import unquote

from inspector.sources.pseudonym import as_pseudonym
from inspector.sources.scrub import is_plain_name, looks_opaque
from inspector.wire.routes import parse_route

type Replace = Callable[[str, str], str]
"""(kind, value) -> pseudonym."""

# Keys whose value is a name: distribution-spec 1.1, the token documents, search, containerd's ns.
_NAMES = frozenset({
    "service", "scope", "ns", "from", "mount", "digest", "n", "last", "artifacttype", "page", "page_size", "q",
    "offline_token", "client_id", "grant_type", "access_type", "tag", "name", "platform", "digest-algorithm",
})  # fmt: skip
# Keys whose value is a date, a number or a letter code: how long a signed URL lives and what it allows.
_FACTS = frozenset({
    "x-amz-date", "x-amz-expires", "x-amz-algorithm", "x-amz-signedheaders", "x-goog-date", "x-goog-expires",
    "x-goog-algorithm", "expires", "expiry", "se", "sp", "sr", "sv", "st", "spr", "cf_expiry", "response-content-type",
})  # fmt: skip
_FACT = re.compile(r"[0-9A-Za-z:%.+/;_-]{0,64}")
_BARE_KEY = re.compile(r"[A-Za-z][\w.-]{0,19}")

_KINDS = {
    "signature": "signature", "sig": "signature", "x-amz-signature": "signature", "x-goog-signature": "signature",
    "hmac": "signature", "policy": "signature", "token": "token", "access_token": "token", "refresh_token": "token",
    "x-amz-security-token": "token", "jwt": "token",
}  # fmt: skip

_KNOWN = _NAMES | _FACTS | _KINDS.keys() | {"x-amz-content-sha256"}

# Docker Hub's CDN: verify=EPOCH-SIGNATURE. The epoch says when the URL ends, and is no secret.
_VERIFY = re.compile(r"(\d{9,11})-(.+)")

# RFC 3986 appendix B, which splits any string.
_PARTS = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_LONGEST_PART = 2048
_MOST_PAIRS = 200


def redact_url(url: str, replace: Replace, found: Callable[[str, str], None] | None = None) -> str:
    """``url`` (absolute or relative) with userinfo, unknown query values and opaque path segments replaced.

    ``found`` is told each secret and its pseudonym. The result is not cleaned of control characters as a whole.
    """
    match = _PARTS.fullmatch(url)
    if match is None:
        return replace("opaque", url)
    scheme, authority, path, query, fragment = match.groups()
    if scheme is not None and not _SCHEME.fullmatch(scheme):
        scheme, path = None, f"{scheme}:{path}"

    def swap(kind: str, value: str) -> str:
        pseudonym = replace(kind, value)
        if found is not None and pseudonym != value:
            found(value, pseudonym)
        return pseudonym

    out = f"{scheme}:" if scheme is not None else ""
    if scheme is not None and scheme.lower() in {"data", "javascript", "blob"}:
        return out + swap("opaque", url[len(out) :])
    if authority is not None:
        out += "//" + _authority(authority, swap)
    out += _path(path, query or "", swap)
    if query is not None:
        out += "?" + _query(query, swap)
    if fragment:
        out += "#" + (_query(fragment, swap) if "=" in fragment else swap("value", unquote(fragment)))
    return out


def _authority(authority: str, swap: Replace) -> str:
    userinfo, at, host = authority.rpartition("@")
    if not at:
        return authority
    known = as_pseudonym(userinfo)
    if known is None:
        for part in unquote(userinfo).split(":"):
            swap("basic", part)  # so that an answer that echoes one of the two is scrubbed too
    return f"{known or swap('basic', unquote(userinfo))}@{host}"


def _path(path: str, query: str, swap: Replace) -> str:
    if len(path) < 24 or parse_route(path, query) is not None:
        return path
    return "/".join([_segment(segment, swap) for segment in path.split("/")])


def _segment(segment: str, swap: Replace) -> str:
    if len(segment) < 8:
        return segment
    name, semicolon, parameters = segment.partition(";")
    if semicolon:
        return (
            _segment(name, swap) + semicolon + ";".join(_pair(part, swap) for part in parameters.split(";"))
        )
    key, equals, value = segment.partition("=")
    if equals and len(value.strip("=")) >= 8 and _BARE_KEY.fullmatch(key):
        return _pair(segment, swap)
    plain = unquote(segment)
    known = as_pseudonym(plain)
    if known is not None:
        return known
    return swap("opaque", plain) if looks_opaque(plain.rstrip("=")) else segment


def _query(query: str, swap: Replace) -> str:
    pairs = query.split("&")
    if len(pairs) > _MOST_PAIRS:  # the rest is one value, of which nothing is told
        pairs[_MOST_PAIRS - 1 :] = ["more=" + "&".join(pairs[_MOST_PAIRS - 1 :])]
    return "&".join([_pair(pair, swap) for pair in pairs])


def _pair(pair: str, swap: Replace) -> str:
    key, equals, raw = pair.partition("=")
    name = unquote(key).strip().lower()
    if not equals:
        return key if _BARE_KEY.fullmatch(key) or not key else _value("value", key, swap)
    if not raw or raw == "…":  # nothing, or what a limit has left of it
        return pair
    shown = (
        key
        if name in _KNOWN or is_plain_name(unquote(key))
        else as_pseudonym(key) or swap("opaque", unquote(key))
    )
    if name == "verify":
        return f"{shown}={_verify(raw, swap)}"
    if name in _FACTS and _FACT.fullmatch(raw):
        return pair
    if name in _NAMES and len(raw) <= _LONGEST_PART and not looks_opaque(unquote(raw)):
        return pair
    return f"{shown}={_value(_KINDS.get(name, 'value'), raw, swap)}"


def _value(kind: str, raw: str, swap: Replace) -> str:
    known = as_pseudonym(raw)
    if known is not None:
        return known
    # "+", "%20" and "%2B" are one another's misreadings on the way through URL libraries: take them for the same.
    return swap(kind, unquote(raw).replace(" ", "+"))


def _verify(raw: str, swap: Replace) -> str:
    plain = unquote(raw)
    match = _VERIFY.fullmatch(plain)
    if match is None:
        return _value("signature", raw, swap)
    return f"{match.group(1)}-{_value('signature', match.group(2), swap)}"
