"""What a step was for, in a few words: the same words in the sequence, the diagram, the timeline and the findings.

Knows: a step, its pull and the registry's vocabulary. Must not know: columns, colours (but for the margin's mark).
"""

import re
from http import HTTPStatus
from urllib.parse import parse_qs

from inspector.core.events import ConnectionFailed, Side, Trouble
from inspector.core.exchange import Exchange
from inspector.core.pull import Content, Pull, Stage, Step
from inspector.report.lines import safe
from inspector.report.style import BAD, FAILED, OPEN, WARN
from inspector.report.units import count, part
from inspector.rules.failures import trouble_of
from inspector.wire.digest import is_digest, short
from inspector.wire.document import Descriptor
from inspector.wire.routes import RouteKind
from inspector.wire.token import parse_scope

_DATA = frozenset({Stage.REDIRECT, Stage.CDN, Stage.BLOB, Stage.SIGNATURE})


def subject(step: Step, pull: Pull) -> str:
    """What the step asked for: ``index 588475207102, 3 platforms``, ``layer 1/2 3c06a682fa87``, ``latest → 5884…``."""
    if step.stage is Stage.TOKEN:
        return scopes(step.exchange.token_request.scopes, pull.repository) or "no scope asked"
    if step.stage in {Stage.CHALLENGE, Stage.PING}:
        return _path(step.exchange)
    if step.stage is Stage.RESOLVE:
        return _resolved(step)
    if step.stage is Stage.REDIRECT and step.exchange.route and step.exchange.route.is_tag:
        return step.exchange.route.reference or ""
    if step.stage is Stage.MANIFEST or step.content in {Content.INDEX, Content.MANIFEST}:
        return _manifest(step)
    if step.stage in _DATA or step.content is not None:
        return content_name(step)
    return _path(step.exchange)


def content_name(step: Step) -> str:
    """``config bc7794f74045``, ``layer 2/5 3c06a682fa87``, ``blob …`` where no manifest says which."""
    route = step.exchange.route
    if step.stage is Stage.SIGNATURE and step.digest is None:
        return crop_reference(route.reference if route and route.reference else _path(step.exchange))
    word = str(step.content or "blob")
    if step.content is Content.LAYER and step.layer:
        word = f"layer {step.layer[0]}/{step.layer[1]}"
    digest = short(step.digest) if step.digest else None
    if digest is None and route is not None and route.reference:
        digest = crop_reference(route.reference)
    return f"{word} {digest}" if digest else word


def _resolved(step: Step) -> str:
    route = step.exchange.route
    asked = crop_reference(route.reference) if route and route.reference else "?"
    if step.digest and asked != short(step.digest) and step.exchange.ok:
        return f"{asked} → {short(step.digest)}"
    return asked


def _manifest(step: Step) -> str:
    route, document = step.exchange.route, step.exchange.document
    word = str(step.content or "manifest")
    place = platform(step.expected)
    if place and step.content is not Content.INDEX:
        word = place if step.content is not Content.ATTESTATION else f"attestation {place}"
    name = short(step.digest) if step.digest else crop_reference(route.reference or "") if route else ""
    said = f"{word} {name}".rstrip()
    if document is not None and step.content is Content.INDEX:
        number = sum(1 for child in document.manifests if platform(child))
        said += f", {count(number, 'platform')}" if number else ""
    return said


def platform(descriptor: Descriptor | None) -> str | None:
    """``linux/amd64``, ``linux/arm64/v8``; None where none is said, or only ``unknown/unknown`` as attestations do."""
    name = descriptor.platform if descriptor else None
    return safe(name) if name and name != "unknown/unknown" else None


def scopes(asked: tuple[str, ...] | list[str], repository: str | None = None) -> str:
    """Scopes as a person reads them: ``library/hello-world : pull``; a plain list where they are of another form."""
    said = []
    for text in asked:
        scope = parse_scope(text)
        if scope is None:
            said.append(text)
            continue
        kind = "" if scope.type == "repository" else f"{scope.type} "
        said.append(f"{kind}{scope.name} : {','.join(scope.actions)}")
    # the pull's own repository first: where there is room for one only, it is the one that matters
    said.sort(key=lambda text: not (repository and text.startswith(repository)))
    return ", ".join(dict.fromkeys(said))


def crop_reference(reference: str) -> str:
    """A tag as it is; a digest in its short form."""
    return short(reference) if is_digest(reference) else reference


def aims(step: Step) -> list[str]:
    """The request for the diagram's few cells, from the longest to the shortest: ``HEAD manifests/latest``, ``HEAD latest``."""
    exchange, route = step.exchange, step.exchange.route
    method = exchange.method
    if step.stage is Stage.TOKEN:
        return [f"{method} {_tail(exchange.path)}"]
    named = content_name(step) if step.content else None
    short_name = (
        named.rpartition(" ")[0] if named and step.content in {Content.LAYER, Content.CONFIG} else None
    )
    if step.stage is Stage.CDN or route is None:
        said = [named, short_name] if named else [_tail(exchange.path)]
    elif route.reference and route.kind in _NOUNS:
        reference = crop_reference(route.reference)
        kind = str(step.content or step.stage)
        said = [f"{_NOUNS[route.kind]}/{reference}", f"{kind} {reference}", short_name or reference, kind]
    else:
        said = [_path(exchange)]
    return [f"{method} {safe(words)}" for words in said if words]


_NOUNS = {RouteKind.MANIFEST: "manifests", RouteKind.BLOB: "blobs", RouteKind.REFERRERS: "referrers"}


def _tail(path: str) -> str:
    return "/" + path.rstrip("/").rpartition("/")[2]


