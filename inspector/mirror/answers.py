"""What the client gets of an upstream's answer: which fields, with whose names, and whether the document is right.

Knows: the fields of registries' answers, Link and Location, digests of documents. Must not know: how answers come.
Fields are taken from a list: what an upstream sets for its own origin (cookies, HSTS, Alt-Svc) is not the mirror's.
"""

import hashlib
import json
import re
import zlib
from urllib.parse import parse_qsl, quote, urlencode

from inspector.mirror import challenge
from inspector.mirror.challenge import Known
from inspector.mirror.errors import refuse
from inspector.mirror.model import Answer, Auth, Headers, Kind, Reply, Settings, Target
from inspector.mirror.request import header, header_all
from inspector.wire.digest import parse_digest
from inspector.wire.errors import parse_error_body
from inspector.wire.routes import parse_route
from inspector.wire.url import absolute, same_origin, split

MOST_DOCUMENT = 4 * 1024 * 1024

_KEPT = frozenset(
    [
        "accept-ranges",
        "age",
        "cache-control",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "date",
        "docker-content-digest",
        "docker-distribution-api-version",
        "docker-ratelimit-source",
        "etag",
        "expires",
        "last-modified",
        "oci-filters-applied",
        "oci-subject",
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
        "retry-after",
        "vary",
        "warning",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "x-retry-after",
    ]
)
# RFC 9110 section 7.6.1: not the next hop's business.
HOP_BY_HOP = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)
_UNSAFE = re.compile(r"[^\x20-\x7e\x80-\xff\t]")
_LINK = re.compile(r"\s*<([^<>]{1,4096})>\s*(;[^,]*)?")
_CODES = {401: "UNAUTHORIZED", 403: "DENIED", 404: "NAME_UNKNOWN", 429: "TOOMANYREQUESTS"}


def kept(headers: Headers) -> Headers:
    """The fields that the client may see, values without control characters."""
    return tuple((name, _UNSAFE.sub("", value)) for name, value in headers if name in _KEPT)


def for_client(method: str, target: Target, reply: Reply, known: Known, settings: Settings) -> Answer:
    """The answer to a request for a document, or to a HEAD."""
    if settings.auth is Auth.PASS:
        fields = tuple((n, v) for n, v in reply.headers if n not in HOP_BY_HOP and n != "content-length")
        return _answer(method, reply, (*fields, *_namespace(target)), reply.body)
    base = reply.url or str(target.upstream.origins[0])
    values = header_all(reply.headers, challenge.HEADER)
    asks: Headers = ()
    if values and settings.auth is Auth.RELAY:
        asks = challenge.for_client(values, known, target, base)
    # In *own* the mirror itself could not take the challenge up: a bare 401 would not tell the client why.
    if values and reply.status == 401 and not asks and (settings.auth is Auth.RELAY or known.problem):
        problem = known.problem or "its challenge is no use"
        return refuse(502, "DENIED", f"mirror of {target.upstream.name}: {problem}")
    fields = tuple((n, v) for n, v in kept(reply.headers) if n != "content-length")
    extra = (*asks, *_links(target, reply, base), *_namespace(target))
    if reply.status >= 400:
        return _error(method, target, reply, fields, extra)
    if method == "GET" and target.kind in _DOCUMENTS and _is_page(reply):
        words = _words(parse_error_body(reply.body).title)
        return refuse(
            502, "UNAVAILABLE", f"mirror of {target.upstream.name}: it answered with a web page{words}"
        )
    wrong = _wrong_document(method, target, reply)
    if wrong:
        return refuse(502, "MANIFEST_INVALID", f"mirror of {target.upstream.name}: {wrong}")
    return _answer(method, reply, _without_bad_digest(fields) + extra, reply.body)


def _answer(method: str, reply: Reply, fields: Headers, body: bytes) -> Answer:
    bodiless = method == "HEAD" or reply.status in {204, 304}
    length = header(reply.headers, "content-length") if bodiless else str(len(body))
    if length is not None and length.isascii() and length.isdigit():
        fields = (*fields, ("content-length", length))
    return Answer(
        status=reply.status, headers=fields, body=b"" if bodiless else body, reason="upstream's answer"
    )


def _error(method: str, target: Target, reply: Reply, fields: Headers, extra: Headers) -> Answer:
    """The upstream's own words, where they are a registry's; else an OCI body that says what it was in its place."""
    said = parse_error_body(reply.body)
    if method == "HEAD" or (said.codes and _is_json(reply.body)):
        return _answer(method, reply, (*fields, *extra), reply.body)
    return refuse(
        reply.status,
        _CODES.get(reply.status, "UNKNOWN"),
        f"{target.upstream.name} answered {reply.status}{_words(said.message or said.title or said.xml_code)}",
        (*(pair for pair in fields if pair[0] not in _OF_BODY), *extra),
    )


_DOCUMENTS = frozenset({Kind.MANIFEST, Kind.TAGS, Kind.REFERRERS})