def _path(exchange: Exchange) -> str:
    """The path in short: the repository stands in the headline, long digests are told by their beginning."""
    route = exchange.route
    if route is None:
        return exchange.path
    if route.kind in {RouteKind.MANIFEST, RouteKind.BLOB} and route.reference:
        return f"{'manifests' if route.kind is RouteKind.MANIFEST else 'blobs'}/{crop_reference(route.reference)}"
    if route.kind is RouteKind.UPLOAD:
        return "blobs/uploads/"
    if route.kind is RouteKind.TAGS:
        return f"tags of {route.repository}"
    if route.kind is RouteKind.REFERRERS:
        return f"referrers of {crop_reference(route.reference or '')}".rstrip()
    if route.kind is RouteKind.SEARCH:
        wanted = parse_qs(exchange.query).get("q", [""])[0]
        return f"search {wanted}".rstrip()
    return exchange.path


def without_scheme(url: str) -> str:
    """A URL as one says it: without ``https://``, and without a query (which the exchange itself shows)."""
    shown = url.removeprefix("https://")
    path, mark, _ = shown.partition("?")
    return f"{path}?…" if mark else path


def status_line(exchange: Exchange) -> str:
    """``400 Bad Request, text/html``; what became of it where there was no answer."""
    if exchange.status is None:
        return exchange.error or "no answer in the recording"
    kind = (exchange.response_header("content-type") or "").partition(";")[0].strip()
    return f"{exchange.status} {phrase(exchange.status)}".rstrip() + (f", {kind}" if kind else "")


def phrase(status: int) -> str:
    """The standard reason phrase of a status code (RFC 9110 §15), empty for a code that has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def refused(step: Step) -> bool:
    """Answered with an error; a challenge is none, it is how the conversation begins."""
    status = step.exchange.status
    return status is not None and status >= 400 and step.stage is not Stage.CHALLENGE


def broken(step: Step) -> bool:
    """Something broke off, or the content was not what it should be."""
    body = step.exchange.response_body
    cut = body is not None and body.complete is False and not step.exchange.open
    return step.exchange.error is not None or cut or step.verified is False


def margin(step: Step) -> tuple[str, str]:
    """The mark in the margin and its style: ``✘`` refused or broken, ``◌`` the capture ends first, or nothing."""
    if step.exchange.end is not None and step.exchange.end.cut_by_end:
        return OPEN, WARN
    return (FAILED, BAD) if refused(step) or broken(step) else ("", "")


def complaint(step: Step) -> str | None:
    """Why a step is marked, in a line: the registry's own words, who broke off and after how much, the wrong digest."""
    exchange = step.exchange
    if exchange.end is not None and exchange.end.cut_by_end:
        return "still under way when the recording ended"
    if step.verified is False:
        body = exchange.response_body
        got = exchange.wrong_content or (body.decoded_sha256 or body.sha256 if body else None)
        return (
            f"the body hashes to {short(got)}, not to {short(step.digest or '')}"
            if got
            else "the digest does not match"
        )
    if broken(step) and not refused(step):
        return _broke_off(step)
    if refused(step):
        # a HEAD's refusal has no body: the status alone says it all, unless it is not a registry's answer
        silent = exchange.method == "HEAD" and "json" in (exchange.response_header("content-type") or "json")
        return said_by_registry(exchange) or (None if silent else status_line(exchange))
    return None


_TROUBLE = {
    Trouble.CLIENT_TLS: "the client refused the certificate",
    Trouble.CLIENT_CLOSED: "the client closed before any request",
    Trouble.CONNECT: "could not connect",
    Trouble.NAME: "the name does not resolve",
    Trouble.SERVER_TLS: "TLS with the server failed",
    Trouble.PLAIN_HTTP: "plain HTTP where TLS was due",
}


def failed_connection(failure: ConnectionFailed) -> str:
    """A connection that never came to a request: ``auth.docker.io:443 could not connect: refused``."""
    host = failure.host or "unknown host"
    port = f":{failure.port}" if failure.port is not None and not host.endswith(f":{failure.port}") else ""
    return f"{host}{port} {_TROUBLE[failure.trouble]}" + (f": {failure.message}" if failure.message else "")


def said_by_registry(exchange: Exchange) -> str:
    """The error in the body's own words: ``MANIFEST_UNKNOWN: manifest unknown``, an HTML page's title; or nothing."""
    said = exchange.registry_error
    if said is None:
        return ""
    if said.html:
        return f"an HTML page: {said.title}" if said.title else "an HTML page"
    code = said.xml_code or next(iter(said.codes), None)
    return ": ".join(word for word in (code, said.message) if word) or (
        said.start if any(map(str.isalpha, said.start)) else ""
    )


# What the C library says, and mitmproxy with it, where nobody answered at an address.
_NO_CONNECTION = re.compile(
    r"connect call failed|connection refused|no route to host|unreachable", re.IGNORECASE
)


def _never_connected(exchange: Exchange) -> str | None:
    """What kept the server from being reached at all; None where a connection broke, which is another thing."""
    if exchange.status is not None or (exchange.end and exchange.end.side not in {Side.SERVER, None}):
        return None
    trouble = trouble_of(exchange.error or "")
    if trouble is Trouble.CONNECT and not _NO_CONNECTION.search(exchange.error or ""):
        return None
    return _TROUBLE[trouble]


def _broke_off(step: Step) -> str:
    exchange = step.exchange
    if never := _never_connected(exchange):
        return f"{never}: {exchange.error}"
    who = f"{exchange.end.side} broke off" if exchange.end and exchange.end.side else "broke off"
    whole = step.expected.size if step.expected else None
    if step.size and exchange.status in {200, 206}:
        who += f" after {part(step.size, whole)}"
    return f"{who}: {exchange.error}" if exchange.error else who