def _is_page(reply: Reply) -> bool:
    """A portal or a block page on the way answers 200 to everything: no registry's document is HTML."""
    kind = (header(reply.headers, "content-type") or "").partition(";")[0].strip().lower()
    return reply.status == 200 and kind in {"text/html", "application/xhtml+xml"}


_OF_BODY = frozenset({"content-type", "content-encoding", "etag", "docker-distribution-api-version"})


def _words(text: str | None) -> str:
    return f": {text}" if text else ""


def _is_json(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def storage_error(
    target: Target, status: int, url: str, body: bytes = b"", headers: Headers = (), *, words: str = ""
) -> Answer:
    """What the client gets when what holds the blob refuses it: the status, who it was, and its own words.

    Of its ``headers`` the client sees when it may come again. ``words``: what is wrong with an answer that is no refusal.
    """
    said = parse_error_body(body)
    words = _words(words or said.xml_code or said.message or said.title)
    later = tuple(pair for pair in kept(headers) if pair[0] == "retry-after")[:1]
    name = target.upstream.name
    own = any(same_origin(str(origin), url) for origin in target.upstream.origins)
    parts = split(url)
    where = name if own or parts is None else f"the storage of {name}, {parts.host},"
    code = "BLOB_UNKNOWN" if status == 404 else _CODES.get(status, "UNAVAILABLE")
    return refuse(
        status if status >= 400 else 502, code, f"mirror of {name}: {where} answered {status}{words}", later
    )


def not_fetched(target: Target, url: str, why: str, *, head: Headers | None, body: bytes = b"") -> Answer:
    """The same when its answer is known by ``why`` ("status 503") and its ``head``, or when there was none."""
    if head is not None:
        return storage_error(target, int(why.rpartition(" ")[2]), url, body, head)
    parts = split(url)
    name = target.upstream.name
    return refuse(502, "UNAVAILABLE", f"mirror of {name}: {parts.host if parts else url}: {why}")


def _namespace(target: Target) -> Headers:
    return (("oci-namespace", target.ns),) if target.ns else ()


def blob_fields(target: Target, headers: Headers) -> Headers:
    """The fields of a blob that the client sees, of those that its holder sent. The digest is what was asked for."""
    fields = tuple((n, v) for n, v in kept(headers) if n != "docker-content-digest")
    return (*fields, ("docker-content-digest", target.reference or ""), *_namespace(target))


# -- documents ---------------------------------------------------------------------------------------------------------


def _wrong_document(method: str, target: Target, reply: Reply) -> str | None:
    """Why a manifest is not what was asked for, or announced; None when it is, or nobody can tell."""
    if target.kind is not Kind.MANIFEST or method == "HEAD" or reply.status != 200:
        return None
    body = decoded(reply)
    if body is None:
        return "its manifest has a Content-Encoding that cannot be undone"
    asked = target.reference if target.reference and ":" in target.reference else None
    announced = header(reply.headers, "docker-content-digest")
    for text, what in ((asked, "asked for"), (announced, "announced")):
        digest = parse_digest(text) if text else None
        if digest is None or digest.algorithm not in {"sha256", "sha384", "sha512"}:
            continue
        if hashlib.new(digest.algorithm, body).hexdigest() != digest.hex:
            return f"its manifest does not hash to the digest {what} ({text})"
    return None


def decoded(reply: Reply) -> bytes | None:
    """The body without its Content-Encoding; None when that is unknown, broken, or the body too large."""
    coding = (header(reply.headers, "content-encoding") or "identity").strip().lower()
    if coding == "identity":
        return reply.body
    if coding not in {"gzip", "x-gzip", "deflate"}:
        return None
    try:
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
        body = inflater.decompress(reply.body, MOST_DOCUMENT)
    except zlib.error:
        return None
    return body if inflater.eof else None


def _without_bad_digest(fields: Headers) -> Headers:
    """A digest that is none helps nobody, and clients have crashed on it (CVE-2024-3727)."""
    return tuple((n, v) for n, v in fields if n != "docker-content-digest" or parse_digest(v))


# -- Link --------------------------------------------------------------------------------------------------------------


def _links(target: Target, reply: Reply, base: str) -> Headers:
    """Pages of a list go on at the mirror; a link to anywhere else is dropped (GHSA-h7vf-4x9w-h99v)."""
    found: list[tuple[str, str]] = []
    for value in header_all(reply.headers, "link"):
        match = _LINK.match(value)
        url = absolute(base, match[1]) if match else None
        parts = split(url) if url else None
        if match is None or url is None or parts is None or not same_origin(url, base):
            continue
        where = parse_route(parts.path)
        if where is None or where.repository != target.repository or target.asked is None:
            continue
        query = [(n, v) for n, v in parse_qsl(parts.query, max_num_fields=50) if n != "ns"]
        if target.ns:
            query.append(("ns", target.ns))
        end = parts.path.removeprefix(f"/v2/{target.repository}/")
        text = f"/v2/{target.asked}/{end}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        found.append(("link", f"<{text}>{_UNSAFE.sub('', match[2] or '')}"))
    return tuple(found[:1])
